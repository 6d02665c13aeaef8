//! axum: a router is a service, and is served as any other. `axum::serve` would take one handshake after
//! the other.

use std::error::Error;

use axum::Router;
use axum::routing::get;
use recipes::rotating::Rotating;
use recipes::serve::{config, hangups_are_heard, serve};
use recipes::{arguments, large, report};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (files, asked, address) = arguments()?;
    // ANCHOR: axum
    hangups_are_heard();
    let (hook, figures) = report::hook(&files);
    let pair = Rotating::start(files, asked, hook);
    let listener = TcpListener::bind(address).await?;

    let large = large();
    let router = Router::new()
        .route("/", get(async || "hello\n"))
        .route("/large", get(async move || large.clone()))
        .route("/metrics", get(async move || figures.to_string()));
    serve(listener, config(pair), router).await;
    // ANCHOR_END: axum
    Ok(())
}
