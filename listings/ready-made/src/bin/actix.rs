//! actix-web as its documentation has it: a configuration with one certificate, for the life of the
//! process.

use std::error::Error;

use actix_web::rt::System;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpServer};
use ready_made::{arguments, large};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

fn main() -> Result<(), Box<dyn Error>> {
    let (certificate, key, address) = arguments()?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate)?.collect();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain?, PrivateKeyDer::from_pem_file(key)?)?;

    let large = Data::new(large());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(large.clone())
            .route("/", web::get().to(async || "hello\n"))
            .route(
                "/large",
                web::get().to(async |large: Data<Bytes>| Bytes::clone(&large)),
            )
    });
    let server = server.bind_rustls_0_23(address, config)?;
    Ok(System::new().block_on(server.run())?)
}
