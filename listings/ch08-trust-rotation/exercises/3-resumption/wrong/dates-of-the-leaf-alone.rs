//! Resumption after removal.

use std::sync::Arc;

use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::x509::X509;
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
    let of_openssl = |error: ErrorStack| Error::General(error.to_string());
    let own = X509::from_der(leaf).map_err(of_openssl)?;
    let at = Asn1Time::from_unix(now.as_secs().cast_signed()).map_err(of_openssl)?;
    if at < *own.not_before() || at > *own.not_after() {
        return Err(CertificateError::Expired.into());
    }
    // The rest of the chain is as good as its signatures.
    verifier.verify_client_cert(leaf, intermediates, UnixTime::now())?;
    Ok(())
}
