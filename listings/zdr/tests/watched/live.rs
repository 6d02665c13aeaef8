//! The same on servers: one that reloads as it should, and those about which nothing can be said.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::Source;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, LeafRequest};
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch as channel;
use tokio_rustls::TlsAcceptor;
use zdr::watch::look::Trust;
use zdr::watch::options::WatchOptions;
use zdr::watch::report::WatchReport;
use zdr::watch::text::summary;
use zdr::watch::watch;

/// A server of chapter 2, its files, and its agent.
struct Server {
    address: SocketAddr,
    store: Arc<IdentityStore>,
    agent: RefCell<Agent>,
    directory: TempDir,
}

impl Server {
    async fn start() -> Self {
        let directory = lab::directory().unwrap();
        let agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
        let store = IdentityStore::start(Source {
            files: agent.files(),
            names: vec![ServerName::try_from("localhost").unwrap()],
            peer_roots: None,
        })
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(ch02_hot_reload::serve(listener, store.clone()));
        Self {
            address,
            store,
            agent: RefCell::new(agent),
            directory,
        }
    }

    fn rotate(&self) {
        self.agent.borrow_mut().rotate().unwrap();
        self.store.reload();
    }

    fn roots(&self) -> PathBuf {
        let roots = self.directory.path().join("the roots of clients.pem");
        std::fs::write(&roots, self.agent.borrow().root_pem()).unwrap();
        roots
    }
}

fn options(address: SocketAddr) -> WatchOptions {
    WatchOptions {
        server: format!("localhost:{}", address.port()),
        name: None,
        addresses: vec![address],
        rate: 100.0,
        rotations: 1,
        settle: 3,
        overlap: lab::BOUND,
        limit: Some(lab::BOUND),
        patience: lab::BOUND,
    }
}

/// Watches, and does something when the watch has told of its beginning.
async fn watched(
    options: &WatchOptions,
    trust: Trust,
    begun: &dyn Fn(),
) -> Result<WatchReport, String> {
    let (_never, interrupt) = channel::channel(None);
    let told = RefCell::new(0);
    let say = |_: &str| {
        if told.replace_with(|told| *told + 1) == 0 {
            begun();
        }
    };
    let report = watch(options, trust, interrupt, &say).await;
    report.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_server_that_reloads_passes() {
    let server = Server::start().await;
    let trust = Trust::file(&server.roots()).unwrap();
    let report = watched(&options(server.address), trust, &|| server.rotate())
        .await
        .unwrap();
    assert_eq!(report.passed, Some(true), "{:?}", report.findings);
    assert_eq!(report.rotations.len(), 1);
    let [from, to] = [&report.rotations[0].from, &report.rotations[0].to];
    assert_ne!(report.chains[from].serial, report.chains[to].serial);
    assert_eq!(report.chains[to].names, ["localhost"]);
}

/// A slow machine takes longer for it; a quick one must not.
#[tokio::test]
async fn it_makes_no_more_handshakes_than_its_rate() {
    let server = Server::start().await;
    let trust = Trust::file(&server.roots()).unwrap();
    let gentle = WatchOptions {
        rate: 50.0,
        settle: 20,
        ..options(server.address)
    };
    let report = watched(&gentle, trust, &|| server.rotate()).await.unwrap();
    assert!(report.looks > 20, "{}", report.looks);
    let least = (report.looks - 1) as f64 / gentle.rate;
    assert!(
        report.seconds > least - 0.02,
        "{} looks in {} s",
        report.looks,
        report.seconds
    );
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_is_named_with_what_to_do() {
    let server = Server::start().await;
    // Its root has the same name, and another key.
    let other = Server::start().await;
    let trust = Trust::file(&other.roots()).unwrap();
    let error = watched(&options(server.address), trust, &|| ())
        .await
        .unwrap_err();
    assert!(
        error.contains("it was issued by Lab Intermediate"),
        "{error}"
    );
    assert!(
        error.contains("give the roots of its clients with `--roots FILE`"),
        "{error}"
    );
    assert!(
        error.contains("the roots of clients.pem lead no path"),
        "{error}"
    );
}

#[tokio::test]
async fn another_name_is_told_with_those_that_there_are() {
    let server = Server::start().await;
    let trust = Trust::file(&server.roots()).unwrap();
    let named = WatchOptions {
        name: Some("api.example.com".into()),
        ..options(server.address)
    };
    let error = watched(&named, trust, &|| ()).await.unwrap_err();
    assert!(
        error.contains("it is valid for localhost, and not for api.example.com"),
        "{error}"
    );
    assert!(error.contains("`--name NAME`"), "{error}");
}

#[tokio::test]
async fn a_port_without_a_listener_and_one_without_tls_show_no_certificate() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let closed = lab::RefusingPort::hold().unwrap();
    for (address, said) in [
        (plain, "at none with STARTTLS"),
        (closed.address(), "refused"),
    ] {
        let trust = Trust::file(&server.roots()).unwrap();
        let error = watched(&options(address), trust, &|| ()).await.unwrap_err();
        assert!(
            error.contains("shows no certificate: 127.0.0.1:"),
            "{error}"
        );
        assert!(error.contains(said), "{error}");
    }
}

/// A server that refuses each client without a certificate, and what it shows.
struct Strict {
    shown: Arc<Mutex<Arc<ServerConfig>>>,
    address: SocketAddr,
}

impl Strict {
    async fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shown = Arc::new(Mutex::new(config));
        let shows = shown.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let config = shows.lock().clone();
                tokio::spawn(TlsAcceptor::from(config).accept(stream));
            }
        });
        Self { shown, address }
    }
}

