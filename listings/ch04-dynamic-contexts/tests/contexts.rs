//! Whole contexts, swapped: what a server and a client do across a rotation, and what OpenSSL does
//! to those who do it otherwise.

use std::fs;
use std::io::{Read, Write};
use std::sync::Arc;

use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::identity::{self, Reason};
use ch02_hot_reload::{Loader, Reload};
use ch04_dynamic_contexts::{
    Caller, IdentityStore, client_context, hooked_context, serve, server_context, start_client,
    start_server,
};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::LeafRequest;
use lab::client::{self, Client, Options};
use lab::log::want;
use lab::mutual;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{
    SslAcceptor, SslConnector, SslContextBuilder, SslFiletype, SslMethod, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;

use crate::bench::{bench, handshake, serial, server_that_asks, shown_to, visit, visit_again};

#[test]
fn the_next_client_is_shown_the_next_certificate() {
    let mut bench = bench();
    let store = start_server(bench.source()).unwrap();
    let (front, client) = (hooked_context(store.clone()).unwrap(), bench.stranger());
    assert_eq!(visit(&front, &client).unwrap(), "1001");
    bench.agent.rotate().unwrap();
    assert_eq!(visit(&front, &client).unwrap(), "1001", "nobody has looked");
    store.reload();
    assert_eq!(visit(&front, &client).unwrap(), "1002");
}

#[test]
fn a_client_without_sni_is_served_too() {
    let bench = bench();
    let front = hooked_context(start_server(bench.source()).unwrap()).unwrap();
    let nameless = bench.stranger().configure().unwrap();
    let nameless = nameless.use_server_name_indication(false);
    let (client, server) = handshake(&front, nameless.into_ssl("localhost").unwrap()).unwrap();
    assert_eq!(
        server.ssl().servername(openssl::ssl::NameType::HOST_NAME),
        None
    );
    assert_eq!(shown_to(&client), "1001");
}

#[test]
fn a_connection_keeps_its_generation_and_the_generation_ends_with_it() {
    let mut bench = bench();
    let store = start_server(bench.source()).unwrap();
    let front = hooked_context(store.clone()).unwrap();
    let first = Arc::downgrade(&store.current());
    let client = bench.stranger().configure().unwrap();
    let (mut client, mut server) =
        handshake(&front, client.into_ssl("localhost").unwrap()).unwrap();
    bench.agent.rotate().unwrap();
    store.reload();
    // OpenSSL counts references of its own: our generation is gone, its context is not.
    assert!(first.upgrade().is_none());
    let picked = server.ssl().ssl_context().certificate().map(serial);
    assert_eq!(picked.as_deref(), Some("1001"));
    client.write_all(b"?").unwrap();
    server.read_exact(&mut [0]).unwrap();
}

// ANCHOR: torn
/// A service keeps one context forever and loads each new pair into it. Safe Rust cannot do so: a
/// context that was built cannot be changed. Its builder is the same object of OpenSSL, before it
/// is shared.
#[test]
fn a_torn_pair_in_a_context_in_use_destroys_the_old_identity_too() {
    let mut bench = bench();
    let store = start_server(bench.source()).unwrap();
    let (front, client) = (hooked_context(store.clone()).unwrap(), bench.stranger());
    let files = bench.agent.files();
    let load = |context: &mut SslContextBuilder| {
        context.set_certificate_chain_file(&files.certificate)?;
        context.set_private_key_file(&files.key, SslFiletype::PEM)
    };
    let loaded = || {
        let mut one = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        load(&mut one).unwrap();
        one
    };
    let (untouched, mut one) = (loaded(), loaded());
    assert_eq!(
        visit(&untouched.build().into_context(), &client).unwrap(),
        "1001"
    );

    bench.tear();
    load(&mut one).expect_err("OpenSSL sees that the key is another's");
    // The error was reported. The context that is left serves no client.
    let refused = visit(&one.build().into_context(), &client).unwrap_err();
    assert!(refused.contains("no shared cipher"), "{refused}");

    // Ours refuses the same files, and has lost nothing.
    let Reload::Rejected(rejected) = store.reload() else {
        panic!("a torn pair was served");
    };
    assert_eq!(rejected.reason, Reason::PairMismatch);
    assert_eq!(visit(&front, &client).unwrap(), "1001");
}
// ANCHOR_END: torn

/// The same in a client. It has no certificate to send any more, and where the server does not insist
/// on one, nobody notices.
#[test]
fn a_torn_pair_in_a_clients_context_leaves_it_anonymous() {
    let mut bench = bench();
    let files = bench.agent.files();
    let server = server_that_asks(&files, SslVerifyMode::PEER);
    let store = start_client(bench.source()).unwrap();
    let load = |context: &mut SslContextBuilder| {
        context.set_certificate_chain_file(&files.certificate)?;
        context.set_private_key_file(&files.key, SslFiletype::PEM)
    };
    let mut one = SslConnector::builder(SslMethod::tls_client()).unwrap();
    one.set_ca_file(&files.roots).unwrap();
    load(&mut one).unwrap();

    bench.tear();
    load(&mut one).expect_err("OpenSSL sees that the key is another's");
    store.reload();
    let shown = |client: &SslConnector| {
        let client = client.configure().unwrap().into_ssl("localhost").unwrap();
        let (_, server) = handshake(&server, client).unwrap();
        server.ssl().peer_certificate().map(|leaf| serial(&leaf))
    };
    assert_eq!(shown(&one.build()), None);
    assert_eq!(shown(&store.current().config).as_deref(), Some("1001"));
}

// ANCHOR: slots
/// A key of another type goes into another slot, and `set_private_key` compares within a slot alone.
/// A call before it shows what a client would find: no shared algorithm, or the pair of before.
#[test]
fn a_key_of_another_type_is_found_by_the_check_alone() {
    let bench = bench();
    let pem = fs::read(bench.agent.files().certificate).unwrap();
    let certificate = X509::from_pem(&pem).unwrap();
    let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut context = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    context.set_certificate(&certificate).unwrap();
    context.set_private_key(&rsa).expect("OpenSSL takes it");
    context
        .check_private_key()
        .expect_err("the certificate is an ECDSA one");
}
// ANCHOR_END: slots

/// Ours is not built from such a pair, whoever let it pass.
#[test]
fn a_context_is_not_built_from_a_pair_of_two_types() {
    let bench = bench();
    let mut identity = identity::read(&bench.source()).unwrap();
    server_context(&identity).unwrap();
    let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let der = rsa.private_key_to_pkcs8().unwrap();
    identity.key = PrivatePkcs8KeyDer::from(der).into();
    server_context(&identity).expect_err("a server's context was built");
    client_context(&identity)
        .map(drop)
        .expect_err("a client's context was built");
}

/// What OpenSSL does not take, though rustls did, is not served either.
#[test]
fn a_context_that_cannot_be_built_leaves_the_old_one() {
    let mut bench = bench();
    let loader = Loader {
        read: Box::new(|source, _| identity::read(source)),
        build: Box::new(|identity, _| match identity.facts.serial.as_str() {
            "1002" => Err("not in this house".into()),
            _ => Ok(server_context(identity)?),
        }),
    };
    let store = IdentityStore::start_by(loader, bench.source()).unwrap();
    let (front, client) = (hooked_context(store.clone()).unwrap(), bench.stranger());
    bench.agent.rotate().unwrap();
    let Reload::Rejected(rejected) = store.reload() else {
        panic!("it was served");
    };
    assert_eq!(rejected.detail, "not in this house");
    assert_eq!(visit(&front, &client).unwrap(), "1001");
    bench.agent.rotate().unwrap();
    store.reload();
    assert_eq!(visit(&front, &client).unwrap(), "1003");
}

// ANCHOR: sessions
/// Sessions and ticket keys belong to the context that accepts, not to the one that the callback
/// picks. So that context decides which sessions outlive a rotation.
#[test]
fn sessions_belong_to_the_context_that_accepts() {
    for tls12_only in [true, false] {
        let mut bench = bench();
        let store = start_server(bench.source()).unwrap();
        let front = hooked_context(store.clone()).unwrap();
        let client = || {
            let resume = Options {
                resume: true,
                tls12_only,
                ..Options::default()
            };
            client::config(bench.agent.root_pem(), resume).unwrap()
        };
        let (by_hook, by_swap) = (client(), client());
        let swapped = |store: &IdentityStore| store.current().config.clone();
        for _ in 0..2 {
            visit_again(&front, &by_hook).unwrap();
            visit_again(&swapped(&store), &by_swap).unwrap();
        }
        assert!(
            visit_again(&swapped(&store), &by_swap).unwrap().1,
            "within a generation"
        );

        bench.agent.rotate().unwrap();
        store.reload();
        assert_eq!(visit_again(&front, &by_hook), Ok(("1001".into(), true)));
        assert_eq!(
            visit_again(&swapped(&store), &by_swap),
            Ok(("1002".into(), false))
        );
    }
}
// ANCHOR_END: sessions

/// `connect` for each new connection: the snapshot is that of the moment.
#[tokio::test]
async fn each_new_connection_shows_the_current_identity() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = bench();
    let servers = bench.agent.issue().unwrap();
    let server = mutual::Server::start(&servers, bench.agent.root_pem())
        .await
        .unwrap();
    let store = start_client(bench.source()).unwrap();
    let caller = Caller {
        store: store.clone(),
        name: "localhost".into(),
    };
    let mut shown = Vec::new();
    let mut call = async |expected: &str| {
        let (stream, generation) = caller.connect(server.address()).await.unwrap();
        let seen = want("client_seen").with("serial", expected);
        server.log().wait_for(&seen, BOUND).await;
        shown.push(expected.to_owned());
        (stream, generation.number)
    };
    let (held, generation) = call("1001").await;
    assert_eq!(generation, 1);
    let torn = bench.tear();
    store.reload_and_log();
    assert_eq!(call("1001").await.1, 1, "the torn pair is not shown");
    bench.agent.write(&torn).unwrap();
    store.reload_and_log();
    let second = torn.facts.serial.clone();
    assert_eq!(call(&second).await.1, 2);
    let of_held = held.ssl().ssl_context().certificate().map(serial);
    assert_eq!(of_held.as_deref(), Some("1001"));

    let seen = server.log().all(&want("client_seen"));
    let seen: Vec<_> = seen
        .iter()
        .map(|seen| seen.text("serial").unwrap())
        .collect();
    assert_eq!(seen, shown);
    log.assert_order(&[
        want("identity_loaded").with("generation", 1),
        want("identity_rejected").with("reason", "pair_mismatch"),
        want("identity_loaded").with("generation", 2),
    ]);
    log.assert_no_key_bytes([&torn.key, &servers.key]);
    let debug = format!("{caller:?} {:?}", store.current());
    for line in torn.key.expose().lines() {
        assert!(!debug.contains(line), "key bytes in a Debug");
    }
}

