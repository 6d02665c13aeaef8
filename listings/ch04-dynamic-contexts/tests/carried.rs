//! What `set_ssl_context` takes from the context that the callback picks, and what stays with the
//! context that accepts.

use std::fmt::{Debug, Write as _};
use std::fs;
use std::sync::{Arc, Mutex};

use lab::client::{self, Options};
use openssl::ssl::{
    AlpnError, SniError, SslAcceptor, SslAcceptorBuilder, SslConnector, SslContext, SslFiletype,
    SslMethod, SslOptions, SslVerifyMode, SslVersion, StatusType, select_next_proto,
};
use openssl::stack::Stack;
use openssl::x509::X509Name;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};

use crate::bench::{Bench, End, bench, handshake, server_that_asks, visit, visit_again};

const ASKS: SslVerifyMode = SslVerifyMode::PEER.union(SslVerifyMode::FAIL_IF_NO_PEER_CERT);

/// A context that accepts, and hands each hello over to `picked`.
fn front(mut front: SslAcceptorBuilder, picked: SslContext) -> SslContext {
    front.set_servername_callback(move |connection, _| {
        connection
            .set_ssl_context(&picked)
            .map_err(|_| SniError::ALERT_FATAL)
    });
    front.build().into_context()
}

/// A server's context with the identity of an agent, and nothing said about clients.
fn serving(bench: &Bench) -> SslAcceptorBuilder {
    let files = bench.agent.files();
    let mut server = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    server.clear_options(SslOptions::NO_TLSV1_3);
    server
        .set_certificate_chain_file(files.certificate)
        .unwrap();
    server
        .set_private_key_file(files.key, SslFiletype::PEM)
        .unwrap();
    server
}

/// A client that shows the identity of an agent.
fn showing(bench: &Bench) -> SslConnector {
    let files = bench.agent.files();
    let mut client = SslConnector::builder(SslMethod::tls_client()).unwrap();
    client.set_ca_file(files.roots).unwrap();
    client
        .set_certificate_chain_file(files.certificate)
        .unwrap();
    client
        .set_private_key_file(files.key, SslFiletype::PEM)
        .unwrap();
    client.build()
}

// ANCHOR: not_carried
/// The switch carries chain and key. What was decided when the connection began stays as it was:
/// here, whether a client must show a certificate.
#[test]
fn client_authentication_is_not_carried_over_by_the_switch() {
    let bench = bench();
    let strict = server_that_asks(&bench.agent.files(), ASKS);
    let stranger = bench.stranger();
    let refused = visit(&strict, &stranger).unwrap_err();
    assert!(
        refused.contains("peer did not return a certificate"),
        "{refused}"
    );

    let asking = |asks: SslVerifyMode| {
        let mut accepting = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        accepting.set_verify(asks);
        front(accepting, strict.clone())
    };
    // Picked by a front that does not ask, the strict context lets every client in.
    assert_eq!(
        visit(&asking(SslVerifyMode::NONE), &stranger).unwrap(),
        "1001"
    );
    assert!(visit(&asking(ASKS), &stranger).is_err());
}
// ANCHOR_END: not_carried

// ANCHOR: trust
/// Clients are asked for a certificate because the accepting context says so, and are validated by
/// the trust anchors of the picked one.
#[test]
fn the_trust_anchors_are_those_of_the_picked_context() {
    let (ours, theirs) = (bench(), bench());
    let accepts = |accepting: Option<&Bench>, picked: Option<&Bench>, client: &Bench| {
        let trusting = |trusted: Option<&Bench>| {
            let mut server = serving(client);
            server.set_verify(ASKS);
            if let Some(trusted) = trusted {
                server.set_ca_file(trusted.agent.files().roots).unwrap();
            }
            server
        };
        let picked = trusting(picked).build().into_context();
        visit(&front(trusting(accepting), picked), &showing(client))
    };
    // Anchors on the context that accepts, and none on the picked one: no client gets in.
    let refused = accepts(Some(&ours), None, &ours).unwrap_err();
    assert!(refused.contains("certificate verify failed"), "{refused}");
    // Anchors of another authority on the context that accepts: they keep no client out.
    assert_eq!(accepts(Some(&theirs), Some(&ours), &ours).unwrap(), "1001");
    accepts(Some(&theirs), Some(&ours), &theirs).expect_err("not trusted by the picked context");
}
// ANCHOR_END: trust

