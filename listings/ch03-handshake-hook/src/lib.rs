//! The handshake asks for the certificate.
//!
//! [`CertResolver`] is what rustls calls when a client says hello. It answers with the pair of the
//! current generation: one atomic load, no file, no lock. [`watch`] keeps the generation current.
//! [`naive`] is how the same resolver comes out when it is written in an afternoon.
//!
//! # Examples
//! One configuration for the life of the process shows whatever is current:
//!
//! ```
//! use ch02_hot_reload::IdentityStore;
//! use ch02_hot_reload::identity::Source;
//! use ch03_handshake_hook::{CertResolver, hooked_config};
//! use lab::agent::{Agent, Strategy};
//! use lab::client::{Options, config};
//!
//! let directory = lab::directory()?;
//! let mut agent = Agent::started(directory.path(), Strategy::Bundle)?;
//! let store = IdentityStore::start(Source::localhost(agent.files()))?;
//! let server = hooked_config(CertResolver(store.clone()));
//! agent.rotate()?;
//! store.reload();
//!
//! let client = config(agent.root_pem(), Options::default())?;
//! let (_, client) = lab::memory::handshake(&server, &client)?;
//! let shown = lab::chain::facts(client.peer_certificates().unwrap_or_default())?;
//! assert_eq!(shown.serial, "1002");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub mod naive;
pub mod watch;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::Arc;

use ch01_restart_baseline::{accept, converse, handshake, server_config};
use ch02_hot_reload::IdentityStore;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{HandshakeKind, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

// ANCHOR: hook
/// Answers each hello with the pair of the generation that is current at that moment.
pub struct CertResolver(pub Arc<IdentityStore>);

impl ResolvesServerCert for CertResolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let generation = self.0.current();
        // The connection that asks may want to know the answer; see `answered`.
        let _ = ANSWERED.try_with(|answered| answered.set(Some(generation.number)));
        Some(generation.identity.certified.clone())
    }
}

/// One configuration for the life of the process. Only the hook's answer changes.
pub fn hooked_config(hook: impl ResolvesServerCert + 'static) -> Arc<ServerConfig> {
    Arc::new(server_config().with_cert_resolver(Arc::new(hook)))
}
// ANCHOR_END: hook

impl fmt::Debug for CertResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertResolver(generation {})", self.0.current().number)
    }
}

// ANCHOR: serve
tokio::task_local! {
    /// The generation with which the hook answered the handshake of this task.
    static ANSWERED: Cell<Option<u64>>;
}

/// Accepts connections forever, all under one configuration.
pub async fn serve(listener: TcpListener, config: Arc<ServerConfig>) {
    let acceptor = TlsAcceptor::from(config);
    loop {
        let tcp = accept(&listener).await;
        let accepting = acceptor.accept(tcp);
        tokio::spawn(async move {
            if let Some((stream, generation)) = answered(accepting).await {
                converse(stream, generation).await;
            }
        });
    }
}

/// Completes a handshake. Returns its stream, and the generation under which it was answered.
///
/// rustls calls the hook from within the handshake, and does not say what it answered. The
/// handshake runs in a scope of its own, where the hook leaves the number.
pub async fn answered(
    accepting: impl Future<Output = io::Result<TlsStream<TcpStream>>>,
) -> Option<(TlsStream<TcpStream>, Option<u64>)> {
    let answering = async {
        let stream = handshake(accepting).await?;
        // On resumption no certificate was sent, whatever the hook answered.
        let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        let generation = ANSWERED.with(Cell::get).filter(|_| !resumed);
        Some((stream, generation))
    };
    ANSWERED.scope(Cell::new(None), answering).await
}
// ANCHOR_END: serve
