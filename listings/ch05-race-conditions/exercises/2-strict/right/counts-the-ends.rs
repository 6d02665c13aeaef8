//! A strict parser.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

pub fn anchors(pem: &[u8]) -> Result<RootCertStore, Rejected> {
    let refuse = |words: &str| reject(Reason::Truncated, Path::new("ca.crt"), &words);
    let mut found = RootCertStore::empty();
    for block in CertificateDer::pem_slice_iter(pem) {
        let block = block.map_err(|_| refuse("no block"))?;
        found.add(block).map_err(|_| refuse("no anchor"))?;
    }
    let text = String::from_utf8_lossy(pem);
    let ends = text
        .lines()
        .filter(|line| line.contains("-----END"))
        .count();
    let last = text.split('\n').next_back().unwrap_or_default();
    if ends != found.len()
        || found.is_empty()
        || (last.starts_with('-') && !last.contains("-----END"))
    {
        return Err(refuse("a block is missing"));
    }
    Ok(found)
}
