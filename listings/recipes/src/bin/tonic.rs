//! tonic: its services become a router of axum, which may have other routes beside them. `Server` of
//! tonic has TLS of its own, whose certificate stays as it is.

use std::error::Error;

use axum::routing::get;
use recipes::rotating::Rotating;
use recipes::serve::{config, hangups_are_heard, serve};
use recipes::{arguments, large, report};
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic_health::server::health_reporter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (files, asked, address) = arguments()?;
    // ANCHOR: tonic
    hangups_are_heard();
    let (hook, figures) = report::hook(&files);
    let pair = Rotating::start(files, asked, hook);
    let listener = TcpListener::bind(address).await?;

    let (_reporter, health) = health_reporter();
    let large = large();
    let router = Routes::new(health)
        .into_axum_router()
        .route("/", get(async || "hello\n"))
        .route("/large", get(async move || large.clone()))
        .route("/metrics", get(async move || figures.to_string()));
    serve(listener, config(pair), router).await;
    // ANCHOR_END: tonic
    Ok(())
}
