//! The authority, the agent and the client do what the chapters take for granted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use lab::agent::{Agent, Replacer, Strategy};
use lab::authority::{Authority, Issued, KeyKind, LeafRequest, Usage};
use lab::client::{Client, Failure, Options, Pool, expected_sha256};
use lab::{BOUND, RefusingPort, chain, wire};
use rustls::ServerConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use x509_parser::parse_x509_certificate;

#[test]
fn a_leaf_is_what_was_asked_for() {
    let clock = time::macros::datetime!(2026-03-15 00:00 UTC);
    let mut authority = Authority::at(clock).unwrap();
    for key in KeyKind::ALL {
        let request = LeafRequest {
            names: vec!["a.example".into(), "127.0.0.1".into()],
            starts_after: Duration::from_secs(60),
            lifetime: Duration::from_secs(47 * 24 * 3600),
            serial: Some(0xbeef),
            key: Some(key),
            ..LeafRequest::new("")
        };
        let issued = authority.issue(&request).unwrap();
        assert_eq!(issued.facts.serial, "beef");
        assert_eq!(issued.facts.not_before, "2026-03-15T00:01:00Z");
        assert_eq!(issued.facts.not_after, "2026-05-01T00:01:00Z");
        let chain: Vec<_> = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes()).collect();
        assert_eq!(chain.len(), 2, "leaf and intermediate");
    }
    let again = authority.issue(&LeafRequest::new("a.example")).unwrap();
    assert_eq!(again.facts.serial, "1001");
    assert!(authority.issue(&LeafRequest::new("näh")).is_err());
}

#[test]
fn a_leaf_is_for_servers_and_clients_unless_one_use_is_asked_for() {
    let mut authority = Authority::new().unwrap();
    for (usage, server, client) in [
        (None, true, true),
        (Some(Usage::Server), true, false),
        (Some(Usage::Client), false, true),
    ] {
        let request = LeafRequest {
            usage,
            ..LeafRequest::new("a.example")
        };
        let issued = authority.issue(&request).unwrap();
        let leaf = CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).unwrap();
        let (_, leaf) = parse_x509_certificate(&leaf).unwrap();
        let stated = leaf.extended_key_usage().unwrap().unwrap().value;
        assert_eq!(
            (stated.server_auth, stated.client_auth),
            (server, client),
            "{usage:?}"
        );
    }
}

/// OpenSSL 3.0 reads no other form (RFC 5958: version 1, without the public half), and with it no server of Debian 12.
#[test]
fn keys_are_written_as_openssl_reads_them() {
    let mut authority = Authority::new().unwrap();
    for key in KeyKind::ALL {
        let request = LeafRequest {
            key: Some(key),
            ..LeafRequest::new("a.example")
        };
        let issued = authority.issue(&request).unwrap();
        let der = PrivateKeyDer::from_pem_slice(issued.key.expose().as_bytes()).unwrap();
        let (_, whole) = x509_parser::der_parser::der::parse_der(der.secret_der()).unwrap();
        let version = whole.as_sequence().unwrap()[0].as_u32().unwrap();
        assert_eq!(version, 0, "{key:?}: version 1 is the number 0");
    }
}

/// Chains of one certificate more, and of an issuer whose name is known and whose key is another, are valid.
#[test]
fn other_issuers_make_valid_chains() {
    let mut authority = Authority::new().unwrap();
    let request = LeafRequest::new("a.example");
    let before = authority.issue(&request).unwrap();
    let chain = |issued: &Issued| -> Vec<CertificateDer<'static>> {
        let pem = issued.chain_pem.as_bytes();
        CertificateDer::pem_slice_iter(pem)
            .map(Result::unwrap)
            .collect()
    };
    authority.rekey_intermediate().unwrap();
    let rekeyed = authority.issue(&request).unwrap();
    let issuers = [&before, &rekeyed].map(|issued| chain(issued)[1].clone());
    assert_ne!(issuers[0], issuers[1]);
    let [name, again] = issuers.map(|issuer| chain::common_name(&issuer).unwrap());
    assert_eq!(name, again, "the name stays");

    authority.lengthen().unwrap();
    let longer = authority.issue(&request).unwrap();
    assert_eq!(chain(&longer).len(), 3);
    let mut roots = rustls::RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.root_pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().unwrap();
    let name = ServerName::try_from("a.example").unwrap();
    for issued in [before, rekeyed, longer] {
        let chain = chain(&issued);
        let judged =
            verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now());
        judged.unwrap();
    }
}

