//! What a pair that is refused does to connections that were open before.

use std::io::{Read, Write};

use ch02_hot_reload::Reload;
use ch04_dynamic_contexts::{hooked_context, start_server};
use openssl::ssl::{ErrorCode, SslAcceptor, SslFiletype, SslMethod};

use crate::bench::{bench, handshake};

/// OpenSSL keeps the errors of a thread until they are taken, and asks for them after each read: a
/// refusal that is left there is taken for an error of the next connection that this thread reads.
#[test]
fn an_error_that_a_refused_pair_leaves_behind_ends_a_kept_connection() {
    let mut bench = bench();
    let store = start_server(bench.source()).unwrap();
    let front = hooked_context(store.clone()).unwrap();
    let client = bench.stranger().configure().unwrap();
    let (mut client, mut server) =
        handshake(&front, client.into_ssl("localhost").unwrap()).unwrap();
    server.get_ref().set_nonblocking(true).unwrap();

    bench.tear();
    let reload = store.reload();
    assert!(
        matches!(reload, Reload::Rejected(_)),
        "a torn pair was served"
    );
    // Ours has taken it: there is nothing to read yet, and that is all.
    let nothing_yet = server.ssl_read(&mut [0]).unwrap_err();
    assert_eq!(nothing_yet.code(), ErrorCode::WANT_READ);
    client.write_all(b"?").unwrap();
    server.read_exact(&mut [0]).unwrap();

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
