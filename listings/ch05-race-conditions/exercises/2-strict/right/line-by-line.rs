//! A strict parser.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Reads line by line, and gives the parser one block at a time.
pub fn anchors(pem: &[u8]) -> Result<RootCertStore, Rejected> {
    let refuse = |words| reject(Reason::Malformed, Path::new("ca.crt"), &words);
    let text = String::from_utf8_lossy(pem);
    let mut found = RootCertStore::empty();
    let mut block: Option<String> = None;
    let mut unfinished = "";
    for line in text.split_inclusive('\n') {
        unfinished = if line.ends_with('\n') { "" } else { line };
        match (line.trim_end(), block.as_mut()) {
            ("-----BEGIN CERTIFICATE-----", None) => block = Some(line.to_owned()),
            ("-----END CERTIFICATE-----", Some(text)) => {
                text.push_str(line);
                let certificate = CertificateDer::from_pem_slice(text.as_bytes());
                let certificate = certificate.map_err(|_| refuse("a block does not parse"))?;
                let added = found.add(certificate);
                added.map_err(|_| refuse("a block holds no certificate"))?;
                block = None;
                unfinished = "";
            }
            (line, _) if line.contains("--BEGIN") || line.contains("--END") => {
                return Err(refuse("a line marks no block of a certificate"));
            }
            (_, Some(text)) => text.push_str(line),
            (_, None) => {}
        }
    }
    if block.is_some() || unfinished.starts_with('-') || found.is_empty() {
        return Err(refuse("the last block is not whole"));
    }
    Ok(found)
}
