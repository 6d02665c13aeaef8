//! What the reader and the resolver share.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::arguments::Arguments;

/// What the reader and the resolver share.
#[derive(Debug, Default)]
pub struct State {
    /// Nothing can be shown.
    pub lost: AtomicBool,
    /// Connections whose client has not said its hello to the end.
    pub handshakes: AtomicUsize,
    /// Held by a reload that handshakes have to wait for.
    pub lock: Mutex<()>,
    /// The chain and the key of the same name for another kind of key.
    pub second: Option<(PathBuf, PathBuf)>,
    /// Another name, and what is shown for it.
    pub sibling: Option<(String, Arc<CertifiedKey>)>,
}

/// The other name and its files, where there is one.
pub fn sibling(arguments: &Arguments) -> io::Result<Option<(String, Arc<CertifiedKey>)>> {
    let files = arguments.other_certificate.as_ref();
    let files = files.zip(arguments.other_key.as_ref());
    let Some((name, (certificate, key))) = arguments.other_name.clone().zip(files) else {
        return Ok(None);
    };
    Ok(Some((name, Arc::new(pair(certificate, key)?))))
}

/// A chain and its key.
pub fn pair(certificate: &Path, key: &Path) -> io::Result<CertifiedKey> {
    let chain = CertificateDer::pem_file_iter(certificate).map_err(io::Error::other)?;
    let chain = chain.collect::<Result<_, _>>().map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|_| io::Error::other("no key in PEM"))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map_err(io::Error::other)
}