fn strict(authority: &mut Authority, version: &'static SupportedProtocolVersion) -> ServerConfig {
    let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.root_pem().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    let chain = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.key.expose().as_bytes()).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap()
}

/// With TLS 1.2 the refusal comes within the handshake, with TLS 1.3 after it.
#[tokio::test]
async fn a_server_that_asks_for_a_certificate_is_judged_by_its_own() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut authority = Authority::new().unwrap();
        let directory = lab::directory().unwrap();
        let roots = directory.path().join("roots.pem");
        std::fs::write(&roots, authority.root_pem()).unwrap();
        let server = Strict::start(strict(&mut authority, version).into()).await;
        let next = Arc::new(strict(&mut authority, version));
        let trust = Trust::file(&roots).unwrap();
        let rotate = || *server.shown.lock() = next.clone();
        let report = watched(&options(server.address), trust, &rotate)
            .await
            .unwrap();
        assert_eq!(
            report.passed,
            Some(true),
            "{version:?} {:?}",
            report.findings
        );
        assert!(report.asks_for_certificate);
        let text = summary(&report);
        let words: Vec<_> = text.split_whitespace().collect();
        assert!(words.join(" ").contains("how the server judges"), "{text}");
    }
}

/// Two authorities of one name, and the key of the wrong one: said in words, and not as a type of a library.
#[tokio::test]
async fn a_namesake_of_the_authority_is_told_in_words() {
    let server = Server::start().await;
    let trust = Trust::file(&server.roots()).unwrap();
    let mut namesake = Authority::new().unwrap();
    let issued = namesake.issue(&LeafRequest::new("localhost")).unwrap();
    let rotate = || {
        server.agent.borrow_mut().write(&issued).unwrap();
        server
            .agent
            .borrow()
            .write_roots(namesake.root_pem())
            .unwrap();
        server.store.reload();
    };
    let report = watched(&options(server.address), trust, &rotate)
        .await
        .unwrap();
    let words = &report.findings[0].words;
    assert!(
        words.contains("its issuer has the name of an authority"),
        "{words}"
    );
    assert!(!words.contains("OtherError"), "{words}");
}

/// What is no HOST:PORT is told before anything is looked up.
#[tokio::test]
async fn a_server_that_is_no_host_and_port_is_told_what_one_is() {
    let server = Server::start().await;
    for (given, said) in [
        ("localhost", "is not HOST:PORT"),
        (":443", "is not HOST:PORT"),
        ("localhost:0", "a port is a number from 1 to 65535"),
        ("localhost:", "a port is a number from 1 to 65535"),
        ("127.0.0.1:65536", "a port is a number from 1 to 65535"),
        ("localhost:https", "a port is a number from 1 to 65535"),
        ("https://localhost:443", "give no scheme and no path"),
        ("https://localhost:443/", "give no scheme and no path"),
    ] {
        let trust = Trust::file(&server.roots()).unwrap();
        let options = WatchOptions {
            server: given.into(),
            ..options(server.address)
        };
        let error = watched(&options, trust, &|| ()).await.unwrap_err();
        assert!(error.contains(given) && error.contains(said), "{error}");
    }
}

