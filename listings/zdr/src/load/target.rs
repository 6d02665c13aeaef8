//! The server as clients see it: where it is, what it speaks, what it may show; and one request to it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attempt::FailureKind;
use crate::attempt::failure::ANSWERED_STRANGER;
use crate::attempt::failure::Where;
use ch06_in_flight_requests::client::{Download, Http, Version, asks_to_leave};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::{self, Client, Options, Seen};
use rustls::{ClientConfig, KeyLog};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::client::TlsStream;

use crate::load::awake::within;
use crate::load::dialogue::{Speech, Told, before_tls};
use crate::load::failure::Failed;
use crate::load::issued_chains::Chains;
use crate::load::quic::QuicClient;
use crate::load::read_ahead::ReadAhead;
use crate::load::usual::Usual;
use crate::load::verifier::Verifier;
use crate::server::origin::DOWNLOAD;
use crate::server::spec::{Keys, Protocol};

/// The server that is called, and the identity of those who call it.
#[derive(Clone)]
pub struct Target {
    /// Where the server listens now. It may change when the server is started again.
    pub address: watch::Receiver<SocketAddr>,
    /// The name that its certificate bears.
    pub name: String,
    /// The trust anchors by which clients verify its certificate, in PEM.
    pub roots_pem: String,
    /// What clients and server speak.
    pub protocol: Protocol,
    /// What is said in a protocol that is not known.
    pub told: Arc<Told>,
    /// The path of a long answer, where the protocol has none of its own.
    pub download: Option<String>,
    /// The path that takes a long upload, where there is one.
    pub upload: Option<String>,
    /// The path of a WebSocket that echoes, where there is one.
    pub websocket: Option<String>,
    /// Whether it has the health service of gRPC.
    pub grpc: bool,
    /// Whether HTTP/3 is spoken on the UDP port of the same number.
    pub http3: bool,
    /// The kind of key that its clients take, where it has two; and the other one.
    pub kinds: Option<(Keys, Keys)>,
    /// Another name of the server, where it has one, and the chains that it may show for that.
    pub sibling: Option<(String, Arc<Chains>)>,
    /// The certificate that clients show where the server asks for one.
    pub identity: Option<Arc<Issued>>,
    /// How long a client waits for a connection or an answer.
    pub patience: Duration,
    /// The chains that the server may show.
    pub chains: Arc<Chains>,
    /// Takes the secrets of handshakes, where they are kept.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// Has those who read long answers look whether they were cut.
    pub read_ahead: Arc<ReadAhead>,
    /// What it answers while nothing is rotated, where its pages are not known.
    pub usual: Arc<Usual>,
}

/// The name of the root of the clients' authority.
pub(crate) const CLIENTS: &str = "Clients";

/// What a handshake showed, and when it was complete.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// What it showed.
    pub seen: Seen,
    /// The end of the handshake. The request comes after it.
    pub at: Instant,
}

impl Sighting {
    /// A handshake that is complete at this moment.
    pub fn now(seen: &Seen) -> Self {
        Self {
            seen: seen.clone(),
            at: Instant::now(),
        }
    }
}

impl Target {
    /// A client of this server.
    ///
    /// # Errors
    /// When there is no usable trust anchor, or the name is none.
    pub fn client(
        &self,
        version: Option<Version>,
        resume: bool,
        identity: Option<&Issued>,
    ) -> io::Result<Client> {
        let options = Options {
            resume,
            ..Options::default()
        };
        self.client_with(version, options, identity)
    }

    /// The same, with other options than whether to resume.
    ///
    /// # Errors
    /// As [`Target::client`].
    pub fn client_with(
        &self,
        version: Option<Version>,
        options: Options,
        identity: Option<&Issued>,
    ) -> io::Result<Client> {
        let config = self.config_with(version, options, identity)?;
        Ok(Client::with_config(config, &self.name)?)
    }

