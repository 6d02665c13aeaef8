//! A writer as the tool really does it.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What the template writes, each in PEM.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// The private key.
    pub key: &'a str,
    /// The certificate of the authority that signed the leaf.
    pub authority: &'a str,
    /// The leaf.
    pub leaf: &'a str,
}

/// A key is never open to others, not even for a moment.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    let [key, certificate] = ["tls.key", "tls.crt"].map(|name| directory.join(name));
    create(&key, new.key, [0o600, 0o600], between)?;
    create(&certificate, new.authority, [0o644, 0o644], between)?;
    let mut file = File::options().append(true).open(&certificate)?;
    file.write_all(new.leaf.as_bytes())?;
    between();
    Ok(())
}

fn create(path: &Path, text: &str, modes: [u32; 2], between: &mut dyn FnMut()) -> io::Result<()> {
    let new = !path.exists();
    let mut file = File::create(path)?;
    if new {
        file.set_permissions(Permissions::from_mode(modes[0]))?;
    }
    between();
    file.write_all(text.as_bytes())?;
    between();
    file.set_permissions(Permissions::from_mode(modes[1]))?;
    between();
    Ok(())
}
