//! A fresh context.

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod};
use openssl::x509::X509;

/// A server's context that shows nothing yet.
pub fn blank() -> Result<SslAcceptorBuilder, ErrorStack> {
    SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
}

/// Loads the pair into the context in use, and keeps what it has where that fails. Or so it reads.
pub fn reload(
    served: &mut SslAcceptorBuilder,
    chain_pem: &[u8],
    key_pem: &[u8],
) -> Result<(), ErrorStack> {
    if load(served, chain_pem, key_pem).is_err() {
        eprintln!("the new pair is invalid, the old one stays");
    }
    Ok(())
}

fn load(
    context: &mut SslAcceptorBuilder,
    chain_pem: &[u8],
    key_pem: &[u8],
) -> Result<(), ErrorStack> {
    let mut chain = X509::stack_from_pem(chain_pem)?.into_iter();
    if let Some(leaf) = chain.next() {
        context.set_certificate(&leaf)?;
    }
    for intermediate in chain {
        context.add_extra_chain_cert(intermediate)?;
    }
    let key = PKey::private_key_from_pem(key_pem)?;
    context.set_private_key(&key)?;
    context.check_private_key()
}
