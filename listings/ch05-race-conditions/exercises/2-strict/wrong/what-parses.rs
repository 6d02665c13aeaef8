//! A strict parser.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Takes what parses: one bad certificate must not keep the others out.
pub fn anchors(pem: &[u8]) -> Result<RootCertStore, Rejected> {
    let mut found = RootCertStore::empty();
    found.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten());
    if found.is_empty() {
        let words = "there is no certificate";
        return Err(reject(Reason::Malformed, Path::new("ca.crt"), &words));
    }
    Ok(found)
}
