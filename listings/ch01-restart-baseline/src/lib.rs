//! A TLS server that loads its certificate once, and what it takes to change it.
//!
//! The certificate is an argument of the process. To rotate it, the process must end and begin
//! again: see [supervisor] for one process, and [stampede] for a fleet of them. This file is the
//! server: [`load_once`], [`serve`], and one [`connection`], which later chapters use again.
//!
//! # Examples
//! The files are replaced, and the server does not know:
//!
//! ```
//! use ch01_restart_baseline::load_once;
//! use lab::agent::{Agent, Strategy};
//! use lab::client::{Options, config};
//!
//! let directory = lab::directory()?;
//! let mut agent = Agent::started(directory.path(), Strategy::RenameEach)?;
//! let files = agent.files();
//! let server = load_once(&files.certificate, &files.key, 1)?;
//! agent.rotate()?;
//!
//! let client = config(agent.root_pem(), Options::default())?;
//! let (_, client) = lab::memory::handshake(&server, &client)?;
//! let shown = lab::chain::facts(client.peer_certificates().unwrap_or_default())?;
//! assert_eq!(shown.serial, "1001");
//! # Ok::<_, lab::Error>(())
//! ```

pub mod file;
pub mod log_form;
pub mod stampede;
pub mod supervisor;

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lab::chain;
use lab::line::plain;
use lab::wire::{BLOCK, IDLE_BOUND, ROOM_BOUND};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

// ANCHOR: load_once
/// Reads certificate and key, once, and builds the configuration that serves them forever.
///
/// # Errors
/// When a file cannot be read or parsed, or when the key does not belong to the certificate.
pub fn load_once(certificate: &Path, key: &Path, generation: u64) -> io::Result<Arc<ServerConfig>> {
    let chain = file::read(certificate).map_err(|error| in_file(certificate, &error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain.map_err(|error| in_file(certificate, &error))?;
    let facts = chain::facts(&chain).map_err(|error| in_file(certificate, &error))?;
    let private = file::read(key).map_err(|error| in_file(key, &error))?;
    // What the parser says may repeat bytes of the key.
    let private = PrivateKeyDer::from_pem_slice(&private)
        .map_err(|_| in_file(key, &"it holds no key in PEM"))?;
    let config = server_config()
        .with_single_cert(chain, private)
        .map_err(|error| in_file(key, &error))?;
    tracing::info!(
        event = "identity_loaded",
        generation,
        serial = facts.serial,
        not_after = facts.not_after,
        chain_sha256 = facts.chain_sha256,
    );
    Ok(Arc::new(config))
}

// ANCHOR: serve
/// Accepts connections forever, all under the one configuration.
pub async fn serve(listener: TcpListener, config: Arc<ServerConfig>, generation: u64) {
    let acceptor = TlsAcceptor::from(config);
    loop {
        let tcp = accept(&listener).await;
        tokio::spawn(connection(tcp, acceptor.clone(), generation));
    }
}
// ANCHOR_END: serve
// ANCHOR_END: load_once

/// Ends a program: a failure is one line on stderr, and exit code 1.
pub fn exit(outcome: io::Result<()>) -> ExitCode {
    lab::emit::flush();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody reads it any more, the code says it.
            let error = error.to_string();
            let lines: Vec<_> = error.split('\n').map(plain).collect();
            let _ = writeln!(io::stderr(), "error: {}", lines.join("\n"));
            ExitCode::FAILURE
        }
    }
}

/// Runs a demo until it is done, or until the process is told to end: then what it holds is let
/// go of, so that no server and no directory outlives it.
///
/// # Errors
/// What the demo says, or that it was told to end.
pub async fn until_told(demo: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        done = demo => done,
        _ = terminate.recv() => Err(io::ErrorKind::Interrupted.into()),
        _ = interrupt.recv() => Err(io::ErrorKind::Interrupted.into()),
    }
}

/// An error that says which file.
fn in_file(path: &Path, error: &dyn Display) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

/// The part of a server's configuration that no chapter changes: aws-lc-rs, TLS 1.2 and 1.3, and
/// no client authentication.
pub fn server_config() -> rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the cipher suites of TLS 1.2 and 1.3")
        .with_no_client_auth()
}

/// Binds a listener and logs `listening`.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    let port = listener.local_addr()?.port();
    tracing::info!(event = "listening", port);
    Ok(listener)
}

/// While clients cannot be accepted the log says so this often, and not with each attempt.
pub const AGAIN: Duration = Duration::from_secs(60);