/// A client's certificate has no name to keep, and must lead to what servers trust.
#[test]
fn a_client_is_validated_as_servers_do() {
    let mut bench = bench();
    let store = start_client(bench.source()).unwrap();
    let mut request = LeafRequest::new("client.example");
    request.names = vec!["client.example".into()];
    let issued = bench.agent.authority().issue(&request).unwrap();
    bench.agent.write(&issued).unwrap();
    assert!(matches!(store.reload(), Reload::Loaded(_)));
    let server = start_server(bench.source()).unwrap_err();
    assert_eq!(server.reason, Reason::NameLost);

    let elsewhere = lab::directory().unwrap();
    let mut other = Agent::new(elsewhere.path(), Strategy::RenameEach).unwrap();
    let stranger = other.issue().unwrap();
    bench.agent.write(&stranger).unwrap();
    let Reload::Rejected(rejected) = store.reload() else {
        panic!("a stranger's certificate was taken");
    };
    assert_eq!(rejected.reason, Reason::ChainBroken);
}

/// A client trusts the roots it was given, and not the system's, which OpenSSL's builder adds.
#[tokio::test]
async fn the_system_does_not_widen_the_clients_trust() {
    let bench = bench();
    let elsewhere = lab::directory().unwrap();
    let mut other = Agent::new(elsewhere.path(), Strategy::RenameEach).unwrap();
    let imposter = other.issue().unwrap();
    let server = mutual::Server::start(&imposter, bench.agent.root_pem())
        .await
        .unwrap();
    let mut arguments = Serve::command_line(&bench.agent.files());
    arguments[0] = "call".into();
    let address = server.address().to_string();
    let run = tokio::process::Command::new(env!("CARGO_BIN_EXE_ch04-dynamic-contexts"))
        .args(arguments)
        .args(["--server", &address, "--until", "1"])
        .env("SSL_CERT_FILE", other.files().roots)
        .output();
    let run = tokio::time::timeout(BOUND, run)
        .await
        .expect("the client ends")
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success(), "{said}");
    assert!(said.contains("certificate verify failed"), "{said}");
    server.log().assert_none(&want("client_seen"));
}