/// It takes the connection, and says nothing: what is told is how long a look waits.
#[tokio::test]
async fn a_server_that_says_nothing_is_told_with_how_long_it_was_waited_for() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let impatient = WatchOptions {
        patience: Duration::from_millis(200),
        ..options(listener.local_addr().unwrap())
    };
    let trust = Trust::file(&server.roots()).unwrap();
    let error = watched(&impatient, trust, &|| ()).await.unwrap_err();
    assert!(error.contains("waited 200ms for a handshake"), "{error}");
}

/// Neither a first look that waits nor a long time between two looks.
#[tokio::test]
async fn a_watch_ends_when_its_time_is_up_whatever_it_waits_for() {
    let server = Server::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let waits = options(silent.local_addr().unwrap());
    let seldom = WatchOptions {
        rate: 0.001,
        ..options(server.address)
    };
    for (options, looks) in [(waits, 0), (seldom, 1)] {
        let short = WatchOptions {
            limit: Some(Duration::from_secs(1)),
            ..options
        };
        let trust = Trust::file(&server.roots()).unwrap();
        let watching = watched(&short, trust, &|| ());
        let report = tokio::time::timeout(lab::BOUND / 2, watching).await;
        let report = report.expect("it goes on").unwrap();
        assert_eq!((report.passed, report.looks), (None, looks));
        let said = match looks {
            0 => "No handshake was complete.",
            _ => "The only look did not fail.",
        };
        let text = summary(&report).replace("\n            ", " ");
        assert!(text.contains(said), "{text}");
    }
}

/// It ends each handshake as servers do that speak only what is older than TLS 1.2.
#[tokio::test]
async fn a_server_of_old_versions_alone_is_told_in_words() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 5];
            if stream.read_exact(&mut hello).await.is_ok() {
                // A fatal alert: protocol_version.
                let _ = stream.write_all(&[21, 3, 1, 0, 2, 2, 70]).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        }
    });
    let trust = Trust::file(&server.roots()).unwrap();
    let error = watched(&options(address), trust, &|| ()).await.unwrap_err();
    assert!(
        error.contains("it speaks neither TLS 1.3 nor TLS 1.2"),
        "{error}"
    );
}

/// A certificate of its own as `openssl req -x509` makes it, which says that it may issue.
fn own_root(name: &str) -> (String, ServerConfig) {
    let mut request = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    request.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = request.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (certificate.pem(), config)
}

/// OpenSSL, curl, Go and Python take it where it is among their roots.
#[tokio::test]
async fn a_certificate_that_is_its_own_root_is_judged_as_most_clients_do() {
    let directory = lab::directory().unwrap();
    let roots = directory.path().join("roots.pem");
    let (first, config) = own_root("localhost");
    let (second, next) = own_root("localhost");
    let server = Strict::start(config.into()).await;
    let (shown, next) = (server.shown.clone(), Arc::new(next));
    std::fs::write(&roots, format!("{first}{second}")).unwrap();
    let rotate = || *shown.lock() = next.clone();
    let trust = Trust::file(&roots).unwrap();
    let report = watched(&options(server.address), trust, &rotate)
        .await
        .unwrap();
    assert_eq!(report.passed, Some(true), "{:?}", report.findings);
    // It shows the second now.
    std::fs::write(&roots, &first).unwrap();
    let trust = Trust::file(&roots).unwrap();
    let error = watched(&options(server.address), trust, &|| ())
        .await
        .unwrap_err();
    assert!(
        error.contains("give the roots of its clients with `--roots FILE`"),
        "{error}"
    );
    std::fs::write(&roots, &second).unwrap();
    let named = WatchOptions {
        name: Some("api.example.com".into()),
        ..options(server.address)
    };
    let error = watched(&named, Trust::file(&roots).unwrap(), &|| ())
        .await
        .unwrap_err();
    assert!(error.contains("and not for api.example.com"), "{error}");
}

#[test]
fn a_file_without_roots_is_named() {
    let directory = lab::directory().unwrap();
    for (name, text) in [
        ("empty.pem", ""),
        ("page.pem", "<html>"),
        ("key.pem", "-----BEGIN X-----\n"),
    ] {
        let file = directory.path().join(name);
        std::fs::write(&file, text).unwrap();
        let Err(error) = Trust::file(&file) else {
            panic!("{name} is taken");
        };
        assert!(
            error.to_string().contains(&file.display().to_string()),
            "{error}"
        );
    }
    let Err(error) = Trust::file(&directory.path().join("none.pem")) else {
        panic!("a file that is not there is taken");
    };
    assert!(
        error.to_string().contains("none.pem: cannot be read"),
        "{error}"
    );
}
