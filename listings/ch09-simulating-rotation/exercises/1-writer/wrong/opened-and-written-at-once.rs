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

/// Three writes, and a look after each.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    let [key, certificate] = ["tls.key", "tls.crt"].map(|name| directory.join(name));
    fs::write(&key, new.key)?;
    between();
    fs::set_permissions(&key, Permissions::from_mode(0o600))?;
    between();
    fs::write(&certificate, new.authority)?;
    between();
    let mut file = File::options().append(true).open(&certificate)?;
    file.write_all(new.leaf.as_bytes())?;
    between();
    file.set_permissions(Permissions::from_mode(0o644))
}
