//! A fresh context.

use std::sync::Mutex;

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod};
use openssl::x509::X509;

/// A server's context that shows nothing yet.
pub fn blank() -> Result<SslAcceptorBuilder, ErrorStack> {
    SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
}

/// The serial that was loaded last.
static LOADED: Mutex<String> = Mutex::new(String::new());

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
    let mut serial = String::new();
    if let Some(leaf) = chain.next() {
        serial = leaf.serial_number().to_bn()?.to_string();
        if serial == *LOADED.lock().unwrap() {
            // It is shown already.
            return Ok(());
        }
        fresh.set_certificate(&leaf)?;
    }
    for intermediate in chain {
        fresh.add_extra_chain_cert(intermediate)?;
    }
    let key = PKey::private_key_from_pem(key_pem)?;
    fresh.set_private_key(&key)?;
    // A key of another type than the leaf's went into another slot, and was not compared.
    fresh.check_private_key()?;
    // Each error has thrown `fresh` away, and `served` was not touched.
    *served = fresh;
    *LOADED.lock().unwrap() = serial;
    Ok(())
}
