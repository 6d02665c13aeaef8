//! A server that lets clients in by what is in force now, and asks those to leave that depend on a
//! root that has to go.

use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::{Opened, accept, handshake, how};
use ch02_hot_reload::IdentityStore;
use ch06_in_flight_requests::session::Session;
use ch06_in_flight_requests::{Due, converse, life, share};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::roots::Roots;

// ANCHOR: server
/// Serves each connection under the generation that was current when it came, or that of the session
/// with which it came back.
#[derive(Debug)]
pub struct Server {
    /// The generations.
    pub store: Arc<IdentityStore>,
    /// The roots, by whose loader they are built.
    pub roots: Arc<Roots>,
    /// How long a connection may live before it is asked to leave. One whose client's certificate
    /// expires earlier may live until then.
    pub max_age: Duration,
    /// The share of that, from 0 to 1, by which connections are asked earlier, each by another part of
    /// it: clients that came together, or whose certificates end together, must not all return together.
    pub jitter: f64,
    /// The time over which the connections that depend on a draining root are asked to leave. While
    /// it drains, each of them comes back with a full handshake.
    pub spread: Duration,
    /// How long a connection that is asked to leave may take to finish what it is at.
    pub grace: Duration,
    /// How long a session may be resumed, from the handshake on in which certificates were shown.
    pub session_life: Duration,
}

impl Server {
    /// Accepts connections forever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let tcp = accept(&listener).await;
            tokio::spawn(self.clone().connection(tcp));
        }
    }

    /// Serves one connection from its handshake to its end.
    pub async fn connection<S>(self: Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let current = self.store.current();
        let session = Session::new(current.clone(), self.session_life, |_| true);
        let acceptor = TlsAcceptor::from(session.config());
        let Some(stream) = handshake(acceptor.accept(stream)).await else {
            return;
        };
        let (resumed, tls) = how(stream.get_ref().1);
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let hold = match self.roots.let_in(&self.store, &current, chain) {
            Ok(hold) => hold,
            // Not a byte was read or written for it.
            Err(rejected) => {
                return tracing::info!(event = "handshake_failed", why = rejected.detail);
            }
        };
        let most = self.max_age.min(self.roots.certificate_left(chain));
        let opened = Opened::log(Some(session.generation()), resumed, tls);
        let share = share(opened.connection);
        let (life, turn) = (life(most, self.jitter, share), self.spread.mul_f64(share));
        let due = async {
            tokio::select! {
                () = hold.leaving(turn) => Due::Generation,
                () = sleep(life) => Due::Age,
            }
        };
        let (bytes, end) = converse(stream, due, self.grace).await;
        opened.closed(bytes, end.word());
    }
}
// ANCHOR_END: server
