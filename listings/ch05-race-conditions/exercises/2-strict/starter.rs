//! A strict parser.
//!
//! This is the starter. It compiles, and its checks fail until `anchors` is written.

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
    todo!("this is the starter: write `anchors`")
}
