//! A writer as the tool really does it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
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

/// A file that has this text already is left alone.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    for (name, text) in [
        ("localhost.crt", new.chain),
        ("localhost.issuer.crt", new.issuer),
        ("localhost.key", new.key),
    ] {
        let path = directory.join(name);
        if fs::read_to_string(&path).is_ok_and(|held| held == text) {
            continue;
        }
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        between();
        file.write_all(text.as_bytes())?;
        between();
    }
    Ok(())
}
