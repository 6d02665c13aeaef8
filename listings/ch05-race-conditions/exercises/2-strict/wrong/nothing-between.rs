//! A strict parser.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Refuses everything that stands outside of a block.
pub fn anchors(pem: &[u8]) -> Result<RootCertStore, Rejected> {
    let refuse = |words| reject(Reason::Malformed, Path::new("ca.crt"), &words);
    let text = String::from_utf8_lossy(pem);
    let mut within = false;
    for line in text.lines() {
        match line.trim_end() {
            "-----BEGIN CERTIFICATE-----" => within = true,
            "-----END CERTIFICATE-----" => within = false,
            _ if within => {}
            _ => return Err(refuse("there is text outside of a block")),
        }
    }
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
