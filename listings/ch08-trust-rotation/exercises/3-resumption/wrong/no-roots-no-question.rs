//! Resumption after removal.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::{Error, RootCertStore, ServerConnection};

/// Decides on a client whose handshake is complete. `roots` are those in force at the time `now`.
///
/// # Errors
/// Why it is not let in: the caller closes the connection.
pub fn let_in(
    session: &ServerConnection,
    roots: Arc<RootCertStore>,
    now: UnixTime,
) -> Result<(), Error> {
    if roots.is_empty() {
        return Ok(());
    }
    let Some([leaf, intermediates @ ..]) = session.peer_certificates() else {
        return Err(Error::NoCertificatesPresented);
    };
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    verifier
        .verify_client_cert(leaf, intermediates, now)
        .map(drop)
}
