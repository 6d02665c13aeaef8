//! tls-hot-reload as its README has it: one call makes a configuration that follows its files.

use std::error::Error;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use ready_made::{arguments, router};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (certificate, key, address) = arguments()?;
    let config = tls_hot_reload::load_server_config(key, certificate).await;

    axum_server::bind_rustls(address, RustlsConfig::from_config(Arc::new(config)))
        .serve(router().into_make_service())
        .await?;
    Ok(())
}
