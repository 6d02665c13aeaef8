//! The same on servers: one that reloads as it should, and those about which nothing can be said.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::Source;
use lab::agent::{Agent, Strategy};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::watch as channel;
use zdr::watch::look::Trust;
use zdr::watch::options::WatchOptions;
use zdr::watch::report::WatchReport;
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
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = free.local_addr().unwrap();
    drop(free);
    for (address, said) in [(plain, "what it answers is not TLS"), (closed, "refused")] {
        let trust = Trust::file(&server.roots()).unwrap();
        let error = watched(&options(address), trust, &|| ()).await.unwrap_err();
        assert!(
            error.contains("shows no certificate: 127.0.0.1:"),
            "{error}"
        );
        assert!(error.contains(said), "{error}");
    }
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
    assert!(Trust::file(&directory.path().join("none.pem")).is_err());
}
