//! Resumption after removal.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{Error, RootCertStore, ServerConnection};

pub fn let_in(
    session: &ServerConnection,
    roots: Arc<RootCertStore>,
    now: UnixTime,
) -> Result<(), Error> {
    let chain = session.peer_certificates().unwrap_or_default();
    let (leaf, intermediates) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    let name = ServerName::try_from("localhost").expect("a DNS name");
    let provider = Arc::new(default_provider());
    let of_client = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .map_err(|error| Error::General(error.to_string()))?
        .verify_client_cert(leaf, intermediates, now);
    if of_client.is_ok() {
        return Ok(());
    }
    WebPkiServerVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|error| Error::General(error.to_string()))?
        .verify_server_cert(leaf, intermediates, &name, &[], now)
        .map(drop)
}