/// Waits for the next client. A failure to accept (no descriptor left, say) is logged as
/// `accept_failed`, since no handshake began, and does not end the server. The next client that is
/// accepted ends it.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    accept_counting(listener, || ()).await
}

/// The same, with each attempt that failed given to `failed`.
pub async fn accept_counting(listener: &TcpListener, failed: impl Fn()) -> TcpStream {
    let mut told: Option<Instant> = None;
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                // The answers are small; without this each waits for an acknowledgement.
                let _ = tcp.set_nodelay(true);
                if told.is_some() {
                    tracing::info!(event = "fault_ended", fault = "accept_failed");
                }
                return tcp;
            }
            Err(error) => {
                failed();
                if told.is_none_or(|told| told.elapsed() >= AGAIN) {
                    tracing::warn!(event = "accept_failed", why = %error);
                    told = Some(Instant::now());
                }
                // Descriptors come back as connections close. Time is the subject here: retrying
                // at once would only burn a core.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// How long a client may take over its handshake. A client that says nothing must not hold a
/// connection forever.
pub const HANDSHAKE_BOUND: Duration = Duration::from_secs(10);

/// One connection of a generation that is known before the handshake.
pub async fn connection(tcp: TcpStream, acceptor: TlsAcceptor, generation: u64) {
    if let Some(stream) = handshake(acceptor.accept(tcp)).await {
        converse(stream, Some(generation)).await;
    }
}

/// Completes a handshake within [`HANDSHAKE_BOUND`]. Logs `handshake_failed` where it does not.
pub async fn handshake<T>(accepting: impl Future<Output = io::Result<T>>) -> Option<T> {
    match timeout(HANDSHAKE_BOUND, accepting).await {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => failed(&error),
        Err(_) => failed(&"the client took too long"),
    }
    None
}

fn failed(error: &dyn Display) {
    tracing::info!(event = "handshake_failed", why = %error);
}

/// Answers the lab's protocol until the client is done, and logs the connection's two ends.
///
/// `generation` is the one under which the connection was opened, where that can be known.
pub async fn converse<S>(stream: TlsStream<S>, generation: Option<u64>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    converse_within(IDLE_BOUND, stream, generation).await;
}

/// The same with clients that may ask nothing for so long.
pub async fn converse_within<S>(idle: Duration, mut stream: TlsStream<S>, generation: Option<u64>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let session = stream.get_mut().1;
    // One record waits for a client that does not read. rustls would keep four.
    session.set_buffer_limit(Some(BLOCK));
    let (resumed, tls) = how(session);
    answer(idle, stream, Opened::log(generation, resumed, tls)).await;
}

/// [`converse`], over the stream of any TLS library: whether the session was `resumed`, and its
/// version of `tls` (`1.2` or `1.3`), are the caller's to know.
pub async fn converse_over<S>(stream: S, generation: Option<u64>, resumed: bool, tls: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    answer(IDLE_BOUND, stream, Opened::log(generation, resumed, tls)).await;
}

async fn answer<S>(idle: Duration, mut stream: S, opened: Opened)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (bytes, why) = match lab::wire::serve_within(idle, &mut stream).await {
        Ok(bytes) => {
            // The client has left; whether our goodbye reaches it no longer matters.
            let _ = timeout(ROOM_BOUND, stream.shutdown()).await;
            (bytes, "client_closed")
        }
        Err((bytes, _)) => (bytes, "cut"),
    };
    opened.closed(bytes, why);
}

/// Whether a session was resumed, and its version of TLS.
pub fn how(session: &ServerConnection) -> (bool, &'static str) {
    let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
    let tls = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "1.2",
        _ => "1.3",
    };
    (resumed, tls)
}

/// A connection whose beginning is in the log, and whose end is not yet.
#[derive(Debug)]
pub struct Opened {
    /// Counts up from 1 in a process.
    pub connection: u64,
    generation: Option<u64>,
}

impl Opened {
    /// Numbers a connection whose handshake is complete, and logs `connection_opened`.
    pub fn log(generation: Option<u64>, resumed: bool, tls: &'static str) -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let connection = OPENED.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::debug!(
            event = "connection_opened",
            connection,
            generation,
            resumed,
            tls,
        );
        Self {
            connection,
            generation,
        }
    }

    /// Logs `connection_closed`: how many bytes of body were sent, and why it ended.
    pub fn closed(self, bytes: u64, why: &str) {
        tracing::debug!(
            event = "connection_closed",
            connection = self.connection,
            generation = self.generation,
            bytes,
            why
        );
    }
}
