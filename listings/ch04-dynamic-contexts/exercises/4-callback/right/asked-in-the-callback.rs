//! The context that accepts.

use std::sync::Arc;

use arc_swap::ArcSwap;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    SniError, SslAlert, SslContext, SslContextBuilder, SslMethod, SslRef, SslVerifyMode,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

/// What a server shows: its certificate with the intermediates, and the key.
pub struct Pair {
    /// Leaf first.
    pub chain: Vec<X509>,
    /// The leaf's.
    pub key: PKey<Private>,
}

/// Takes a pair into a context.
pub fn show(context: &mut SslContextBuilder, pair: &Pair) -> Result<(), ErrorStack> {
    context.set_certificate(&pair.chain[0])?;
    for intermediate in &pair.chain[1..] {
        context.add_extra_chain_cert(intermediate.clone())?;
    }
    context.set_private_key(&pair.key)?;
    context.check_private_key()
}

/// Takes authorities into a context: it judges certificates of clients by them.
pub fn trust(context: &mut SslContextBuilder, authorities: &[X509]) -> Result<(), ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    for authority in authorities {
        store.add_cert(authority.clone())?;
    }
    context.set_cert_store(store.build());
    Ok(())
}

/// A server, one context of which accepts all clients.
pub struct Server {
    accepting: SslContext,
    current: Arc<ArcSwap<SslContext>>,
}

impl Server {
    /// A server that shows `pair`, to clients of these authorities alone.
    ///
    /// # Errors
    /// When OpenSSL does not take something, as with `renew`.
    pub fn new(authorities: &[X509], pair: &Pair) -> Result<Self, ErrorStack> {
        let first = generation(authorities, pair)?;
        let current = Arc::new(ArcSwap::from_pointee(first));
        let accepting = accepting(current.clone(), authorities)?;
        Ok(Self { accepting, current })
    }

    /// From now on shows this pair, to clients of these authorities alone.
    pub fn renew(&self, authorities: &[X509], pair: &Pair) -> Result<(), ErrorStack> {
        let next = generation(authorities, pair)?;
        self.current.store(next.into());
        Ok(())
    }

    /// What each client is accepted by, as long as the process lives.
    pub fn accepting(&self) -> SslContext {
        self.accepting.clone()
    }
}

/// The context that accepts. It shows nothing, so a client that is not handed over fails.
fn accepting(current: Arc<ArcSwap<SslContext>>, _: &[X509]) -> Result<SslContext, ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    // What a connection copies when it begins: whether it asks, and where sessions belong to.

    context.set_session_id_context(b"service")?;
    context.set_servername_callback(move |client: &mut SslRef, alert: &mut SslAlert| {
        client.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        client.set_ssl_context(&current.load()).map_err(|_| {
            *alert = SslAlert::INTERNAL_ERROR;
            SniError::ALERT_FATAL
        })
    });
    Ok(context.build())
}

/// The context of one generation, which the callback picks.
fn generation(authorities: &[X509], pair: &Pair) -> Result<SslContext, ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    // What is looked up when it is needed: authorities, chain and key.
    trust(&mut context, authorities)?;
    show(&mut context, pair)?;
    Ok(context.build())
}
