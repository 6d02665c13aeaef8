//! Resumption after removal.

use std::sync::{Arc, Mutex};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{Error, RootCertStore, ServerConnection};

type Made = (Arc<RootCertStore>, Arc<dyn ClientCertVerifier>);

/// The verifier of the roots that were in force last: it is made anew when they are others.
static LAST: Mutex<Option<Made>> = Mutex::new(None);

pub fn let_in(
    session: &ServerConnection,
    roots: Arc<RootCertStore>,
    now: UnixTime,
) -> Result<(), Error> {
    let Some([leaf, intermediates @ ..]) = session.peer_certificates() else {
        return Err(Error::NoCertificatesPresented);
    };
    verifier(roots)?
        .verify_client_cert(leaf, intermediates, now)
        .map(drop)
}

fn verifier(roots: Arc<RootCertStore>) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let mut last = LAST.lock().unwrap_or_else(|broken| broken.into_inner());
    if let Some((of, verifier)) = &*last
        && Arc::ptr_eq(of, &roots)
    {
        return Ok(verifier.clone());
    }
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider)
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    *last = Some((roots, verifier.clone()));
    Ok(verifier)
}
