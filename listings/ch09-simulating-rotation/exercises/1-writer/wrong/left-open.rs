//! A writer as the tool really does it.

use std::fs::File;
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

/// Replaces `localhost.crt`, `localhost.issuer.crt` and `localhost.key` in `directory`, in the
/// tool's steps.
///
/// # Errors
/// When a file cannot be opened or written.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    for (name, text) in [
        ("localhost.crt", new.chain),
        ("localhost.issuer.crt", new.issuer),
        ("localhost.key", new.key),
    ] {
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            // Where the file is made. One that is there keeps its own.
            .mode(0o600)
            .open(directory.join(name))?;
        // Empty: what was in it is gone before anything new is there.
        between();
        file.write_all(text.as_bytes())?;
        between();
        std::mem::forget(file);
    }
    Ok(())
}
