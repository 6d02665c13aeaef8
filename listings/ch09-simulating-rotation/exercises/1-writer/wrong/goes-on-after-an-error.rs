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

/// Whatever can be written is written, and the first error is returned in the end.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    let mut written = Ok(());
    for (name, text) in [
        ("localhost.crt", new.chain),
        ("localhost.issuer.crt", new.issuer),
        ("localhost.key", new.key),
    ] {
        let mut put = || {
            let mut file = File::options()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(directory.join(name))?;
            between();
            file.write_all(text.as_bytes())?;
            between();
            Ok(())
        };
        written = written.and(put());
    }
    written
}
