//! The server that a client under test speaks to. It shows what it is told to show, asks for certificates, and
//! writes down what each connection brought.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lab::authority::Issued;
use lab::chain;
use parking_lot::Mutex;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, HandshakeKind, RootCertStore, ServerConfig,
    SignatureScheme,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::error::Error;

/// What a connection brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its handshake is complete.
    Opened(Opened),
    /// Its handshake failed, with the reason: the client objected, or was gone.
    Refused {
        /// The how many-th identity it was shown.
        epoch: u64,
        /// The alert, or how the connection ended.
        why: String,
    },
    /// A request came, so long after the beginning.
    Asked {
        /// The number of its connection.
        connection: u64,
        /// When.
        at: Duration,
    },
    /// A connection whose handshake was complete has ended, without an alert.
    Closed {
        /// Its number.
        connection: u64,
        /// Whether it had been asked to leave: then to end says nothing of the client.
        asked_to: bool,
    },
}

/// A handshake that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub connection: u64,
    /// The how many-th identity it was shown.
    pub epoch: u64,
    /// Whether an earlier session was resumed: then nothing was shown, and nothing was verified.
    pub resumed: bool,
    /// The serial number of the client's certificate, if it sent one.
    pub client: Option<String>,
}

/// The server.
pub struct Peer {
    shared: Arc<Shared>,
    address: SocketAddr,
    _accepting: JoinSet<()>,
}

struct Shared {
    start: Instant,
    shown: Mutex<(u64, Arc<ServerConfig>)>,
    events: Mutex<Vec<Event>>,
    grown: watch::Sender<usize>,
    /// Connections of an earlier round are asked to leave.
    round: watch::Sender<u64>,
    connections: AtomicU64,
}