/// On resumption the callback is asked, and its answer shown to nobody: the log claims nothing.
#[tokio::test]
async fn on_resumption_the_log_claims_no_generation() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = bench();
    let store = start_server(bench.source()).unwrap();
    let listener = tokio::net::TcpListener::bind(lab::any_port())
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(serve(listener, hooked_context(store.clone()).unwrap()));
    let resume = Options {
        resume: true,
        ..Options::default()
    };
    let client = Client::new(bench.agent.root_pem(), "localhost", resume).unwrap();
    client.probe(address).await.unwrap();
    bench.agent.rotate().unwrap();
    store.reload();
    let seen = client.probe(address).await.unwrap();
    assert_eq!((seen.chain.serial.as_str(), seen.resumed), ("1001", true));
    let resumed = want("connection_opened").with("resumed", true);
    let resumed = log.wait_for(&resumed, BOUND).await;
    // Connections are counted in the whole process, and a test beside this one has some, too.
    let connection = resumed.number("connection").unwrap();
    let closed = want("connection_closed").with("connection", connection);
    log.wait_for(&closed, BOUND).await;
    log.assert_order(&[
        want("connection_opened")
            .with("generation", 1)
            .with("resumed", false),
        want("connection_opened")
            .with("generation", Value::Null)
            .with("resumed", true),
        closed.with("generation", Value::Null).with("bytes", 1),
    ]);
    serving.abort();
}

