//! What one connection sees of a server, whatever that shows: nothing is verified, and nothing is
//! believed. It tells what a server does that no client accepts.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::attempt::failure::causes;
use crate::attempt::in_clear::handshake;
use lab::chain;
use parking_lot::Mutex;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::load::dialogue::{Speech, before_tls};
use crate::server::lines::steers;
use crate::server::spec::Protocol;

/// How long a server may take to speak first.
const GREETING: Duration = Duration::from_millis(300);

/// A request that every server of HTTP understands.
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// The protocol that a server greets with, where that begins in the clear, and its word. FTP greets with 220 as well
/// (RFC 959, section 5.4).
pub(super) fn greets_as(line: &str) -> Option<(Protocol, &'static str)> {
    let is_ftp = line.contains("FTP") && !line.contains("SMTP");
    match line {
        _ if line.starts_with("220") && !is_ftp => Some((Protocol::Smtp, "smtp")),
        _ if line.starts_with("* OK") => Some((Protocol::Imap, "imap")),
        _ => None,
    }
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The leaf that was shown, where a handshake came so far.
    pub leaf: Option<Leaf>,
    /// The version of TLS, where a handshake was completed.
    pub version: Option<String>,
    /// The protocol that was agreed on (ALPN), where one was.
    pub alpn: Option<String>,
    /// Whether clients are asked for a certificate.
    pub asks_clients: bool,
    /// Why no handshake was completed.
    pub failed: Option<String>,
    /// What came in answer to the client's hello was no TLS.
    pub is_no_tls: bool,
    /// The first line of what is said without TLS: as a greeting, or in answer to `GET /`.
    pub in_clear: Option<String>,
    /// The first line of the answer to `GET /` over TLS.
    pub answer: Option<String>,
    /// What it offers beside, in that answer: other protocols and ports (Alt-Svc, RFC 7838).
    pub offers: Option<String>,
}

impl Look {
    /// What came instead of TLS, where that is no text, such as MariaDB's greeting.
    pub(super) fn no_text(&self) -> Option<String> {
        let failed = self.failed.clone();
        failed.filter(|_| self.is_no_tls && self.in_clear.is_none())
    }
}

/// A certificate, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    subject: String,
    issuer: String,
    names: Vec<String>,
    until: String,
    serial: String,
    sha256: String,
    came_alone: bool,
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = match self.subject.as_str() {
            "" => "no subject",
            subject => subject,
        };
        let names = match self.names.as_slice() {
            [] => "no name".to_owned(),
            names => names.join(", "),
        };
        write!(
            f,
            "a certificate of {subject}, for {names}, issued by {}, until {}, serial {}",
            self.issuer, self.until, self.serial
        )
    }
}

impl Leaf {
    /// The names that it is for.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Its SHA-256, in hex.
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Whether it came alone, without the certificate of its issuer.
    pub(crate) fn came_alone(&self) -> bool {
        self.came_alone
    }

    fn of(der: &[u8], came_alone: bool) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|names| {
            let names = names.value.general_names.iter();
            names.filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
                _ => None,
            })
        });
        let until = certificate.validity().not_after.timestamp();
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            names: names.into_iter().flatten().collect(),
            until: chain::date(u64::try_from(until).unwrap_or(0)),
            serial: chain::hex(certificate.raw_serial()),
            sha256: chain::sha256(der),
            came_alone,
        })
    }
}

/// Looks at a server that speaks this protocol: over TLS, offering what it is agreed on there (ALPN), and
/// without TLS, where TLS should have begun with the first byte and did not.
pub async fn look(
    address: SocketAddr,
    name: &str,
    (speech, alpn): (impl Into<Speech>, &[&str]),
    patience: Duration,
) -> Look {
    let mut look = Look::default();
    let speech = speech.into();
    let begins_in_clear = begins_in_clear(&speech);
    if let Err(error) = over_tls(&mut look, address, name, (speech, alpn), patience).await {
        look.is_no_tls = matches!(tls_error(&error), Some(rustls::Error::InvalidMessage(_)));
        // Whoever alerts, speaks TLS; and servers of TLS tell a client so that does not.
        let alerts = matches!(tls_error(&error), Some(rustls::Error::AlertReceived(_)));
        look.failed = Some(error.to_string());
        if !alerts && !begins_in_clear {
            let in_clear = timeout(patience, in_clear(address)).await.ok().flatten();
            let not_told = |line: &String| look.is_no_tls || !line.contains(" 400");
            look.in_clear = in_clear.filter(not_told);
        }
    }
    look
}

