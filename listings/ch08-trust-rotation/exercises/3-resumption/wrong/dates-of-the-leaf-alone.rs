//! Resumption after removal.

use std::sync::Arc;

use ch07_graceful_degradation::budget::Window;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, Error, RootCertStore, ServerConnection};

/// Decides on a client whose handshake is complete. `roots` are those in force at the time
/// `now`.
///
/// # Errors
/// Why it is not let in: the caller closes the connection.
pub fn let_in(
    session: &ServerConnection,
    roots: Arc<RootCertStore>,
    now: UnixTime,
) -> Result<(), Error> {
    // Of this handshake, or of the one in which the session began. Which of them does not
    // matter.
    let chain = session.peer_certificates().unwrap_or_default();
    let (leaf, intermediates) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, default_provider().into())
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    let own = Window::of(&chain[..1]).ok_or(CertificateError::BadEncoding)?;
    if own.nearest(now) != now {
        return Err(CertificateError::Expired.into());
    }
    // The rest of the chain is as good as its signatures.
    verifier.verify_client_cert(leaf, intermediates, UnixTime::now())?;
    Ok(())
}
