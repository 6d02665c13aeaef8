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

/// Other calls with the same steps: a file is emptied by its length, and a look follows each call, also where nothing changed.
pub fn write(directory: &Path, new: New<'_>, between: &mut dyn FnMut()) -> io::Result<()> {
    let writes = [
        ("tls.key", new.key, 0o600, false),
        ("tls.crt", new.authority, 0o644, false),
        ("tls.crt", new.leaf, 0o644, true),
    ];
    for (name, text, mode, append) in writes {
        let path = directory.join(name);
        let is_new = fs::metadata(&path).is_err();
        let mut file = File::options().create(true).append(true).open(&path)?;
        if is_new {
            fs::set_permissions(&path, Permissions::from_mode(0o644))?;
        }
        if !append {
            file.set_len(0)?;
        }
        between();
        file.write_all(text.as_bytes())?;
        between();
        fs::set_permissions(&path, Permissions::from_mode(mode))?;
        between();
    }
    Ok(())
}
