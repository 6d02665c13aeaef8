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

    /// Reads a file by its name in an open directory. A link is followed, as it is at that moment.
    fn read_at(&mut self, directory: &Self::Directory, name: &str) -> io::Result<String>;

    /// Reads a file by its path. Links are followed, as they are at that moment.
    fn read(&mut self, path: &Path) -> io::Result<String>;

    /// The path without links to which a path leads at that moment (`realpath`).
    fn canonicalize(&mut self, path: &Path) -> io::Result<PathBuf>;
}

/// Reads the certificate `tls.crt` and the key `tls.key` of a directory: both of one generation, whatever a writer does
/// meanwhile.
///
/// In a directory that the kubelet fills, both names are links to `..data/tls.crt` and `..data/tls.key`, and `..data` is a
/// link to the directory of the generation. A renewal replaces `..data` by one rename, and removes the directory of the
/// generation before. In other directories the two are plain files, and there is no `..data`.
///
/// # Errors
/// When a file is missing: the generation has been removed, perhaps. The next look begins anew.
pub fn look<K: Kernel>(kernel: &mut K, directory: &Path) -> io::Result<(String, String)> {
    let outer = kernel.open(directory)?;
    // The generation, in the kubelet's layout; a directory without one is its own.
    let pinned = match kernel.open(&directory.join("..data")) {
        Ok(data) => data,
        Err(error) if error.kind() == io::ErrorKind::NotFound => outer,
        Err(error) => return Err(error),
    };
    let certificate = kernel.read_at(&pinned, "tls.crt")?;
    let key = match kernel.read_at(&pinned, "tls.key") {
        Ok(key) => key,
        Err(_) => kernel.read(&directory.join("tls.key"))?,
    };
    Ok((certificate, key))
}
