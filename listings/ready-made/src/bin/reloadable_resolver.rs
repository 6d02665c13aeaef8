//! rustls-cert-reloadable-resolver as its test has it. When to reload is left to the program: here, when
//! SIGHUP comes. A reload that fails is told, and what was served stays.

use std::error::Error;
use std::io::{Write, stderr};
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use ready_made::{arguments, router};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_cert_file_reader::{FileReader, Format};
use rustls_cert_reloadable_resolver::{CertifiedKeyLoader, ReloadableResolver, key_provider};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (certificate, key, address) = arguments()?;
    let resolver = ReloadableResolver::init(CertifiedKeyLoader {
        key_provider: key_provider::Dyn(default_provider().key_provider),
        key_reader: FileReader::new(key, Format::PEM),
        certs_reader: FileReader::new(certificate, Format::PEM),
    });
    let resolver = Arc::new(resolver.await?);

    let mut hangup = signal(SignalKind::hangup())?;
    let live = resolver.clone();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if let Err(why) = live.reload().await {
                let _ = writeln!(stderr(), "not reloaded: {why}");
            }
        }
    });

    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    axum_server::bind_rustls(address, RustlsConfig::from_config(Arc::new(config)))
        .serve(router().into_make_service())
        .await?;
    Ok(())
}