/// An agent that keeps its key is given a certificate for that, of whatever kind it is.
#[test]
fn a_certificate_is_renewed_for_a_key_of_each_kind() {
    let mut authority = Authority::new().unwrap();
    for key in KeyKind::ALL {
        let request = LeafRequest {
            key: Some(key),
            ..LeafRequest::new("a.example")
        };
        let first = authority.issue(&request).unwrap();
        let renewed = authority.issue_for(&request, &first.key).unwrap();
        assert_eq!(renewed.key.expose(), first.key.expose());
        let public = |issued: &Issued| {
            let der = CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).unwrap();
            let (_, parsed) = parse_x509_certificate(&der).unwrap();
            parsed.public_key().raw.to_vec()
        };
        assert_eq!(
            public(&renewed),
            public(&first),
            "{key:?}: renewed with the same key"
        );
    }
}

/// After each way of writing, and over old files as well as none, the files are the pair that was
/// written, and only the owner may read the key.
#[test]
fn every_strategy_ends_with_the_whole_pair() {
    for strategy in Strategy::ALL {
        let directory = lab::directory().unwrap();
        let mut agent = Agent::new(directory.path(), strategy).unwrap();
        for _ in 0..3 {
            let issued = agent.rotate().unwrap();
            let files = agent.files();
            let chain = fs::read_to_string(&files.certificate).unwrap();
            let key = fs::read_to_string(&files.key).unwrap();
            assert!(chain.starts_with(&issued.chain_pem), "{strategy:?}");
            assert!(key.ends_with(issued.key.expose()), "{strategy:?}");
            let mode = fs::metadata(&files.key).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{strategy:?}");
        }
        let left: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".new") || name.ends_with("_tmp"))
            .collect();
        assert_eq!(left, [""; 0], "{strategy:?} leaves nothing behind");
    }
}

/// What a reader can see between the steps, strategy by strategy. The pair is whole or torn.
#[test]
fn what_a_reader_sees_between_the_steps() {
    let torn_at = |strategy| {
        let directory = lab::directory().unwrap();
        let mut agent = Agent::new(directory.path(), strategy).unwrap();
        let old = agent.rotate().unwrap();
        let new = agent.issue().unwrap();
        let files = agent.files();
        let mut torn = Vec::new();
        agent
            .write_stepwise(&new, |step| {
                let chain = fs::read_to_string(&files.certificate).unwrap_or_default();
                let key = fs::read_to_string(&files.key).unwrap_or_default();
                let whole = [&old, &new].iter().any(|issued| {
                    chain.starts_with(&issued.chain_pem) && key.ends_with(issued.key.expose())
                });
                if !whole {
                    torn.push(step.to_owned());
                }
            })
            .unwrap();
        torn
    };
    assert_eq!(torn_at(Strategy::Bundle), [""; 0]);
    assert_eq!(torn_at(Strategy::Symlink), [""; 0]);
    assert_eq!(torn_at(Strategy::RenameEach), ["certificate renamed"]);
    assert_eq!(torn_at(Strategy::KeyFirst), ["key renamed"]);
    assert_eq!(torn_at(Strategy::CertificateFirst), ["certificate renamed"]);
    assert_eq!(
        torn_at(Strategy::RemoveCreate),
        ["removed", "created", "removed"]
    );
    let in_place = [
        "truncated",
        "half written",
        "written",
        "truncated",
        "half written",
    ];
    assert_eq!(torn_at(Strategy::InPlace), in_place);
}

/// A writer that died left its half behind. The next one is not stopped by it.
#[test]
fn a_writer_comes_back_after_each_of_its_deaths() {
    for strategy in Strategy::ALL {
        for steps in 0..6 {
            let directory = lab::directory().unwrap();
            let mut agent = Agent::started(directory.path(), strategy).unwrap();
            let (half, whole) = (agent.issue().unwrap(), agent.issue().unwrap());
            let mut left = steps;
            // Unwinds without a message: the death is meant.
            let dying = std::panic::AssertUnwindSafe(|| {
                agent.write_stepwise(&half, |_| match left {
                    0 => std::panic::resume_unwind(Box::new(())),
                    _ => left -= 1,
                })
            });
            let _ = std::panic::catch_unwind(dying);
            agent.write_stepwise(&whole, |_| ()).unwrap();
            let written = fs::read(agent.files().certificate).unwrap();
            let facts = chain::facts_of_pem(&written).unwrap();
            assert_eq!(facts, whole.facts, "{strategy:?} after {steps} steps");
        }
    }
}

