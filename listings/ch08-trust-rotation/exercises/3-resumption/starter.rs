//! Resumption after removal.
//!
//! This is the starter. It compiles, and its checks fail until `let_in` is written.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use rustls::{Error, RootCertStore, ServerConnection};

/// Decides on a client whose handshake is complete. `roots` are those in force at the time `now`.
///
/// # Errors
/// Why it is not let in: the caller closes the connection.
pub fn let_in(
    session: &ServerConnection,
    roots: Arc<RootCertStore>,
    now: UnixTime,
) -> Result<(), Error> {
    todo!("this is the starter: write `let_in`")
}
