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

/// As a careful writer does it.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    let chain = new.authority.to_owned() + new.leaf;
    for (name, text, mode) in [
        ("tls.key", new.key, 0o600),
        ("tls.crt", chain.as_str(), 0o644),
    ] {
        let beside = directory.join(format!("{name}.new"));
        fs::write(&beside, text)?;
        fs::set_permissions(&beside, Permissions::from_mode(mode))?;
        fs::rename(&beside, directory.join(name))?;
        between();
    }
    Ok(())
}
