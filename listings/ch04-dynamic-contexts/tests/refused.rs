//! What a pair that is refused does to connections that were open before.

use std::io::{Read, Write};

use ch02_hot_reload::identity::{self, Identity};
use ch02_hot_reload::{IdentityStore, Loader, Reload};
use ch04_dynamic_contexts::{hooked_context, server_context};
use openssl::ssl::{ErrorCode, SslAcceptor, SslFiletype, SslMethod};

use crate::bench::{bench, handshake};

/// OpenSSL keeps the errors of a thread until they are taken, and asks for them after each read: a
/// refusal that is left there is taken for an error of the next connection that this thread reads.
#[test]
fn an_error_that_a_refused_pair_leaves_behind_ends_a_kept_connection() {
    let mut bench = bench();
    let loader = Loader {
        read: Box::new(|source, _| identity::read(source)),
        build: Box::new(|identity, before| match before {
            None => Ok(server_context(identity)?),
            Some(before) => Ok(server_context(&Identity {
                key: before.identity.key.clone_key(),
                ..identity.clone()
            })?),
        }),
    };
    let store = IdentityStore::start_by(loader, bench.source()).unwrap();
    let front = hooked_context(store.clone()).unwrap();
    let client = bench.stranger().configure().unwrap();
    let (mut client, mut server) =
        handshake(&front, client.into_ssl("localhost").unwrap()).unwrap();
    server.get_ref().set_nonblocking(true).unwrap();

    // What our own reader refuses, and what OpenSSL alone does.
    bench.tear();
    let torn = store.reload();
    assert!(matches!(torn, Reload::Rejected(_)), "a torn pair is served");
    bench.agent.rotate().unwrap();
    let Reload::Rejected(rejected) = store.reload() else {
        panic!("a key that is another's is served");
    };
    let detail = &rejected.detail;
    assert!(detail.contains("key values mismatch"), "{detail}");
    // Ours has taken the error: there is nothing to read yet, and that is all.
    let nothing_yet = server.ssl_read(&mut [0]).unwrap_err();
    assert_eq!(nothing_yet.code(), ErrorCode::WANT_READ, "{nothing_yet}");
    client.write_all(b"?").unwrap();
    server.read_exact(&mut [0]).unwrap();

    bench.tear();
    // A server that loads the pair, is refused, and does not empty the queue.
    let files = bench.agent.files();
    let mut next = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    next.set_certificate_chain_file(&files.certificate).unwrap();
    let refused = next.set_private_key_file(&files.key, SslFiletype::PEM);
    refused.expect_err("the key is another's").put();
    let ended = server.ssl_read(&mut [0]).unwrap_err();
    assert_eq!(ended.code(), ErrorCode::SSL, "{ended}");
    assert!(ended.to_string().contains("key values mismatch"), "{ended}");
}
