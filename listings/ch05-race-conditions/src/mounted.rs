//! At start: will a new file ever arrive under this name?

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use lab::agent::Files;

/// Why a file stays what it is, whatever is renamed where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The file itself is a mount point, as with `subPath` in Kubernetes or `-v file:file` in
    /// Docker. A mount holds the inode; a rename at the source makes another.
    Mounted,
    /// The file has another name (a hard link): what is renamed over that one does not come here.
    HardLink,
}

impl Pin {
    /// The pin as it stands in the log, under `why`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mounted => "mounted",
            Self::HardLink => "hard_link",
        }
    }
}

// ANCHOR: pins
/// Which of the files are pinned, and how. What is not there is not pinned.
pub fn pins(files: &Files) -> Vec<(PathBuf, Pin)> {
    let mut paths = vec![&files.certificate, &files.key, &files.roots];
    paths.dedup();
    let pinned = paths.into_iter().filter_map(|path| {
        let linked = || fs::metadata(path).is_ok_and(|about| about.nlink() > 1);
        let pin = if is_mounted(path) {
            Pin::Mounted
        } else if linked() {
            Pin::HardLink
        } else {
            return None;
        };
        Some((path.clone(), pin))
    });
    pinned.collect()
}

/// Logs `file_pinned` for each of [`pins`].
pub fn warn(files: &Files) {
    for (file, pin) in pins(files) {
        tracing::warn!(event = "file_pinned", file = %file.display(), why = pin.name());
    }
}

/// `statx` tells since Linux 5.8 whether a path is where something is mounted.
#[cfg(target_os = "linux")]
fn is_mounted(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let about = statx(CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS);
    about.is_ok_and(|about| about.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}
// ANCHOR_END: pins

#[cfg(not(target_os = "linux"))]
fn is_mounted(_: &Path) -> bool {
    false
}
