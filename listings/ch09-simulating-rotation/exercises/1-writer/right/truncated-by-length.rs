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

/// Other calls with the same steps: a file is emptied by its length, and looked at once more when it is closed.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    let mut put = |extension: &str, text: &str| {
        let path = directory.join("localhost").with_extension(extension);
        let made = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let mut file = match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                File::options().append(true).open(&path)?
            }
            made => made?,
        };
        file.set_len(0)?;
        between();
        write!(file, "{text}")?;
        between();
        drop(file);
        between();
        Ok(())
    };
    put("crt", new.chain)?;
    put("issuer.crt", new.issuer)?;
    put("key", new.key)
}
