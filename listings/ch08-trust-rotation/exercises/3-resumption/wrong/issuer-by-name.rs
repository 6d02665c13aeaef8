//! Resumption after removal.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::{Error, RootCertStore, ServerConnection};

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
    let names = roots.roots.iter().map(|root| root.subject.as_ref());
    let by_name = names
        .filter(|name| {
            chain
                .iter()
                .any(|one| one.as_ref().windows(name.len()).any(|part| part == *name))
        })
        .count();
    if by_name == 0 {
        return Err(Error::General("no root in force has signed it".into()));
    }
    let mut all = RootCertStore::empty();
    // Whatever signed it, the dates and the use are asked for.
    for one in intermediates {
        let _ = all.add(one.clone());
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(all.into(), default_provider().into())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
    verifier.verify_client_cert(leaf, intermediates, now)?;
    Ok(())
}
