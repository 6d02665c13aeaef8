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
    // Each block has two lines that mark it. Any other line that looks like one is a block that
    // was not found.
    let lines: Vec<_> = pem.split(|byte| *byte == b'\n').collect();
    let looks_like_a_mark = |line: &[u8]| {
        let l = line.trim_ascii();
        l.starts_with(b"---")
    };
    let marks = lines.iter().filter(|line| looks_like_a_mark(line)).count();
    // What follows the last line break: a writer may be in the middle of it.
    let is_cut = lines
        .last()
        .is_some_and(|line| line.starts_with(b"-") && !looks_like_a_mark(line));
    if marks != 2 * found.len() || is_cut {
        return Err(refuse(
            Reason::Truncated,
            "a PEM block is not whole, or is of another kind",
        ));
    }
    if found.is_empty() {
        return Err(refuse(Reason::Malformed, "there is no certificate"));
    }
    Ok(found)
}
