//! Who else can read a key?

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use lab::agent::Files;
use rustix::process::{getegid, getgroups};

use crate::ExposedKey;
use crate::pem::holds_key;
use crate::pinned::Seen;

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
    /// Whether a key in this file is open to others than its owner and a group of `own`. To be
    /// read by a group that this process is in is how a process without root gets a key at all:
    /// `root:service 0640`, or 0440 where a CSI driver mounts it. To be written by one is not.
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

/// The groups that this process is in.
pub fn own_groups() -> Vec<u32> {
    // At most 65,536 of them, and no reason to fail.
    let mut groups = getgroups().unwrap_or_default();
    groups.push(getegid());
    groups.into_iter().map(|group| group.as_raw()).collect()
}

/// The files of those seen that hold a key, be it beside the chain, and expose it.
pub(crate) fn exposed(seen: &Seen, files: &Files, own: &[u32]) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    let mut look = |path: &PathBuf, access: Access| {
        if access.exposes(own) && !found.contains(&(path.clone(), access.mode)) {
            found.push((path.clone(), access.mode));
        }
    };
    look(&files.key, seen.key.access);
    let others = [
        (&files.certificate, Some(&seen.certificate)),
        (&files.roots, seen.roots.as_ref().ok()),
    ];
    for (path, file) in others {
        if let Some(file) = file.filter(|file| holds_key(&file.bytes)) {
            look(path, file.access);
        }
    }
    found
}

/// Rejects what is exposed, where that was chosen.
pub(crate) fn refuse(chosen: ExposedKey, exposed: &[(PathBuf, u32)]) -> Result<(), Rejected> {
    match exposed.first() {
        Some((file, mode)) if chosen == ExposedKey::Refuse => {
            let detail = format!(
                "mode {mode:04o}: the key is for its owner (0600), or for a group of this \
                 process to read (0640)"
            );
            Err(reject(Reason::InsecureMode, file, &detail))
        }
        _ => Ok(()),
    }
}
