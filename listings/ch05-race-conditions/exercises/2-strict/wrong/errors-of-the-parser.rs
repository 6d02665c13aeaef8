//! A strict parser.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Tells each error that the parser has.
pub fn anchors(pem: &[u8]) -> Result<RootCertStore, Rejected> {
    let refuse = |words| reject(Reason::Malformed, Path::new("ca.crt"), &words);
    let mut found = RootCertStore::empty();
    for block in CertificateDer::pem_slice_iter(pem) {
        let certificate = block.map_err(|_| refuse("a block does not parse"))?;
        found
            .add(certificate)
            .map_err(|_| refuse("a block holds no certificate"))?;
    }
    if found.is_empty() {
        return Err(refuse("there is no certificate"));
    }
    Ok(found)
}
