//! Resumption after removal.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::{Error, RootCertStore, ServerConnection};

/// Decides on a client whose handshake is complete. Clocks differ by some minutes.
pub fn let_in(
    session: &ServerConnection,
    roots: Arc<RootCertStore>,
    now: UnixTime,
) -> Result<(), Error> {
    let chain = session.peer_certificates().unwrap_or_default();
    let (leaf, intermediates) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, default_provider().into())
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    let before = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs() - 300));
    verifier
        .verify_client_cert(leaf, intermediates, now)
        .or_else(|_| verifier.verify_client_cert(leaf, intermediates, before))?;
    Ok(())
}
