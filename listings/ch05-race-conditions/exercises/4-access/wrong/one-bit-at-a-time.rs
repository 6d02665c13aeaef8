//! Who can read the key.

use std::io;
use std::path::Path;

/// Who may do what with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The permission bits, as `chmod` takes them: `0o640`.
    pub mode: u32,
    /// The group that the middle digit speaks of.
    pub group: u32,
}

/// What a reader asks of the kernel. Between any two calls, a writer may have done anything.
pub trait Kernel {
    /// An open file. It stays the same one, whatever is renamed over its path.
    type File;

    /// Opens the file at a path (`open`).
    ///
    /// # Errors
    /// As all of these: what the kernel says.
    fn open(&mut self, path: &Path) -> io::Result<Self::File>;

    /// Who may use an open file (`fstat`).
    fn access(&mut self, file: &Self::File) -> io::Result<Access>;

    /// Who may use the file at a path (`stat`).
    fn access_of(&mut self, path: &Path) -> io::Result<Access>;

    /// What an open file holds (`read`).
    fn read(&mut self, file: &Self::File) -> io::Result<String>;
}

/// A key, and whether it is open to others.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// What its file holds. No `Debug`: it is secret.
    pub text: String,
    /// Whether others than its owner and a group of ours could read it, or change it.
    pub exposed: bool,
}

/// Reads a key, and says whether it is exposed: to everybody, to a group that this process is
/// not in, or to a group that may change it.
///
/// # Errors
/// When the file cannot be opened or read.
pub fn read_key<K: Kernel>(kernel: &mut K, path: &Path, own_groups: &[u32]) -> io::Result<Key> {
    let file = kernel.open(path)?;
    // Of the open file: at the path there may be another one by now.
    let Access { mode, group } = kernel.access(&file)?;
    let of_group = if own_groups.contains(&group) {
        0o020
    } else {
        0o070
    };
    let everybody = matches!(mode & 0o007, 0o004 | 0o002);
    let exposed = everybody || mode & of_group != 0;
    let text = kernel.read(&file)?;
    Ok(Key { text, exposed })
}
