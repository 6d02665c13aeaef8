//! A writer as the tool really does it.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What was issued, each in PEM.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// The leaf, and what leads from it to the root.
    pub chain: &'a str,
    /// The certificate of the authority that signed the leaf.
    pub issuer: &'a str,
    /// The private key.
    pub key: &'a str,
}

/// Three writes, and a look after each.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    fs::write(directory.join("localhost.crt"), new.chain)?;
    between();
    fs::write(directory.join("localhost.issuer.crt"), new.issuer)?;
    between();
    fs::write(directory.join("localhost.key"), new.key)?;
    between();
    Ok(())
}