async fn server(agent: &mut Agent, answer: &'static str) -> SocketAddr {
    let issued = agent.rotate().unwrap();
    let chain = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.key.expose().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>().unwrap(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(lab::any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(tcp).await.unwrap();
                match answer {
                    "right" => drop(wire::serve(&mut stream).await),
                    "wrong" => {
                        stream.read_u32().await.unwrap();
                        stream.write_all(&[0, 1, 2, 9]).await.unwrap();
                        stream.shutdown().await.unwrap();
                    }
                    _ => {
                        stream.read_u32().await.unwrap();
                        stream.write_all(&[0, 1, 2, 3]).await.unwrap();
                        // And gone, without a close_notify.
                    }
                }
            });
        }
    });
    address
}

async fn pull_eight(answer: &'static str) -> Result<String, Failure> {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let server = server(&mut agent, answer).await;
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let mut connection = client.connect(server).await?;
    connection.pull(8).await?;
    assert_eq!(connection.received(), 8);
    Ok(connection.sha256())
}

#[tokio::test]
async fn right_bytes_are_summed() {
    assert_eq!(pull_eight("right").await.unwrap(), expected_sha256(8));
}

#[tokio::test]
async fn a_wrong_byte_is_noticed() {
    let failure = pull_eight("wrong").await.unwrap_err();
    assert!(matches!(failure, Failure::Corrupt { at: 0 }), "{failure}");
}

#[tokio::test]
async fn a_cut_is_noticed_and_counted() {
    let failure = pull_eight("cut").await.unwrap_err();
    assert!(
        matches!(failure, Failure::Severed { at: 4, .. }),
        "{failure}"
    );
}

#[tokio::test]
async fn nobody_listens() {
    let port = RefusingPort::hold().unwrap();
    let root = Authority::new().unwrap();
    let client = Client::new(root.root_pem(), "localhost", Options::default()).unwrap();
    let failure = client.probe(port.address()).await.unwrap_err();
    assert!(matches!(failure, Failure::Refused), "{failure}");
}

#[tokio::test]
async fn a_pool_holds_connections_and_a_stranger_is_not_trusted() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let server = server(&mut agent, "right").await;
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let mut pool = Pool::open(&client, server, 20).await.unwrap();
    pool.pull(1000).await.unwrap();
    assert!(
        pool.connections()
            .iter()
            .all(|held| held.received() == 1000)
    );
    tokio::time::timeout(BOUND, pool.close()).await.unwrap();

    let other = Authority::new().unwrap();
    for (roots, name) in [
        (other.root_pem(), "localhost"),
        (agent.root_pem(), "a.example"),
    ] {
        let stranger = Client::new(roots, name, Options::default()).unwrap();
        let failure = stranger.probe(server).await.unwrap_err();
        assert!(matches!(failure, Failure::Handshake(_)), "{failure}");
    }
}

/// Off by default; with it, the second visit resumes. TLS 1.2 and 1.3.
#[tokio::test]
async fn resumption_is_chosen() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let server = server(&mut agent, "right").await;
    for (resume, tls12_only) in [(false, false), (true, false), (false, true), (true, true)] {
        let options = Options {
            resume,
            tls12_only,
            ..Options::default()
        };
        let client = Client::new(agent.root_pem(), "localhost", options).unwrap();
        assert!(!client.probe(server).await.unwrap().resumed);
        let second = client.probe(server).await.unwrap();
        assert_eq!(second.resumed, resume);
        assert_eq!(second.tls, if tls12_only { "1.2" } else { "1.3" });
    }
}

#[test]
fn the_body_has_a_known_sum() {
    // 0, 1, 2, …, 250, 0, 1: by hand.
    let mut block = [0; 253];
    wire::body(0, &mut block);
    assert_eq!(block[250..], [250, 0, 1]);
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &block);
    assert_eq!(expected_sha256(253), chain::hex(sum.as_ref()));
}

/// At each offset, over more than a block, and with each byte wrong in turn.
#[test]
fn the_body_is_known_when_it_comes() {
    let mut bytes = vec![0; wire::BLOCK + 300];
    for offset in [0, 1, 250, 251, 1 << 40] {
        wire::body(offset, &mut bytes);
        assert!(wire::is_body(offset, &bytes), "{offset}");
        assert!(!wire::is_body(offset + 1, &bytes), "{offset}");
    }
    for at in [0, wire::BLOCK - 1, wire::BLOCK, bytes.len() - 1] {
        bytes[at] ^= 1;
        assert!(!wire::is_body(1 << 40, &bytes), "{at}");
        bytes[at] ^= 1;
    }
    assert!(wire::is_body(7, &[]));
}