const ACCEPTING: &str = "the accepting context";
const PICKED: &str = "the picked context";

/// Which of the two contexts decides, where each is `set` in one of two ways.
fn decides<V: PartialEq + Debug>(
    set: impl Fn(&mut SslAcceptorBuilder, bool),
    base: impl Fn() -> SslAcceptorBuilder,
    seen: impl Fn(&SslContext) -> V,
) -> &'static str {
    let scene = |accepting: bool, picked: bool| {
        let context = |way| {
            let mut context = base();
            set(&mut context, way);
            context
        };
        seen(&front(
            context(accepting),
            context(picked).build().into_context(),
        ))
    };
    let (both, neither) = (scene(true, true), scene(false, false));
    assert_ne!(both, neither, "what is set cannot be seen");
    match (scene(true, false), scene(false, true)) {
        (first, second) if (&first, &second) == (&both, &neither) => ACCEPTING,
        (first, second) if (&first, &second) == (&neither, &both) => PICKED,
        mixed => panic!("neither of them decides: {mixed:?}"),
    }
}

/// What a client that trusts and shows this agent sees, by `look` at its end.
fn sees<V>(bench: &Bench, look: impl Fn(&End) -> V) -> impl Fn(&SslContext) -> Result<V, ()> {
    let client = showing(bench);
    move |server| {
        let mut ssl = client.configure().unwrap().into_ssl("localhost").unwrap();
        ssl.set_status_type(StatusType::OCSP).unwrap();
        ssl.set_alpn_protos(b"\x03one\x03two").unwrap();
        handshake(server, ssl)
            .map(|(end, _)| look(&end))
            .map_err(drop)
    }
}

/// Keeps the names of the authorities that a server names.
#[derive(Debug, Default)]
struct Named(Mutex<usize>);

