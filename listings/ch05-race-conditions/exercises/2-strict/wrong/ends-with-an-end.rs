//! A strict parser.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The trust anchors in a file: all of them, or a reason.
///
/// Text between blocks is allowed, as RFC 7468 has it, and comments are common. What is no whole block of a certificate,
/// and looks like a part of one, is not.
///
/// `CertificateDer::pem_slice_iter(pem)` is the parser: it passes over what it does not take for a block. `RootCertStore::add`
/// takes an anchor, and objects to what is no certificate. The words for a file that is rejected are
/// `reject(Reason::Truncated, Path::new("ca.crt"), &"a PEM block is not whole")`, or another reason.
///
/// # Errors
/// When the file may hold an anchor that is not in the answer, or holds none.
pub fn anchors(pem: &[u8]) -> Result<RootCertStore, Rejected> {
    let rejected = |reason, what: &str| reject(reason, Path::new("ca.crt"), &what);
    if !pem.trim_ascii_end().ends_with(b"-----END CERTIFICATE-----") {
        return Err(rejected(Reason::Truncated, "a PEM block is not whole"));
    }
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let added = certificate.map(|certificate| store.add(certificate));
        if !matches!(added, Ok(Ok(()))) {
            return Err(rejected(Reason::Malformed, "a block does not parse"));
        }
    }
    Ok(store)
}
