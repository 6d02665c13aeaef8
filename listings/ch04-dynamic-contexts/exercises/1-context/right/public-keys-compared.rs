//! A fresh context.

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod};
use openssl::x509::X509;

/// A server's context that shows nothing yet.
pub fn blank() -> Result<SslAcceptorBuilder, ErrorStack> {
    SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
}

/// Compares the two public keys itself, before it makes a context at all.
pub fn reload(
    served: &mut SslAcceptorBuilder,
    chain_pem: &[u8],
    key_pem: &[u8],
) -> Result<(), ErrorStack> {
    let mut chain = X509::stack_from_pem(chain_pem)?;
    let key = PKey::private_key_from_pem(key_pem)?;
    let mut fresh = blank()?;
    match chain.first() {
        Some(leaf) if leaf.public_key()?.public_eq(&key) => fresh.set_certificate(leaf)?,
        // OpenSSL has the words for it.
        _ => return fresh.check_private_key(),
    }
    for intermediate in chain.drain(1..) {
        fresh.add_extra_chain_cert(intermediate)?;
    }
    fresh.set_private_key(&key)?;
    *served = fresh;
    Ok(())
}
