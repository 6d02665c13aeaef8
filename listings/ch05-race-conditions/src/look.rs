//! Looks at the files until two looks agree.

use ch02_hot_reload::identity::{Reason, Rejected, Source, reject};
use lab::agent::Files;
use rustls::pki_types::CertificateDer;

use crate::pinned::{self, Seen};
use crate::trust;

/// Looks at the files until two looks in a row agree, this often at the most.
pub const LOOKS: usize = 5;

// ANCHOR: stable
/// Looks until two looks in a row agree, be it on contents or on an error.
pub(crate) fn stable(source: &Source, between: &mut dyn FnMut(&str)) -> Result<Seen, Rejected> {
    let mut look = || pinned::look(&source.files, source.peer_roots.as_deref(), between);
    let mut before = look();
    for _ in 1..LOOKS {
        let again = look();
        // The bytes themselves are compared: a hash could not say more.
        if again == before {
            return again;
        }
        before = again;
    }
    let detail = format!("the files were different at each of {LOOKS} looks");
    Err(reject(Reason::Torn, &source.files.certificate, &detail))
}
// ANCHOR_END: stable

/// The trust anchors in the file as it is now, read once and with the same care.
///
/// # Errors
/// When the file is no file, is not whole, or holds no anchor.
pub fn anchors(source: &Source) -> Result<Vec<CertificateDer<'static>>, Rejected> {
    let path = &source.files.roots;
    let alone = Files {
        certificate: path.clone(),
        key: path.clone(),
        roots: path.clone(),
    };
    let seen = pinned::look(&alone, None, &mut |_| ())?;
    trust::anchors(path, &seen.roots, &[]).map(|(anchors, _)| anchors)
}