impl ResolvesClientCert for Named {
    fn resolve(&self, names: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.0.lock().unwrap() = names.len();
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// How many authorities a server names when it asks a client for a certificate.
fn names_sent(bench: &Bench, server: &SslContext) -> usize {
    let mut anchors = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(bench.agent.root_pem().as_bytes());
    anchors.add(root.unwrap()).unwrap();
    let named = Arc::new(Named::default());
    let client = ClientConfig::builder()
        .with_root_certificates(anchors)
        .with_client_cert_resolver(named.clone());
    visit_again(server, &Arc::new(client)).unwrap();
    *named.0.lock().unwrap()
}

fn alpn(server: &mut SslAcceptorBuilder, way: bool) {
    let ours: &[u8] = if way { b"\x03one" } else { b"\x03two" };
    server.set_alpn_select_callback(move |_, theirs| {
        select_next_proto(ours, theirs).ok_or(AlpnError::NOACK)
    });
}

/// What decides how a client is judged, and who is let in.
fn of_clients(ours: &Bench) -> Vec<(&'static str, &'static str)> {
    let theirs = bench();
    let roots = |way: bool| if way { ours } else { &theirs }.agent.files().roots;
    let base = || serving(ours);
    let asking = || {
        let mut server = serving(ours);
        server.set_verify(ASKS);
        server
    };
    let trusting = || {
        let mut server = asking();
        server.set_ca_file(ours.agent.files().roots).unwrap();
        server
    };
    let in_or_out = sees(ours, |_| ());
    let without = ours.stranger();
    let stranger = move |server: &SslContext| visit(server, &without).is_ok();
    let mode = |way| if way { ASKS } else { SslVerifyMode::NONE };
    let name = || {
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_text("CN", "An authority").unwrap();
        name.build()
    };
    vec![
        (
            "trust anchors by which clients are validated",
            decides(
                |s, way| s.set_ca_file(roots(way)).unwrap(),
                asking,
                in_or_out,
            ),
        ),
        (
            "the names of authorities that clients are told",
            decides(
                |s, way| {
                    let mut list = Stack::new().unwrap();
                    if way {
                        list.push(name()).unwrap();
                    }
                    s.set_client_ca_list(list);
                },
                || {
                    let mut server = serving(ours);
                    server.set_verify(SslVerifyMode::PEER);
                    server
                },
                |server| names_sent(ours, server),
            ),
        ),
        (
            "whether a client must show a certificate",
            decides(|s, way| s.set_verify(mode(way)), base, stranger),
        ),
        (
            "how long its chain may be (verify depth)",
            decides(
                |s, way| s.set_verify_depth(if way { 9 } else { 0 }),
                trusting,
                sees(ours, |_| ()),
            ),
        ),
    ]
}

/// What decides what a client is shown and how it is talked to.
fn of_the_connection(ours: &Bench) -> Vec<(&'static str, &'static str)> {
    let base = || serving(ours);
    let protocol = |end: &End| end.ssl().selected_alpn_protocol().map(<[u8]>::to_vec);
    let status = |end: &End| end.ssl().ocsp_status().map(<[u8]>::to_vec);
    vec![
        (
            "the ALPN callback",
            decides(alpn, base, sees(ours, protocol)),
        ),
        (
            "the stapled OCSP response",
            decides(
                |s, way| {
                    // Two that answer nothing: tryLater, and unauthorized (RFC 6960, section 4.2.1).
                    let stapled = [0x30, 3, 10, 1, if way { 3 } else { 6 }];
                    let staple = move |ssl: &mut openssl::ssl::SslRef| {
                        ssl.set_ocsp_status(&stapled).map(|()| true)
                    };
                    s.set_status_callback(staple).unwrap();
                },
                base,
                sees(ours, status),
            ),
        ),
    ]
}

fn one_of(way: bool, one: &'static str, other: &'static str) -> &'static str {
    if way { one } else { other }
}

/// What decides which algorithms and versions are used.
fn of_algorithms(ours: &Bench) -> Vec<(&'static str, &'static str)> {
    let base = || serving(ours);
    let old = || {
        let mut server = serving(ours);
        let version = Some(SslVersion::TLS1_2);
        server.set_max_proto_version(version).unwrap();
        server
    };
    let cipher = |end: &End| end.ssl().current_cipher().unwrap().name();
    let version = |end: &End| end.ssl().version_str();
    let group = |end: &End| end.ssl().peer_tmp_key().unwrap().bits();
    vec![
        (
            "cipher suites of TLS 1.2",
            decides(
                |s, way| {
                    let suite = one_of(
                        way,
                        "ECDHE-ECDSA-AES128-GCM-SHA256",
                        "ECDHE-ECDSA-AES256-GCM-SHA384",
                    );
                    s.set_cipher_list(suite).unwrap();
                },
                old,
                sees(ours, cipher),
            ),
        ),
        (
            "cipher suites of TLS 1.3",
            decides(
                |s, way| {
                    let suite = one_of(way, "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384");
                    s.set_ciphersuites(suite).unwrap();
                },
                base,
                sees(ours, cipher),
            ),
        ),
        (
            "groups for the key exchange",
            decides(
                |s, way| s.set_groups_list(one_of(way, "P-256", "P-384")).unwrap(),
                base,
                sees(ours, group),
            ),
        ),
        (
            "lowest and highest version",
            decides(
                |s, way| {
                    let highest = way.then_some(SslVersion::TLS1_2);
                    s.set_max_proto_version(highest).unwrap();
                },
                base,
                sees(ours, version),
            ),
        ),
        (
            "options",
            decides(
                |s, way| {
                    if way {
                        s.set_options(SslOptions::NO_TLSV1_3);
                    }
                },
                base,
                sees(ours, version),
            ),
        ),
    ]
}

/// A client that comes twice, first to one server and then to another: whether it resumed.
fn resumes(ours: &Bench, servers: [&SslContext; 2], tls12_only: bool) -> bool {
    let options = Options {
        resume: true,
        tls12_only,
        ..Options::default()
    };
    let client = client::config(ours.agent.root_pem(), options).unwrap();
    visit_again(servers[0], &client).unwrap();
    visit_again(servers[1], &client).is_ok_and(|(_, resumed)| resumed)
}

/// A session that was begun with a client who was asked for a certificate is not looked for without a
/// session id context, and the handshake fails.
fn of_session_ids(ours: &Bench) -> &'static str {
    decides(
        |s, way| {
            if way {
                s.set_session_id_context(b"a service").unwrap();
            }
        },
        || {
            let mut server = serving(ours);
            server.set_verify(SslVerifyMode::PEER);
            server
        },
        |server| resumes(ours, [server, server], false),
    )
}

