//! Resumption after removal.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::{Error, RootCertStore, ServerConnection};

/// Asks each root alone, as it is done where the log has to tell by which of them a client came.
pub fn let_in(
    session: &ServerConnection,
    roots: Arc<RootCertStore>,
    now: UnixTime,
) -> Result<(), Error> {
    let mut refused = Error::NoCertificatesPresented;
    let Some((leaf, intermediates)) = session
        .peer_certificates()
        .and_then(|chain| chain.split_first())
    else {
        return Err(refused);
    };
    for root in &roots.roots {
        let alone = RootCertStore::from_iter([root.clone()]);
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(alone.into(), provider).build();
        let verifier = verifier.map_err(|error| Error::General(error.to_string()))?;
        match verifier.verify_client_cert(leaf, intermediates, now) {
            Ok(_) => return Ok(()),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}
