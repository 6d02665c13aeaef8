//! A fresh context.

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod};
use openssl::x509::X509;

/// A server's context that shows nothing yet.
pub fn blank() -> Result<SslAcceptorBuilder, ErrorStack> {
    SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
}

/// Makes `served`, the context that clients are accepted by, show the chain and the key of these two files.
///
/// C and Python can change a context while clients use it. In Rust the builder alone can be changed; it is the same
/// object of OpenSSL, so here it stands for a context in use.
///
/// `X509::stack_from_pem` reads a chain, leaf first, and `PKey::private_key_from_pem` a key. A context has
/// `set_certificate` for the leaf, `add_extra_chain_cert` for each of the rest, and `set_private_key`.
///
/// # Errors
/// When a file does not parse, or the key does not belong to the leaf. Then clients are shown what they were shown
/// before.
pub fn reload(
    served: &mut SslAcceptorBuilder,
    chain_pem: &[u8],
    key_pem: &[u8],
) -> Result<(), ErrorStack> {
    let chain = X509::stack_from_pem(chain_pem)?;
    let key = PKey::private_key_from_pem(key_pem)?;
    let mut fresh = blank()?;
    if let Some(leaf) = chain.into_iter().next() {
        fresh.set_certificate(&leaf)?;
    }
    fresh.set_private_key(&key)?;
    fresh.check_private_key()?;
    *served = fresh;
    Ok(())
}
