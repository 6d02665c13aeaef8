//! Accepts TLS connections for hyper, and for what is built on it: axum, tonic.

use std::convert::Infallible;
use std::error::Error;
use std::io::{Write, stderr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::service::{Service as _, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::rotating::Rotating;

// ANCHOR: serve
/// A client has so long for its handshake, and again until its first request is there.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// And so long for each later one. Clients let an idle connection go before, many after 90 seconds.
const IDLE: Duration = Duration::from_secs(120);
/// And so long to make room for an answer that it has asked for.
const ROOM: Duration = Duration::from_secs(30);

/// Keeps SIGHUP from ending this process: `systemctl reload` and hooks of agents send it, and the
/// files are looked at anyway. Call it in a runtime, before [`Rotating::start`]; it holds until the
/// process ends.
pub fn hangups_are_heard() {
    if let Err(why) = signal(SignalKind::hangup()) {
        let _ = writeln!(stderr(), "SIGHUP would end this process: {why}");
    }
}

/// Has the kernel end each connection of this listener whose client takes nothing for 30 seconds of what
/// it was sent. Linux does so when its next probe is due, some time later; elsewhere such a client stays.
pub fn bounded<'a>(listener: impl Into<SockRef<'a>>) {
    #[cfg(target_os = "linux")]
    if let Err(why) = listener.into().set_tcp_user_timeout(Some(ROOM)) {
        let _ = writeln!(stderr(), "clients that do not read are not given up: {why}");
    }
}

/// A configuration for the life of the process: each handshake asks `pair` for the certificate.
pub fn config(pair: Arc<Rotating>) -> Arc<ServerConfig> {
    let config = ServerConfig::builder().with_no_client_auth();
    let mut config = config.with_cert_resolver(pair);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Serves HTTP/1.1 and HTTP/2 forever. Each handshake has a task of its own: a silent client delays
/// no other.
pub async fn serve<S, B>(listener: TcpListener, config: Arc<ServerConfig>, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    bounded(&listener); // Its connections inherit that.
    let acceptor = TlsAcceptor::from(config);
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            // No descriptor is left, say: connections that end give some back.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(service.clone()));
        tokio::spawn(async move {
            let Ok(Ok(tls)) = timeout(HANDSHAKE, acceptor.accept(tcp)).await else {
                return;
            };
            let mut http = auto::Builder::new(TokioExecutor::new());
            // Without timers, a client that stops within a request holds its place forever.
            let timer = TokioTimer::new();
            http.http1().timer(timer.clone()).header_read_timeout(IDLE);
            http.http2().timer(timer).keep_alive_interval(IDLE);
            let asked = &Notify::new();
            let service = service_fn(move |request: Request<Incoming>| {
                asked.notify_one();
                service.call(request)
            });
            let connection = http.serve_connection_with_upgrades(TokioIo::new(tls), service);
            let mut connection = pin!(connection);
            // How a connection ends is its client's business.
            tokio::select! {
                _ = connection.as_mut() => {}
                first = timeout(HANDSHAKE, asked.notified()) => {
                    if first.is_ok() {
                        let _ = connection.await;
                    }
                }
            }
        });
    }
}
// ANCHOR_END: serve
