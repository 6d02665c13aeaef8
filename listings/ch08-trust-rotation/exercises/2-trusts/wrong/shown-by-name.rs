//! Two trusts.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error, RootCertStore, ServerConfig};

/// What a server has been given.
pub struct Given {
    /// Its own chain, and its key.
    pub pair: CertifiedKey,
    /// The roots that its clients hold: by them they check its chain.
    pub own_roots: RootCertStore,
    /// The roots whose clients are to be let in.
    pub client_roots: RootCertStore,
}

/// Whether clients that hold these roots accept the chain. This part is written.
///
/// # Errors
/// What a client would object to.
pub fn accepted_by_clients(
    chain: &[CertificateDer<'static>],
    roots: &RootCertStore,
) -> Result<(), Error> {
    let (leaf, intermediates) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    let name = ServerName::try_from("localhost").expect("a DNS name");
    let provider = Arc::new(default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots.clone()), provider)
        .build()
        .map_err(|error| Error::General(error.to_string()))?
        .verify_server_cert(leaf, intermediates, &name, &[], UnixTime::now())
        .map(drop)
}

/// The configuration of the server.
///
/// # Errors
/// When clients would not accept its own chain. When there is no usable root.
pub fn server_config(given: Given) -> Result<ServerConfig, Error> {
    let Given {
        pair,
        own_roots,
        client_roots,
    } = given;
    // By whom are we judged? An error here is one for the operator, and no client meets it.
    accepted_by_clients(&pair.cert, &own_roots)?;
    // Whom do we judge? The public root is not among these.
    let provider = Arc::new(default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(client_roots.into(), provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new({
            let mut r = rustls::server::ResolvesServerCertUsingSni::new();
            r.add("localhost", pair)?;
            r
        }));
    Ok(config)
}