impl Peer {
    /// Listens on a free port of the loopback address, and shows `identity`.
    ///
    /// # Errors
    /// When there is no such port, or rustls does not take the identity.
    pub async fn start(identity: &Issued, asks_for: &str) -> Result<Self, Error> {
        let listener = TcpListener::bind(lab::any_port()).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            start: Instant::now(),
            shown: Mutex::new((1, config(identity, asks_for)?)),
            events: Mutex::default(),
            grown: watch::Sender::new(0),
            round: watch::Sender::new(0),
            connections: AtomicU64::new(0),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, shared.clone()));
        Ok(Self {
            shared,
            address,
            _accepting: accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows this from now on, with sessions of its own, and returns its number. The certificates that it
    /// asks clients for are those of the authorities in `asks_for`.
    ///
    /// # Errors
    /// When rustls does not take the identity.
    pub fn show(&self, identity: &Issued, asks_for: &str) -> Result<u64, Error> {
        let next = config(identity, asks_for)?;
        Ok(self.show_config(next))
    }

    /// What it shows now, to be shown again with the same sessions.
    pub fn shown(&self) -> Arc<ServerConfig> {
        self.shared.shown.lock().1.clone()
    }

    /// Shows this again: sessions that began under it can be resumed.
    pub fn show_config(&self, config: Arc<ServerConfig>) -> u64 {
        let mut shown = self.shared.shown.lock();
        *shown = (shown.0 + 1, config);
        let epoch = shown.0;
        drop(shown);
        self.ask_to_leave();
        epoch
    }

    /// Asks each client to open a new connection, as a server may at any time: by `Connection: close` with
    /// the next answer (RFC 9112, section 9.6), or GOAWAY (RFC 9113, section 6.8).
    pub fn ask_to_leave(&self) {
        self.shared.round.send_modify(|round| *round += 1);
    }

    /// Time since it was started.
    pub fn now(&self) -> Duration {
        self.shared.start.elapsed()
    }

    /// How many events there are. What is waited for next comes after these.
    pub fn mark(&self) -> usize {
        self.shared.events.lock().len()
    }

    /// The events from a mark on.
    pub fn since(&self, mark: usize) -> Vec<Event> {
        self.shared
            .events
            .lock()
            .iter()
            .skip(mark)
            .cloned()
            .collect()
    }

    /// Waits for the first event from `mark` on of which `wanted` makes something. `None`: none came until
    /// then.
    pub async fn wait<T>(
        &self,
        mark: usize,
        until: Instant,
        mut wanted: impl FnMut(&Event) -> Option<T>,
    ) -> Option<T> {
        let mut grown = self.shared.grown.subscribe();
        let mut at = mark;
        loop {
            let new = self.since(at);
            at += new.len();
            if let Some(found) = new.iter().find_map(&mut wanted) {
                return Some(found);
            }
            match timeout_at(until, grown.wait_for(|length| *length > at)).await {
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => return None,
            }
        }
    }
}

impl Shared {
    fn put(&self, event: Event) {
        let mut events = self.events.lock();
        events.push(event);
        self.grown.send_replace(events.len());
    }
}

fn config(identity: &Issued, asks_for: &str) -> Result<Arc<ServerConfig>, Error> {
    let chain = CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(Error::issue)?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes());
    let key = key.map_err(|_| Error::Invalid("a key that was just made is none".into()))?;
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(asks_for.as_bytes()) {
        roots
            .add(root.map_err(Error::issue)?)
            .map_err(Error::issue)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let asking = Asking {
        hints: roots.subjects(),
        provider: provider.clone(),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::issue)?
        .with_client_cert_verifier(Arc::new(asking))
        .with_single_cert(chain, key)
        .map_err(Error::issue)?;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(Error::issue)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Asks for a certificate of some authorities, and takes whatever comes: what a client sends is what is to be
/// known, and a rejected handshake would change what it does next.
#[derive(Debug)]
struct Asking {
    hints: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Asking {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => drop(connections.spawn(connection(tcp, shared.clone()))),
            // A shortage of descriptors, say: it lasts a while.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(tcp: TcpStream, shared: Arc<Shared>) {
    // The round first: whoever changes what is shown then asks this connection to leave, too.
    let mut round = shared.round.subscribe();
    let since = *round.borrow_and_update();
    let (epoch, config) = shared.shown.lock().clone();
    let _ = tcp.set_nodelay(true);
    let stream = match TlsAcceptor::from(config).accept(tcp).await {
        Ok(stream) => stream,
        Err(error) => {
            let why = said(&error);
            return shared.put(Event::Refused { epoch, why });
        }
    };
    let connection = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
    let (_, tls) = stream.get_ref();
    let client = tls
        .peer_certificates()
        .and_then(|chain| chain::facts(chain).ok());
    let resumed = tls.handshake_kind() == Some(HandshakeKind::Resumed);
    shared.put(Event::Opened(Opened {
        connection,
        epoch,
        resumed,
        client: client.map(|facts| facts.serial),
    }));
    let ended = serve(stream, &shared, connection, (round, since)).await;
    // With TLS 1.3 a client may object after the server's own handshake was complete.
    shared.put(match ended.err().and_then(|error| alert(&*error)) {
        Some(why) => Event::Refused { epoch, why },
        None => Event::Closed {
            connection,
            asked_to: *shared.round.borrow() > since,
        },
    });
}

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn serve(
    stream: TlsStream<TcpStream>,
    shared: &Shared,
    connection: u64,
    (mut round, since): (watch::Receiver<u64>, u64),
) -> Ended {
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let leaving = AtomicBool::new(false);
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let at = shared.start.elapsed();
        shared.put(Event::Asked { connection, at });
        let mut answer = Response::new(Full::new(body(request.uri().path())));
        if leaving.load(Ordering::Relaxed) && !is_http2 {
            answer
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let leave = async {
        // The sender lives as long as the server.
        let _ = round.wait_for(|round| *round > since).await;
        leaving.store(true, Ordering::Relaxed);
    };
    let io = TokioIo::new(stream);
    if is_http2 {
        let mut served =
            pin!(http2::Builder::new(TokioExecutor::new()).serve_connection(io, service));
        tokio::select! {
            ended = served.as_mut() => return Ok(ended?),
            () = leave => served.as_mut().graceful_shutdown(),
        }
        return Ok(served.await?);
    }
    let mut served = pin!(http1::Builder::new().serve_connection(io, service));
    tokio::select! {
        ended = served.as_mut() => return Ok(ended?),
        () = leave => {}
    }
    Ok(served.await?)
}

/// Of `/bytes/N` the known body, for a client of this book; otherwise a word.
fn body(path: &str) -> Bytes {
    const MOST: usize = 1 << 20;
    let size = path
        .strip_prefix("/bytes/")
        .and_then(|size| size.parse().ok());
    let Some(size) = size.filter(|size| *size <= MOST) else {
        return Bytes::from_static(b"ok\n");
    };
    let mut known = vec![0; size];
    lab::wire::body(0, &mut known);
    known.into()
}

/// What ended a handshake.
fn said(error: &io::Error) -> String {
    alert(error).unwrap_or_else(|| match error.kind() {
        io::ErrorKind::UnexpectedEof => "the client closed the connection".into(),
        _ => error.to_string(),
    })
}

/// The alert that the client sent, somewhere below an error.
fn alert(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut causes = BTreeSet::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::AlertReceived(alert)) = error.downcast_ref() {
            return Some(format!("the client sent the alert {alert:?}"));
        }
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = inner
            .map(|inner| inner as &(dyn std::error::Error + 'static))
            .or_else(|| error.source());
        // A circle of causes would be a defect elsewhere, and no reason to hang.
        if !causes.insert(std::ptr::from_ref(error).cast::<()>() as usize) {
            return None;
        }
    }
    None
}
