//! axum-server, told by SIGHUP. A reload that fails is told, and what was served stays.

use std::error::Error;
use std::io::{Write, stderr};

use axum_server::tls_rustls::RustlsConfig;
use ready_made::{arguments, router};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (certificate, key, address) = arguments()?;
    let config = RustlsConfig::from_pem_file(&certificate, &key).await?;

    let mut hangup = signal(SignalKind::hangup())?;
    let live = config.clone();
    // ANCHOR: reload
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if let Err(why) = live.reload_from_pem_file(&certificate, &key).await {
                let _ = writeln!(stderr(), "not reloaded: {why}");
            }
        }
    });
    // ANCHOR_END: reload

    axum_server::bind_rustls(address, config)
        .serve(router().into_make_service())
        .await?;
    Ok(())
}
