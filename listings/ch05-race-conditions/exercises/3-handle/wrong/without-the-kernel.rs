//! One directory handle.

use std::fs;
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

/// Reads the certificate and the key of a directory: both of one generation.
///
/// # Errors
/// When a file is missing: the generation has been removed, perhaps. The next look begins anew.
pub fn look<K: Kernel>(_: &mut K, directory: &Path) -> io::Result<(String, String)> {
    let certificate = fs::read_to_string(directory.join("tls.crt"))?;
    let key = fs::read_to_string(directory.join("tls.key"))?;
    Ok((certificate, key))
}
