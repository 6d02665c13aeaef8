//! actix-web: it takes a configuration of rustls, and accepts by itself.

use std::error::Error;
use std::net::TcpListener;

use actix_web::rt::System;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use hyper::body::Bytes;
use recipes::report::Figures;
use recipes::rotating::Rotating;
use recipes::serve::{bounded, hangups_are_heard};
use recipes::{arguments, large, report};
use rustls::ServerConfig;

fn main() -> Result<(), Box<dyn Error>> {
    let (files, asked, address) = arguments()?;
    // ANCHOR: actix
    let system = System::new();
    system.block_on(async { hangups_are_heard() });
    let (hook, figures) = report::hook(&files);
    let pair = Rotating::start(files, asked, hook);
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(pair);

    let (large, figures) = (Data::new(large()), Data::from(figures));
    let app = move || {
        App::new()
            .app_data(large.clone())
            .app_data(figures.clone())
            .route("/", web::get().to(async || "hello\n"))
            .route(
                "/large",
                web::get().to(async |large: Data<Bytes>| Bytes::clone(&large)),
            )
            .route(
                "/metrics",
                web::get().to(async |figures: Data<Figures>| figures.to_string()),
            )
    };
    let listener = TcpListener::bind(address)?;
    bounded(&listener);
    let server = HttpServer::new(app).listen_rustls_0_23(listener, config)?;
    // ANCHOR_END: actix
    Ok(system.block_on(server.run())?)
}
