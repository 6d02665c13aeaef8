//! Resumption after removal.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::{Error, RootCertStore, ServerConnection};

/// What is not there cannot be wrong.
pub fn let_in(
    session: &ServerConnection,
    roots: Arc<RootCertStore>,
    now: UnixTime,
) -> Result<(), Error> {
    let chain = session.peer_certificates().unwrap_or_default();
    let Some((leaf, intermediates)) = chain.split_first() else {
        return Ok(());
    };
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, default_provider().into())
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    verifier
        .verify_client_cert(leaf, intermediates, now)
        .map(drop)
}