/// Whether TLS is asked for, before it begins.
fn begins_in_clear(speech: &Speech) -> bool {
    match speech.protocol {
        Protocol::Postgresql | Protocol::Smtp | Protocol::Imap => true,
        Protocol::Tls => !speech.told.exchange().before_tls.is_empty(),
        _ => false,
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    causes(error).find_map(|error| error.downcast_ref())
}

async fn over_tls(
    look: &mut Look,
    address: SocketAddr,
    name: &str,
    (speech, alpn): (Speech, &[&str]),
    patience: Duration,
) -> io::Result<()> {
    let protocol = speech.protocol;
    let witness = Arc::new(Witness::default());
    let connector = TlsConnector::from(Arc::new(witness.config(alpn)?));
    let name = ServerName::try_from(name.to_owned()).map_err(lab::Error::from)?;
    let connecting = async {
        let mut tcp = TcpStream::connect(address).await?;
        before_tls(speech, &mut tcp).await?;
        handshake(&connector, name, tcp).await
    };
    let connected = timeout(patience, Box::pin(connecting)).await;
    let shown = witness.leaf.lock().take();
    look.leaf = shown.and_then(|(leaf, came_alone)| Leaf::of(&leaf, came_alone));
    look.asks_clients = witness.asked.load(Ordering::SeqCst);
    let mut stream = connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let (_, session) = stream.get_ref();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    look.version = session
        .protocol_version()
        .map(|version| format!("{version:?}"));
    look.alpn = session.alpn_protocol().map(text);
    if look.alpn.as_deref() != Some("h2") && !protocol.is_dialogue() {
        let asking = Box::pin(head(&mut stream));
        let head = timeout(patience, asking).await.ok().flatten();
        let head = head.unwrap_or_default();
        look.answer = line_of(&head);
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        let offers = fields.find(|(name, _)| name.eq_ignore_ascii_case("alt-svc"));
        look.offers = offers.map(|(_, value)| value.trim().to_owned());
    }
    Ok(())
}

async fn in_clear(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    first_line(&mut stream, GREETING).await
}

/// The first line that the other end says, by itself within `greeting` or else in answer to `GET /`. `None`
/// where that is no text.
async fn first_line(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    greeting: Duration,
) -> Option<String> {
    let mut bytes = [0; 256];
    let read = match timeout(greeting, stream.read(&mut bytes)).await {
        Ok(read) => read.ok()?,
        Err(_) => {
            stream.write_all(GET).await.ok()?;
            stream.flush().await.ok()?;
            stream.read(&mut bytes).await.ok()?
        }
    };
    line_of(std::str::from_utf8(bytes.get(..read)?).ok()?)
}

/// The head of the answer to `GET /`; of what is no HTTP, what comes first.
async fn head(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<String> {
    const LONGEST: usize = 16 * 1024;
    stream.write_all(GET).await.ok()?;
    stream.flush().await.ok()?;
    let (mut seen, mut bytes) = (Vec::new(), [0; 1024]);
    loop {
        let read = stream.read(&mut bytes).await.ok()?;
        seen.extend_from_slice(&bytes[..read]);
        let end = seen.windows(4).position(|of| of == b"\r\n\r\n");
        let is_http = seen.starts_with(b"HTTP/");
        if read == 0 || end.is_some() || !is_http || seen.len() > LONGEST {
            let head = seen.get(..end.unwrap_or(seen.len()))?;
            return Some(String::from_utf8_lossy(head).into_owned());
        }
    }
}

/// The first line. `None` where that is no text.
fn line_of(text: &str) -> Option<String> {
    let line = text.lines().next()?.trim_end();
    let is_text = !line.is_empty() && !line.contains(steers);
    is_text.then(|| line.to_owned())
}

/// The configuration of a client that accepts whatever is shown.
pub(super) fn accepting(alpn: &[&str]) -> io::Result<ClientConfig> {
    Arc::new(Witness::default()).config(alpn)
}

/// Accepts whatever is shown, and remembers it.
#[derive(Debug, Default)]
struct Witness {
    leaf: Mutex<Option<(Vec<u8>, bool)>>,
    asked: AtomicBool,
}

impl Witness {
    fn config(self: &Arc<Self>, alpn: &[&str]) -> io::Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Accepting(self.clone(), provider.clone());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .map_err(lab::Error::from)?;
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(self.clone());
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config.resumption = rustls::client::Resumption::disabled();
        Ok(config)
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::SeqCst);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A verifier for looking only: nothing but `GET /` goes over its connections.
#[derive(Debug)]
struct Accepting(Arc<Witness>, Arc<CryptoProvider>);

impl ServerCertVerifier for Accepting {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = (leaf.to_vec(), others.is_empty());
        self.0.leaf.lock().replace(shown);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}
