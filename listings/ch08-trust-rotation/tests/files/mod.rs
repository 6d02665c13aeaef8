//! What the world writes: every kind of file in `files.toml`, through the reader of each chapter.
//!
//! What is loaded, a rustls client and an OpenSSL client can use, from the server of each chapter.
//! What is rejected has the reason and the words that stand in the list. A page of the book shows
//! the list.

mod kinds;
mod kit;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::{Identity, Peers, Rejected, Source};
use ch02_hot_reload::message;
use ch03_handshake_hook::watch::Events;
use ch05_race_conditions::{Options, Reader};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch07_graceful_degradation::{Keeper, Settings};
use ch08_trust_rotation::{client, mutual, roots::Roots};
use lab::BOUND;
use lab::log::{Log, want};
use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use rustls::time_provider::DefaultTimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde::Deserialize;

const LIST: &str = include_str!("../../files.toml");

#[derive(Deserialize)]
struct List {
    file: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    kind: String,
    /// `loaded`, or the reason of the rejection.
    outcome: String,
    /// The same of a client, where it is another.
    client: Option<String>,
    /// A part of the detail.
    #[serde(default)]
    says: String,
    /// What is logged beside it.
    #[serde(default)]
    event: String,
}

fn list() -> Vec<Entry> {
    toml::from_str::<List>(LIST).unwrap().file
}

fn hasty() -> Options {
    Options {
        rest: Duration::ZERO,
        ..Options::default()
    }
}

fn sessions() -> Sessions {
    Sessions::new(Tickets::KeepUnlessTrustChanged, 8)
}

/// A server's configuration of each chapter from 5 on, or why there is none.
type Configured = Result<(Identity, Arc<ServerConfig>), Rejected>;

/// What the reader of this name makes of the files.
fn by(chapter: &str, source: &Source) -> Configured {
    let source = source.clone();
    let start = |loader| IdentityStore::start_by(loader, source.clone());
    let reader = Reader::new(hasty());
    let store = match chapter {
        "ch05" => start(reader.loader())?,
        "ch06" => start(sessions().loader(reader))?,
        "ch07" => {
            let settings = Settings {
                events: Events::PollOnly,
                poll: Duration::from_secs(1),
                look_bound: Duration::from_secs(10),
                renewal: ch07_graceful_degradation::budget::Renewal::UNKNOWN,
            };
            let keeper = Keeper::start(source, Arc::new(DefaultTimeProvider), settings)?;
            keeper.store().clone()
        }
        _ => {
            let roots = Roots::new(source.clone(), sessions(), Duration::from_secs(60));
            start(roots.loader(reader.read_fn()))?
        }
    };
    let current = store.current();
    Ok((current.identity.clone(), current.config.clone()))
}

const CHAPTERS: [&str; 4] = ["ch05", "ch06", "ch07", "ch08"];

/// The pair as a client shows it: whole, or without what a server's chain was padded with, where that
/// is more than a client may show.
fn as_client(identity: &Identity) -> Identity {
    let mut certified = (*identity.certified).clone();
    if message::length(&certified.cert) > message::LARGEST_OF_CLIENT {
        certified.cert.truncate(4);
    }
    Identity {
        certified: Arc::new(certified),
        ..identity.clone()
    }
}

/// A rustls client that trusts what the server's peers trust, and shows the server's own pair where
/// it is asked for one.
fn rustls_client(identity: &Identity) -> Arc<ClientConfig> {
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(identity.anchors.iter().cloned());
    let mut config = mutual::client_config(&as_client(identity)).unwrap();
    config.alpn_protocols.clear();
    Arc::new(config)
}

/// The same with OpenSSL.
fn openssl_client(identity: &Identity) -> SslConnector {
    let identity = &as_client(identity);
    let mut client = SslConnector::builder(SslMethod::tls_client()).unwrap();
    let mut anchors = X509StoreBuilder::new().unwrap();
    for anchor in &identity.anchors {
        // It does not take the same one twice.
        let _ = anchors.add_cert(X509::from_der(anchor).unwrap());
    }
    client.set_cert_store(anchors.build());
    let mut chain = identity
        .certified
        .cert
        .iter()
        .map(|der| X509::from_der(der).unwrap());
    client.set_certificate(&chain.next().unwrap()).unwrap();
    for other in chain {
        client.add_extra_chain_cert(other).unwrap();
    }
    let key = openssl::pkey::PKey::private_key_from_der(identity.key.secret_der()).unwrap();
    client.set_private_key(&key).unwrap();
    client.build()
}