/// Ticket keys are the accepting context's: the picked one may be another each time.
fn of_sessions(ours: &Bench) -> &'static str {
    let both = [true, false].map(|tls12_only| {
        let picked = || serving(ours).build().into_context();
        // The picked context changes with each hello.
        let mut one = serving(ours);
        let turn = Mutex::new([picked(), picked()].into_iter());
        one.set_servername_callback(move |connection, _| {
            let next = turn.lock().unwrap().next().unwrap();
            connection
                .set_ssl_context(&next)
                .map_err(|_| SniError::ALERT_FATAL)
        });
        let one = one.build().into_context();
        let kept = resumes(ours, [&one, &one], tls12_only);
        let picked = picked();
        let [first, second] = [0, 1].map(|_| front(serving(ours), picked.clone()));
        (kept, resumes(ours, [&first, &second], tls12_only))
    });
    match both {
        [(true, false), (true, false)] => ACCEPTING,
        [(false, true), (false, true)] => PICKED,
        mixed => panic!("neither of them decides: {mixed:?}"),
    }
}

/// The chapter shows this table, so that it cannot claim what was not seen.
#[test]
fn the_table_of_what_travels_is_what_is_seen() {
    let (ours, theirs) = (bench(), {
        let mut other = bench();
        other.agent.rotate().unwrap();
        other
    });
    let identity = |s: &mut SslAcceptorBuilder, way: bool| {
        let files = if way { &ours } else { &theirs }.agent.files();
        s.set_certificate_chain_file(files.certificate).unwrap();
        s.set_private_key_file(files.key, SslFiletype::PEM).unwrap();
    };
    let bare = || SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    let mut trusting = SslConnector::builder(SslMethod::tls_client()).unwrap();
    trusting.set_verify(SslVerifyMode::NONE);
    let trusting = trusting.build();
    let shown = |server: &SslContext| visit(server, &trusting);
    let mut rows = vec![("chain and key", decides(identity, bare, shown))];
    rows.extend(of_clients(&ours));
    rows.extend(of_the_connection(&ours));
    rows.extend(of_algorithms(&ours));
    rows.push(("session cache and ticket keys", of_sessions(&ours)));
    rows.push(("session id context", of_session_ids(&ours)));

    let mut table = String::from("| what is set | decided by |\n|---|---|\n");
    for by in [PICKED, ACCEPTING] {
        for (what, _) in rows.iter().filter(|row| row.1 == by) {
            writeln!(table, "| {what} | {by} |").unwrap();
        }
    }
    let shown = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/carried.md")).unwrap();
    assert_eq!(shown, table);
}
