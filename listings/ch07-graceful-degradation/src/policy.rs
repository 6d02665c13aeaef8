//! What happens at the end of the budget.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::{AGAIN, accept_counting, converse_within};
use ch03_handshake_hook::{CertResolver, answered, hooked_config};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::budget::Level;
use crate::keeper::Keeper;

// ANCHOR: policy
/// What a server does when its certificate has expired and there is no other. Under each policy,
/// open connections go on, and a new identity mends everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AtTheEnd {
    /// Serve on, and leave the decision to each client. In a full handshake, clients check the
    /// certificate and fail; most clients that resume a session do not check it. Only this policy
    /// rejects no client if the server's own clock is wrong. By that clock, `/ready` is red under
    /// each policy.
    ServeOn,
    /// Complete no handshake, not even by resumption. Clients see the alert `access_denied`, which
    /// says nothing about certificates.
    RefuseHandshakes,
    /// Close the listener. Connections are refused, so clients go to another server if there is
    /// one. The server listens again when it has a valid certificate.
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
/// Serves under `policy`, forever.
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
        listener = listen_again(address, &keeper).await;
    }
}
// ANCHOR_END: serve

// ANCHOR: counting
/// Chapter 3's loop, which also counts the handshakes that completed, those that did not, and the attempts to accept a
/// client that failed: then no handshake begins.
async fn serve_counting(listener: TcpListener, config: Arc<ServerConfig>, keeper: &Arc<Keeper>) {
    let acceptor = TlsAcceptor::from(config);
    loop {
        let tcp = accept_counting(&listener, || keeper.count_accept_failed()).await;
        let (accepting, keeper) = (acceptor.accept(tcp), keeper.clone());
        tokio::spawn(async move {
            let Some((stream, generation)) = answered(accepting).await else {
                keeper.count_handshake(false);
                return;
            };
            keeper.count_handshake(true);
            drop(keeper);
            // Between two requests of the demo there are days. When a silent client has to go, chapter 6 says.
            converse_within(Duration::MAX, stream, generation).await;
        });
    }
}
// ANCHOR_END: counting

/// Another process may have the port for a moment, so this tries each second until the port is free, and
/// says so once a minute. To end instead would cut the open connections.
async fn listen_again(address: SocketAddr, keeper: &Keeper) -> TcpListener {
    let mut told: Option<Instant> = None;
    loop {
        let listening = ch01_restart_baseline::listen(address).await;
        keeper.state().deaf = listening.is_err();
        match listening {
            Ok(listener) => return listener,
            Err(error) if told.is_none_or(|told| told.elapsed() >= AGAIN) => {
                tracing::error!(event = "listen_failed", port = address.port(), why = %error);
                told = Some(Instant::now());
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