macro_rules! listed {
    ($($name:ident: $strategy:ident),* $(,)?) => { [$(Strategy::$strategy),*] };
}

/// The suites of the chapters make their tests from this list.
#[test]
fn no_strategy_is_left_out() {
    assert_eq!(lab::each_strategy!(listed), Strategy::ALL);
}

/// What is kept on disk issues under the same root, with serials that nobody can guess.
#[test]
fn an_authority_is_kept_and_found_again() {
    let directory = lab::directory().unwrap();
    let home = directory.path().join("ca");
    let made = Authority::new().unwrap();
    made.save(&home).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    assert_eq!(mode(&home.join("intermediate.key")), 0o600);
    let mut found = Authority::load(&home).unwrap();
    assert_eq!(found.root_pem(), made.root_pem());
    let request = LeafRequest::new("localhost");
    let mut serials = Vec::new();
    for _ in 0..3 {
        let issued = found.issue(&request).unwrap();
        serials.push(u64::from_str_radix(&issued.facts.serial, 16).unwrap());
        judged(made.root_pem(), &issued.chain_pem);
    }
    assert!(
        serials.iter().all(|serial| *serial > 0xffff_ffff),
        "{serials:?}"
    );
    let error = made.save(&home).unwrap_err().to_string();
    assert!(error.contains("nothing is overwritten"), "{error}");
}

/// Judges a chain as a client would.
fn judged(root_pem: &str, chain_pem: &str) {
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain_pem.as_bytes())
        .map(Result::unwrap)
        .collect();
    let name = "localhost".try_into().unwrap();
    let now = rustls::pki_types::UnixTime::now();
    let verdict =
        verifier
            .build()
            .unwrap()
            .verify_server_cert(&chain[0], &chain[1..], &name, &[], now);
    verdict.unwrap();
}

/// Each file that is not what it should be is named, and no byte of a key is said.
#[test]
fn an_authority_that_was_tampered_with_is_not_loaded() {
    let directory = lab::directory().unwrap();
    let mut at = 0;
    let mut refused = |spoil: &dyn Fn(&std::path::Path), file: &str, said: &str| {
        at += 1;
        let home = directory.path().join(at.to_string());
        Authority::new().unwrap().save(&home).unwrap();
        spoil(&home);
        let error = Authority::load(&home).err().unwrap().to_string();
        assert!(error.contains(file) && error.contains(said), "{error}");
        assert!(!error.contains("MII") && !error.contains("MIG"), "{error}");
    };
    let key = "intermediate.key";
    refused(
        &|home| fs::remove_file(home.join(key)).unwrap(),
        key,
        "No such file",
    );
    refused(
        &|home| fs::remove_file(home.join("root.crt")).unwrap(),
        "root.crt",
        "No such",
    );
    refused(
        &|home| fs::write(home.join("root.crt"), "-----BEGIN").unwrap(),
        "root.crt",
        "no certificate",
    );
    refused(
        &|home| {
            let text = fs::read_to_string(home.join(key)).unwrap();
            fs::write(home.join(key), &text[..text.len() / 2]).unwrap();
        },
        key,
        "no key",
    );
    refused(
        &|home| {
            let open = fs::Permissions::from_mode(0o640);
            fs::set_permissions(home.join(key), open).unwrap();
        },
        key,
        "mode 0640",
    );
    let other = directory.path().join("other");
    Authority::new().unwrap().save(&other).unwrap();
    refused(
        &|home| fs::copy(other.join(key), home.join(key)).map(drop).unwrap(),
        key,
        "not the key of the intermediate",
    );
}

/// Who writes need not be who wrote before: a directory is taken over as it is found.
#[test]
fn a_directory_is_taken_over() {
    let mut authority = Authority::new().unwrap();
    for strategy in Strategy::ALL {
        let directory = lab::directory().unwrap();
        for _ in 0..3 {
            let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
            let mut replacer = Replacer::new(directory.path(), strategy);
            replacer.write_roots(authority.root_pem()).unwrap();
            replacer
                .replace(&issued.chain_pem, issued.key.expose(), |_| ())
                .unwrap();
            let files = replacer.files();
            let chain = fs::read_to_string(&files.certificate).unwrap();
            assert!(chain.starts_with(&issued.chain_pem), "{strategy:?}");
            let roots = fs::read_to_string(&files.roots).unwrap();
            assert_eq!(roots, authority.root_pem(), "{strategy:?}");
        }
    }
}
