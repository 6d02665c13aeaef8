//! Who else can read a key?

use std::path::PathBuf;

use ch02_hot_reload::identity::{Reason, Rejected, Source, reject};
use rustix::process::{getegid, getgroups};

use crate::access::Access;
use crate::pem::holds_key;
use crate::pinned::Seen;

/// What other users can read may have leaked to them already: not to serve it mends nothing, and
/// harms the clients. So the default is to say it, loudly, and to serve. A kubelet mounts secrets
/// with mode 0644 unless told otherwise (`defaultMode`), so refusing is a choice for hosts that you
/// set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExposedKey {
    /// Serve, and log `key_exposed`.
    Warn,
    /// Reject, with the reason `insecure_mode`.
    Refuse,
}

/// The groups that this process is in.
pub fn own_groups() -> Vec<u32> {
    // At most 65,536 of them, and no reason to fail.
    let mut groups = getgroups().unwrap_or_default();
    groups.push(getegid());
    groups.into_iter().map(|group| group.as_raw()).collect()
}

/// The files of those seen that hold a key, be it beside the chain, and expose it.
pub(crate) fn exposed(seen: &Seen, source: &Source, own: &[u32]) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    let mut look = |path: &PathBuf, access: Access| {
        if access.exposes(own) && !found.contains(&(path.clone(), access.mode)) {
            found.push((path.clone(), access.mode));
        }
    };
    let files = &source.files;
    look(&files.key, seen.key.access);
    let peers = seen.peer_roots.as_ref().and_then(|seen| seen.as_ref().ok());
    let others = [
        (Some(&files.certificate), Some(&seen.certificate)),
        (Some(&files.roots), seen.roots.as_ref().ok()),
        (source.peer_roots.as_ref(), peers),
    ];
    for (path, file) in others {
        if let Some(path) = path
            && let Some(file) = file.filter(|file| holds_key(&file.bytes))
        {
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