/// A handshake between a server and an OpenSSL client, and a byte each way after it.
fn openssl_handshake(server: &Arc<ServerConfig>, client: &SslConnector) -> Result<(), String> {
    let (near, far) = UnixStream::pair().unwrap();
    for end in [&near, &far] {
        end.set_read_timeout(Some(BOUND)).unwrap();
    }
    let server = ServerConnection::new(server.clone()).unwrap();
    thread::scope(|scope| {
        let serving = scope.spawn(|| {
            let mut stream = StreamOwned::new(server, far);
            let served = stream
                .read_exact(&mut [0])
                .and_then(|()| stream.write_all(b"!"));
            served.map_err(|why| format!("the server: {why}"))
        });
        let connected = client
            .connect("localhost", near)
            .map_err(|why| why.to_string());
        let talked = connected.and_then(|mut stream| {
            let talked = stream
                .write_all(b"?")
                .and_then(|()| stream.read_exact(&mut [0]));
            talked.map_err(|why| why.to_string())
        });
        let served = serving.join().unwrap();
        talked.and(served)
    })
}

/// What is wrong with this entry, if anything.
fn check(entry: &Entry, log: &Log) -> Result<(), String> {
    let directory = lab::directory().unwrap();
    let files = kinds::make(&entry.kind, directory.path());
    let source = Source::localhost(files.ok_or("there is no such kind")?);
    for chapter in CHAPTERS {
        let found = by(chapter, &source);
        let in_chapter = |why: String| Err(format!("{chapter}: {why}"));
        match (&found, entry.outcome.as_str()) {
            (Ok((identity, server)), "loaded") => {
                let rustls = lab::memory::handshake(server, &rustls_client(identity));
                let rustls = rustls
                    .map(drop)
                    .map_err(|why| format!("a rustls client: {why}"));
                let openssl = openssl_handshake(server, &openssl_client(identity));
                let openssl = openssl.map_err(|why| format!("an OpenSSL client: {why}"));
                if let Err(why) = rustls.and(openssl) {
                    return in_chapter(format!("loaded, and {why}"));
                }
            }
            (Err(rejected), outcome) if rejected.reason.name() == outcome => {
                if entry.says.is_empty() || !rejected.detail.contains(&entry.says) {
                    return in_chapter(format!("rejected in other words: {rejected}"));
                }
            }
            (Ok(_), outcome) => return in_chapter(format!("loaded, not {outcome}")),
            (Err(rejected), outcome) => return in_chapter(format!("{rejected}, not {outcome}")),
        }
    }
    // A client's identity is read with the same care.
    let read = client::read(&source).map(drop);
    let reason = read.map_or_else(|rejected| rejected.reason.name(), |()| "loaded");
    let outcome = entry.client.as_ref().unwrap_or(&entry.outcome);
    if reason != outcome {
        return Err(format!("ch08's client: {reason}, not {outcome}"));
    }
    let warned: BTreeSet<_> = ["key_exposed", "trust_rejected", "names_lost"]
        .into_iter()
        .filter(|event| !log.all(&want(event)).is_empty())
        .collect();
    let expected: BTreeSet<_> = Some(entry.event.as_str())
        .filter(|e| !e.is_empty())
        .into_iter()
        .collect();
    match warned == expected {
        true => Ok(()),
        false => Err(format!("logged {warned:?}, not {expected:?}")),
    }
}

#[test]
fn every_chapter_reads_as_the_list_says_and_every_client_can_use_what_is_loaded() {
    let entries = list();
    assert!(entries.len() >= 60, "{}", entries.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (log, _capturing) = lab::emit::capture();
            if let Err(why) = check(entry, &log) {
                wrong.push(format!("{}: {why}", entry.kind));
            }
        }
        wrong
    };
    // Most of the time goes by while chapter 7 waits for the files to rest.
    let wrong: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..16).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_kind_stands_in_the_list_once() {
    let entries = list();
    let kinds: BTreeSet<_> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds.len(), entries.len());
    // The arms of the functions that make them, so that none is left out of the list.
    let source = include_str!("kinds.rs");
    let arms = source.lines().filter_map(|line| {
        let line = line.trim_start();
        let arm = line
            .split_once(" =>")
            .map(|(arm, _)| arm)
            .filter(|_| line.starts_with('"'))?;
        Some(arm.split(" | ").map(|kind| kind.trim_matches('"')))
    });
    let made: BTreeSet<_> = arms.flatten().collect();
    assert_eq!(made, kinds);
}

/// For peers that are servers, a chain is validated as a client's.
#[test]
fn a_reader_for_servers_asks_for_no_name() {
    let directory = lab::directory().unwrap();
    let files = kinds::make("plain", directory.path()).unwrap();
    let mut source = Source::localhost(files);
    source.names = vec!["elsewhere.example".try_into().unwrap()];
    Reader::new(hasty()).read(&source, None).unwrap_err();
    Reader::new(hasty())
        .for_peers(Peers::Servers)
        .read(&source, None)
        .unwrap();
}
