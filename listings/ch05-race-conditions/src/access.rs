//! Who may use a file, as it was opened.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

/// Who may do what with a file that was opened: a path could mean another one by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The permission bits.
    pub mode: u32,
    /// The group that they speak of.
    pub group: u32,
}

impl Access {
    /// Of an opened file.
    pub fn of(about: &Metadata) -> Self {
        Self {
            mode: about.permissions().mode() & 0o7777,
            group: about.gid(),
        }
    }

    // ANCHOR: exposes
    /// Whether a key in this file is open to others than its owner and a group of `own`. A process
    /// without root often gets its key by a group that it is in: `root:service 0640`, or 0440
    /// where a CSI driver mounts it. So that group may read the file, and may not write it.
    pub fn exposes(self, own: &[u32]) -> bool {
        let of_group = if own.contains(&self.group) {
            0o020
        } else {
            0o070
        };
        self.mode & (0o007 | of_group) != 0
    }
    // ANCHOR_END: exposes
}
