//! A strict parser.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Counts the lines that begin a certificate, and holds that against what the parser found.
pub fn anchors(pem: &[u8]) -> Result<RootCertStore, Rejected> {
    let refuse = |words| reject(Reason::Malformed, Path::new("ca.crt"), &words);
    let mut found = RootCertStore::empty();
    for block in CertificateDer::pem_slice_iter(pem) {
        let certificate = block.map_err(|_| refuse("a block does not parse"))?;
        found
            .add(certificate)
            .map_err(|_| refuse("a block holds no certificate"))?;
    }
    let mark = b"-----BEGIN CERTIFICATE-----";
    let begun = pem.windows(mark.len()).filter(|part| part == mark).count();
    if begun != found.len() || begun == 0 {
        return Err(refuse("a certificate begins, and is not there"));
    }
    Ok(found)
}
