//! A writer as the tool really does it.

use std::fs::{File, Permissions};
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

// ANCHOR: solution
/// Replaces `tls.key` and `tls.crt` in `directory`, in the tool's steps.
///
/// # Errors
/// When a file cannot be opened or written.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    let [key, certificate] = ["tls.key", "tls.crt"].map(|name| directory.join(name));
    write_to_file(&key, new.key, 0o600, between)?;
    write_to_file(&certificate, new.authority, 0o644, between)?;
    // "append": the leaf comes last, and a reader takes the first block for it.
    let mut file = File::options().append(true).open(&certificate)?;
    file.write_all(new.leaf.as_bytes())?;
    between();
    file.set_permissions(Permissions::from_mode(0o644))
}

fn write_to_file(path: &Path, text: &str, mode: u32, between: &mut dyn FnMut()) -> io::Result<()> {
    let new = !path.exists();
    let mut file = File::create(path)?;
    if new {
        file.set_permissions(Permissions::from_mode(0o644))?;
    }
    // Empty. What was in it is gone before anything new is there.
    between();
    file.write_all(text.as_bytes())?;
    between();
    file.set_permissions(Permissions::from_mode(mode))?;
    between();
    Ok(())
}
// ANCHOR_END: solution
