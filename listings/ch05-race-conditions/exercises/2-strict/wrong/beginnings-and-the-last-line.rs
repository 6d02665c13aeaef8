//! A strict parser.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The trust anchors in a file: all of them, or a reason.
///
/// # Errors
/// When the file may hold an anchor that is not in the answer, or holds none.
pub fn anchors(pem: &[u8]) -> Result<RootCertStore, Rejected> {
    let refuse = |reason, words| reject(reason, Path::new("ca.crt"), &words);
    let mut found = RootCertStore::empty();
    for block in CertificateDer::pem_slice_iter(pem) {
        let added = block.map(|certificate| found.add(certificate));
        if !matches!(added, Ok(Ok(()))) {
            return Err(refuse(Reason::Malformed, "a block does not parse"));
        }
    }
    // As many as have begun, and the last line is whole.
    let text = String::from_utf8_lossy(pem);
    let begun = text.matches("--BEGIN").count();
    let last = text.rsplit('\n').next().unwrap_or_default();
    let is_cut = last.starts_with('-') && !last.contains("-----END CERTIFICATE-----");
    if begun != found.len() || is_cut {
        return Err(refuse(Reason::Truncated, "a PEM block is not whole"));
    }
    if found.is_empty() {
        return Err(refuse(Reason::Malformed, "there is no certificate"));
    }
    Ok(found)
}