    /// What such a client offers.
    pub(crate) fn config_with(
        &self,
        version: Option<Version>,
        options: Options,
        identity: Option<&Issued>,
    ) -> io::Result<Arc<ClientConfig>> {
        let mut config = match identity {
            Some(identity) => lab::mutual::client_config(identity, &self.roots_pem, options)?,
            None => client::config(&self.roots_pem, options)?,
        };
        let taken = Arc::make_mut(&mut config);
        if let Some(key_log) = &self.key_log {
            taken.key_log = Arc::clone(key_log);
        }
        let verifier = Arc::new(self.verifier()?);
        taken.dangerous().set_certificate_verifier(verifier);
        taken.alpn_protocols = match (self.protocol.is_http(), version) {
            (false, _) => self.told.alpn(),
            (true, Some(Version::Http2)) => vec![b"h2".to_vec()],
            (true, _) => vec![b"http/1.1".to_vec()],
        };
        Ok(config)
    }

    /// What is spoken, for a dialogue.
    pub(crate) fn speech(&self) -> Speech {
        Speech {
            protocol: self.protocol,
            told: Arc::clone(&self.told),
        }
    }

    /// How its clients verify what they are shown.
    pub(crate) fn verifier(&self) -> io::Result<Verifier> {
        let kind = self.kinds.map(|(kind, _)| kind);
        Ok(Verifier::new(&self.roots_pem, kind)?)
    }

    /// A client of HTTP/3.
    ///
    /// # Errors
    /// As [`Target::client`].
    pub fn quic_client(&self) -> io::Result<QuicClient> {
        let identity = self.identity.as_deref();
        let config = self.config_with(None, Options::default(), identity)?;
        Ok(QuicClient::new(&config, self.verifier()?, &self.name))
    }

    /// A client that speaks TLS 1.2 and no later version.
    ///
    /// # Errors
    /// As [`Target::client`].
    pub fn tls12_client(&self) -> io::Result<Client> {
        let options = Options {
            tls12_only: true,
            ..Options::default()
        };
        self.client_with(None, options, self.identity.as_deref())
    }

    /// A client that names no server. It expects the certificate of this one nevertheless.
    ///
    /// # Errors
    /// As [`Target::client`].
    pub fn nameless_client(&self) -> io::Result<Client> {
        let identity = self.identity.as_deref();
        let mut config = self.config_with(None, Options::default(), identity)?;
        Arc::make_mut(&mut config).enable_sni = false;
        Ok(Client::with_config(config, &self.name)?)
    }

