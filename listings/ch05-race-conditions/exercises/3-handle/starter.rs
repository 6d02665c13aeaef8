//! One directory handle.
//!
//! This is the starter. It compiles, and its checks fail until `look` is written.

use std::io;
use std::path::{Path, PathBuf};

/// What a reader asks of the kernel. Between any two calls, a writer may have done anything. `std::fs` and `exists` do not see these
/// files: they are the kernel's own.
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
    todo!("this is the starter: write `look`")
}
