//! One directory handle.

use std::io;
use std::path::{Path, PathBuf};

/// What a reader asks of the kernel. Between any two calls, a writer may have done anything.
pub trait Kernel {
    /// An open directory. It stays the same one, whatever is renamed over its path.
    type Directory;

    /// Opens a directory. Links on the way, the last part included, are followed.
    ///
    /// # Errors
    /// As all of these: what the kernel says.
    fn open(&mut self, path: &Path) -> io::Result<Self::Directory>;

    /// Reads a file by its name in an open directory. A link is followed, as it is at that
    /// moment.
    fn read_at(&mut self, directory: &Self::Directory, name: &str) -> io::Result<String>;

    /// Reads a file by its path. Links are followed, as they are at that moment.
    fn read(&mut self, path: &Path) -> io::Result<String>;

    /// The path without links to which a path leads at that moment (`realpath`).
    fn canonicalize(&mut self, path: &Path) -> io::Result<PathBuf>;
}

/// Reads between two looks at the link, and begins anew where they differ.
pub fn look<K: Kernel>(kernel: &mut K, directory: &Path) -> io::Result<(String, String)> {
    let mut refused = io::Error::other("the generation changed at each try");
    for _ in 0..3 {
        let before = generation(kernel, directory)?;
        let read = kernel
            .read(&before.join("tls.crt"))
            .and_then(|certificate| Ok((certificate, kernel.read(&before.join("tls.key"))?)));
        match read {
            Ok(both) => return Ok(both),
            Err(error) => refused = error,
        }
        if generation(kernel, directory)? == before {
            break;
        }
    }
    Err(refused)
}

fn generation<K: Kernel>(kernel: &mut K, directory: &Path) -> io::Result<PathBuf> {
    match kernel.canonicalize(&directory.join("..data")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => kernel.canonicalize(directory),
        found => found,
    }
}
