//! A fresh context.

use std::sync::Mutex;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod};
use openssl::x509::X509;

/// A server's context that shows nothing yet.
pub fn blank() -> Result<SslAcceptorBuilder, ErrorStack> {
    SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
}

/// Pairs that were loaded, each with its chain, since parsing takes time.
static LOADED: Mutex<Vec<(Vec<u8>, PKey<Private>)>> = Mutex::new(Vec::new());

/// Makes `served`, the context that clients are accepted by, show the chain and the key of
/// these two files.
///
/// # Errors
/// When a file does not parse, or the key does not belong to the leaf. Then clients are shown
/// what they were shown before.
pub fn reload(
    served: &mut SslAcceptorBuilder,
    chain_pem: &[u8],
    key_pem: &[u8],
) -> Result<(), ErrorStack> {
    let mut fresh = blank()?;
    let mut chain = X509::stack_from_pem(chain_pem)?.into_iter();
    if let Some(leaf) = chain.next() {
        fresh.set_certificate(&leaf)?;
    }
    for intermediate in chain {
        fresh.add_extra_chain_cert(intermediate)?;
    }
    let mut loaded = LOADED.lock().unwrap();
    let known = loaded.iter().find(|(of, _)| of == chain_pem);
    let key = match known {
        Some((_, key)) => key.clone(),
        None => PKey::private_key_from_pem(key_pem)?,
    };
    fresh.set_private_key(&key)?;
    // A key of another type than the leaf's went into another slot, and was not compared.
    fresh.check_private_key()?;
    // Each error has thrown `fresh` away, and `served` was not touched.
    *served = fresh;
    loaded.push((chain_pem.to_vec(), key));
    Ok(())
}
