//! One policy.

use std::sync::Arc;

use arc_swap::ArcSwap;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    AlpnError, SniError, SslAlert, SslContext, SslContextBuilder, SslMethod, SslVerifyMode,
    SslVersion, select_next_proto,
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

/// One context accepts all clients, and has the policy. A callback hands each client over to the pair that is
/// current.
pub struct Server {
    authorities: Vec<X509>,
    accepting: SslContext,
    current: Arc<ArcSwap<SslContext>>,
}

impl Server {
    /// A server that shows `pair`, to clients of these authorities alone.
    ///
    /// # Errors
    /// When OpenSSL does not take something.
    pub fn new(authorities: &[X509], pair: &Pair) -> Result<Self, ErrorStack> {
        let current = Arc::new(ArcSwap::from_pointee(picked(authorities, pair)?));
        let mut accepting = SslContextBuilder::new(SslMethod::tls_server())?;
        accepting.set_min_proto_version(Some(SslVersion::TLS1_3))?;
        accepting.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        accepting.set_session_id_context(b"service")?;
        let by_callback = current.clone();
        accepting.set_servername_callback(move |client, alert| {
            client.set_ssl_context(&by_callback.load()).map_err(|_| {
                *alert = SslAlert::INTERNAL_ERROR;
                SniError::ALERT_FATAL
            })
        });
        Ok(Self {
            authorities: authorities.to_vec(),
            accepting: accepting.build(),
            current,
        })
    }

    /// From now on shows this pair.
    ///
    /// # Errors
    /// When OpenSSL does not take the pair.
    pub fn reload(&self, pair: &Pair) -> Result<(), ErrorStack> {
        self.current.store(picked(&self.authorities, pair)?.into());
        Ok(())
    }

    /// What the next client is accepted by.
    pub fn current(&self) -> SslContext {
        self.accepting.clone()
    }
}

/// What travels: chain, key and trust anchors, and what is asked after the callback.
fn picked(authorities: &[X509], pair: &Pair) -> Result<SslContext, ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    let mut store = X509StoreBuilder::new()?;
    for authority in authorities {
        store.add_cert(authority.clone())?;
    }
    context.set_cert_store(store.build());
    context.set_session_id_context(b"service")?;
    context.set_alpn_select_callback(|_, offered| {
        select_next_proto(b"\x02h2", offered).ok_or(AlpnError::ALERT_FATAL)
    });
    show(&mut context, pair)?;
    Ok(context.build())
}