    /// Clients that a server which asks for certificates must reject, each with what is said if it does not: one has
    /// none, and one has one by an authority that nobody trusts, although it bears the name of the right one.
    ///
    /// # Errors
    /// As [`Target::client`].
    pub fn unauthenticated_clients(&self) -> io::Result<[(Client, &'static str); 2]> {
        let untrusted = Authority::named(CLIENTS)
            .and_then(|mut untrusted| untrusted.issue(&LeafRequest::new("client")))
            .map_err(io::Error::other)?;
        Ok([
            (
                self.client(None, false, None)?,
                "it was answered without a certificate",
            ),
            (
                self.client(None, false, Some(&untrusted))?,
                ANSWERED_STRANGER,
            ),
        ])
    }

    /// The same server for clients that take the second kind of key alone, where it has two.
    pub fn second(&self) -> Option<Self> {
        let (first, second) = self.kinds?;
        Some(Self {
            kinds: Some((second, first)),
            ..self.clone()
        })
    }

    /// The same server by its other name, where it has one.
    pub fn sibling(&self) -> Option<Self> {
        let (name, chains) = self.sibling.clone()?;
        Some(Self {
            name,
            chains,
            sibling: None,
            ..self.clone()
        })
    }

    /// Whether there is a long answer to ask for.
    pub fn has_downloads(&self) -> bool {
        match self.protocol {
            Protocol::Http | Protocol::Lab => true,
            _ => self.download.is_some(),
        }
    }

    /// Whether there is a conversation that can cross a rotation.
    pub fn has_conversations(&self) -> bool {
        // Streams of gRPC are conversations, too, and those may be ended in good order.
        let only_grpc = self.protocol == Protocol::Tls && self.grpc;
        (self.protocol.is_dialogue() && !only_grpc) || self.websocket.is_some()
    }

    /// Connects, asks for TLS where that does not begin at once, and completes a handshake.
    ///
    /// # Errors
    /// What the client's library said.
    pub async fn open(
        &self,
        client: &Client,
    ) -> Result<(TlsStream<TcpStream>, Seen), client::Failure> {
        let address = *self.address.borrow();
        if !self.protocol.is_dialogue() {
            return client.open(address).await;
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::ConnectionRefused => client::Failure::Refused,
            _ => client::Failure::Handshake(error),
        };
        let mut tcp = TcpStream::connect(address).await.map_err(failed)?;
        tcp.set_nodelay(true).map_err(failed)?;
        let agreed = before_tls(self.speech(), &mut tcp).await;
        agreed.map_err(client::Failure::Handshake)?;
        client.handshake(tcp).await
    }

    /// HTTP over a stream whose handshake is complete.
    pub(super) async fn http(
        &self,
        stream: TlsStream<TcpStream>,
        seen: Seen,
    ) -> Result<Http, Failed> {
        let http = Http::over(stream, seen).await.map_err(Failed::opening)?;
        Ok(http.with_host(&self.name))
    }

    /// Whether what was shown is something that was issued.
    pub(super) fn known(&self, seen: &Seen) -> Result<(), Failed> {
        // A session that is resumed tells of the time when it began.
        if seen.resumed || self.chains.generation(seen).is_some() {
            return Ok(());
        }
        let error = format!(
            "serial {} with a chain that was not issued",
            seen.chain.serial
        );
        Err(Failed::new(FailureKind::WrongChain, error))
    }

    /// A request over an open connection. Says whether the server asked the client to leave.
    pub(crate) async fn request(
        &self,
        http: &mut Http,
        size: u64,
        at: Where,
    ) -> Result<bool, Failed> {
        let any = self.protocol == Protocol::AnyHttp;
        let path = match any {
            true => "/".to_owned(),
            false => format!("/bytes/{size}"),
        };
        let answer = http.ask(&path).await;
        let answer = answer.map_err(|error| Failed::of(error, at))?;
        let status = answer.status();
        if any {
            self.usual.take(status)?;
            let (close, is_empty) = any_body(answer).await?;
            self.usual.take_page(status, is_empty)?;
            return Ok(close);
        }
        if !status.is_success() {
            return Err(Failed::new(FailureKind::Status, status.to_string()));
        }
        let mut body = Download::of(answer, size).map_err(|error| Failed::of(error, at))?;
        let finished = body.finish().await;
        finished.map_err(|error| Failed::of(error, Where::Answer))?;
        Ok(body.close())
    }

    /// The path of a long answer.
    pub(crate) fn download_path(&self) -> String {
        let known = || format!("/bytes/{DOWNLOAD}");
        self.download.clone().unwrap_or_else(known)
    }

    /// Asks for a long answer, and returns its beginning.
    pub(crate) async fn ask_for_download(
        &self,
        http: &mut Http,
    ) -> Result<Response<Incoming>, Failed> {
        let answer = http.ask(&self.download_path()).await;
        let answer = answer.map_err(|error| Failed::of(error, Where::New))?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status => Err(Failed::new(FailureKind::Status, status.to_string())),
        }
    }

    /// Waits for as long as a client waits, not counting while this side stands still.
    pub(crate) async fn in_time<T>(
        &self,
        asking: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        let outcome = within(self.patience, asking).await;
        outcome.unwrap_or_else(|| Err(self.stalled()))
    }

    /// The failure of an attempt that has waited for as long as a client waits.
    pub(super) fn stalled(&self) -> Failed {
        let waited = format!("nothing within {:?}", self.patience);
        let error = match self.told.instead() {
            Some(said) => format!("{waited} of what is expected; last came {said}"),
            None => waited,
        };
        Failed::new(FailureKind::Stalled, error)
    }
}

/// Takes an answer whose bytes are not known. Says whether the server asked the client to leave, and whether there
/// was none.
async fn any_body(answer: Response<Incoming>) -> Result<(bool, bool), Failed> {
    let close = asks_to_leave(&answer);
    let body = answer.into_body().collect().await;
    let body = body.map_err(|error| Failed::new(FailureKind::Severed, error.to_string()))?;
    Ok((close, body.to_bytes().is_empty()))
}
