//! A copy of a folder, with its links as they are: they are what an agent swaps.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::Path;

/// Copies what lies in a folder to another, which is there. Files are readable by this user alone. What hangs
/// when it is opened, and what may not be read, is left out.
pub(super) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            symlink(fs::read_link(&path)?, copy)?;
        } else if kind.is_dir() {
            fs::DirBuilder::new().mode(0o700).create(&copy)?;
            copy_tree(&path, &copy)?;
        } else if kind.is_file() {
            copy_file(&path, &copy)?;
        }
    }
    Ok(())
}

fn copy_file(path: &Path, copy: &Path) -> io::Result<()> {
    let mut file = match File::open(path) {
        // A writer has taken it away meanwhile, or an agent has closed it: that is what scenarios do.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
            ) =>
        {
            return Ok(());
        }
        opened => opened?,
    };
    let mut new = OpenOptions::new();
    let mut copy = new.write(true).create_new(true).mode(0o600).open(copy)?;
    io::copy(&mut file, &mut copy).map(|_| ())
}