/// What Mozilla advises against is not spoken by either context: here the ciphers in CBC of TLS 1.2.
#[test]
fn an_old_cipher_is_not_spoken() {
    let bench = bench();
    let store = start_server(bench.source()).unwrap();
    let front = hooked_context(store.clone()).unwrap();
    let client = |cipher: &str| {
        let mut client = SslConnector::builder(SslMethod::tls_client()).unwrap();
        client.set_ca_file(bench.agent.files().roots).unwrap();
        client
            .set_max_proto_version(Some(SslVersion::TLS1_2))
            .unwrap();
        client.set_cipher_list(cipher).unwrap();
        client.build()
    };
    for server in [&front, &store.current().config] {
        visit(server, &client("ECDHE-ECDSA-AES128-GCM-SHA256")).unwrap();
        let refused = visit(server, &client("ECDHE-ECDSA-AES128-SHA")).unwrap_err();
        assert!(refused.contains("no shared cipher"), "{refused}");
    }
}

/// OpenSSL's default level of security rules old versions out as well, and a machine may have a lower one.
#[test]
fn a_client_speaks_no_version_before_1_2() {
    let bench = bench();
    let store = start_client(bench.source()).unwrap();
    let files = bench.agent.files();
    for (newest, spoken) in [(SslVersion::TLS1_2, true), (SslVersion::TLS1_1, false)] {
        let mut server = SslContextBuilder::new(SslMethod::tls_server()).unwrap();
        server.set_security_level(0);
        server.set_max_proto_version(Some(newest)).unwrap();
        server
            .set_certificate_chain_file(&files.certificate)
            .unwrap();
        server
            .set_private_key_file(&files.key, SslFiletype::PEM)
            .unwrap();
        let client = store.current().config.configure().unwrap();
        let mut client = client.into_ssl("localhost").unwrap();
        client.set_security_level(0);
        let shaken = handshake(&server.build(), client).map(drop);
        assert_eq!(shaken.is_ok(), spoken, "{shaken:?}");
    }
}
