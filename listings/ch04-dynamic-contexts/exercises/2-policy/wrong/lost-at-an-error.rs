//! One policy.

use arc_swap::ArcSwap;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    AlpnError, SslContext, SslContextBuilder, SslMethod, SslVerifyMode, SslVersion,
    select_next_proto,
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

/// A server, each context of which accepts clients by itself.
pub struct Server {
    authorities: parking_lot::Mutex<Option<Vec<X509>>>,
    current: ArcSwap<SslContext>,
}

impl Server {
    /// A server that shows `pair`, to clients of these authorities alone.
    ///
    /// # Errors
    /// When OpenSSL does not take something.
    pub fn new(authorities: &[X509], pair: &Pair) -> Result<Self, ErrorStack> {
        let current = ArcSwap::from_pointee(context(authorities, pair)?);
        let authorities = parking_lot::Mutex::new(Some(authorities.to_vec()));
        Ok(Self {
            authorities,
            current,
        })
    }

    /// From now on shows this pair. All else is as it was.
    ///
    /// # Errors
    /// When OpenSSL does not take the pair. Then the one before is shown.
    pub fn reload(&self, pair: &Pair) -> Result<(), ErrorStack> {
        let authorities = self.authorities.lock().take().unwrap_or_default();
        let next = context(&authorities, pair)?;
        self.current.store(next.into());
        *self.authorities.lock() = Some(authorities);
        Ok(())
    }

    /// What the next client is accepted by.
    pub fn current(&self) -> SslContext {
        (**self.current.load()).clone()
    }
}

/// The one place where a context is made, the first as well as the hundredth.
fn context(authorities: &[X509], pair: &Pair) -> Result<SslContext, ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_3))?;
    context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
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
