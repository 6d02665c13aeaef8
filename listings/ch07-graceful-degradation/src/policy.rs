//! What happens at the end of the budget.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::{accept, converse};
use ch03_handshake_hook::{CertResolver, answered, hooked_config};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::Keeper;
use crate::budget::Level;

// ANCHOR: policy
/// What a server does when what it serves has expired, and nothing else is there. Under each,
/// connections that are open go on, and a new identity mends everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AtTheEnd {
    /// Serve on, and leave the decision to each client. A full handshake checks the certificate and
    /// fails; most clients that resume a session do not look at it. The only policy that turns no
    /// client away when it is this server's clock that is wrong. `/ready` is red by that clock under
    /// each of them.
    ServeOn,
    /// Complete no handshake. Clients see an alert, `access_denied`, that says nothing of
    /// certificates; nobody gets in, not by resumption either.
    RefuseHandshakes,
    /// Close the listener. Clients see a refused connection, and go to another server if there is
    /// one. Listens again when there is something to serve.
    StopListening,
}
// ANCHOR_END: policy

// ANCHOR: gate
/// The hook of chapter 3, with a look at the clock before it.
#[derive(Debug)]
struct Gate {
    hook: CertResolver,
    keeper: Arc<Keeper>,
    policy: AtTheEnd,
}

impl ResolvesServerCert for Gate {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let expired = || self.keeper.seconds_left().is_some_and(|left| left < 0);
        if self.policy == AtTheEnd::RefuseHandshakes && expired() {
            return None;
        }
        self.hook.resolve(hello)
    }
}
// ANCHOR_END: gate

/// The configuration of a server that follows `policy`.
pub fn config(keeper: Arc<Keeper>, policy: AtTheEnd) -> Arc<ServerConfig> {
    hooked_config(Gate {
        hook: CertResolver(keeper.store().clone()),
        keeper,
        policy,
    })
}

// ANCHOR: serve
/// Serves under `policy`, for ever.
///
/// # Errors
/// When the listener cannot tell its address.
pub async fn serve(listener: TcpListener, keeper: Arc<Keeper>, policy: AtTheEnd) -> io::Result<()> {
    let address = listener.local_addr()?;
    let config = config(keeper.clone(), policy);
    let mut alarm = keeper.alarm();
    let mut listener = listener;
    loop {
        let serving = serve_counting(listener, config.clone(), &keeper);
        if policy != AtTheEnd::StopListening {
            serving.await;
            return Ok(());
        }
        tokio::select! {
            // Never returns. Dropped, it closes the listener; its connections have their own tasks.
            () = serving => return Ok(()),
            // The keeper holds the sender, so this only ends with the wanted value.
            _ = alarm.wait_for(|alarm| alarm.level == Level::Expired) => {}
        }
        tracing::error!(
            event = "listening_stopped",
            port = address.port(),
            why = "expired"
        );
        let _ = alarm.wait_for(|alarm| alarm.level != Level::Expired).await;
        listener = listen_again(address).await;
    }
}
// ANCHOR_END: serve

// ANCHOR: counting
/// Chapter 3's loop, which also counts the handshakes that completed, and those that did not.
async fn serve_counting(listener: TcpListener, config: Arc<ServerConfig>, keeper: &Arc<Keeper>) {
    let acceptor = TlsAcceptor::from(config);
    loop {
        let tcp = accept(&listener).await;
        let (accepting, keeper) = (acceptor.accept(tcp), keeper.clone());
        tokio::spawn(async move {
            let Some((stream, generation)) = answered(accepting).await else {
                keeper.count_handshake(false);
                return;
            };
            keeper.count_handshake(true);
            drop(keeper);
            converse(stream, generation).await;
        });
    }
}
// ANCHOR_END: counting

/// Somebody else may have the port for a moment: tries each second until it can be had. To end
/// would cut the connections that are open.
async fn listen_again(address: SocketAddr) -> TcpListener {
    loop {
        match ch01_restart_baseline::listen(address).await {
            Ok(listener) => return listener,
            Err(error) => {
                tracing::error!(event = "listen_failed", port = address.port(), why = %error);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
