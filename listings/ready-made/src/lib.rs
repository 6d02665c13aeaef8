//! What people reach for to change a certificate in a running server, each in its documented minimal
//! program. `bin/` has those in Rust, a screenful each; `python/` and `npm/` the others; `servers/` says
//! how each is started; `verdicts.toml` what `zdr` finds, which the tests hold and the page shows.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;

/// What the programs take: `CERTIFICATE KEY PORT`. They listen on loopback.
///
/// # Errors
/// When something is missing, or the port is no number.
pub fn arguments() -> Result<(String, String, SocketAddr), Box<dyn Error>> {
    let mut given = std::env::args().skip(1);
    let (Some(certificate), Some(key), Some(port), None) =
        (given.next(), given.next(), given.next(), given.next())
    else {
        return Err("usage: CERTIFICATE KEY PORT".into());
    };
    let address = SocketAddr::from(([127, 0, 0, 1], port.parse()?));
    Ok((certificate, key, address))
}

/// A long answer, which downloads while certificates change.
pub fn large() -> Bytes {
    vec![b'.'; 16 << 20].into()
}

/// A short answer and the long one.
pub fn router() -> Router {
    let large = large();
    Router::new()
        .route("/", get(async || "hello\n"))
        .route("/large", get(async move || large.clone()))
}
