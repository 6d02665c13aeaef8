//! How long a chain a client may show. A server seals it into the session, and gives it back in each
//! ticket.

use std::sync::Arc;

use ch02_hot_reload::identity::{self, Identity, Reason};
use ch02_hot_reload::message::{self, LARGEST_OF_CLIENT};
use ch08_trust_rotation::client;
use ch08_trust_rotation::mutual::{client_config, server_config};
use ch08_trust_rotation::party::{Party, issue};
use lab::memory;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::sign::CertifiedKey;

use super::bench::{Bench, named};

const KIB: usize = 1 << 10;

/// The identity, with copies of its root behind the chain until it makes a message of about so many
/// bytes, and not more.
fn padded(identity: &Identity, bytes: usize) -> Identity {
    let mut certified = CertifiedKey::clone(&identity.certified);
    let root = &identity.anchors[0];
    while message::length(&certified.cert) + root.len() + 5 <= bytes {
        certified.cert.push(root.clone());
    }
    Identity {
        certified: Arc::new(certified),
        ..identity.clone()
    }
}

/// rustls's own server lets a client in whose chain is as long as a chapter's client may show. From
/// 32 KiB on its client cannot read the two tickets that it gets; from 16 KiB on, four.
#[test]
fn what_a_server_takes_that_gives_tickets() {
    let party = Party::new(&mut named("Root A"), 0x1001).unwrap();
    let identity = identity::read(&party.source()).unwrap();
    let takes = |tickets, bytes| {
        let mut server: ServerConfig = server_config(&identity).unwrap();
        server.send_tls13_tickets = tickets;
        server.ticketer = Ticketer::new().unwrap();
        let client = client_config(&padded(&identity, bytes)).unwrap();
        memory::handshake(&Arc::new(server), &Arc::new(client)).is_ok()
    };
    let found = [0, 1, 2, 4].map(|tickets| {
        let sizes = [15, 17, 30, 34, 60];
        sizes.map(|size| takes(tickets, size * KIB))
    });
    let wanted = [
        [true; 5],
        [true; 5],
        [true, true, true, false, false],
        [true, false, false, false, false],
    ];
    assert_eq!(found, wanted);
    assert_eq!(LARGEST_OF_CLIENT, 30 * KIB);
}

/// This chapter's server lets it in all the same, and gives no ticket that the client could not
/// read: each time it shows its certificate.
#[tokio::test(start_paused = true)]
async fn a_client_with_a_long_chain_is_let_in_without_a_ticket() {
    let bench = Bench::new();
    let identity = &bench.store.current().identity;
    for (size, resumes) in [(10, true), (20, false), (34, false), (60, false)] {
        let mut client = client_config(&padded(identity, size * KIB)).unwrap();
        // What the bench speaks.
        client.alpn_protocols.clear();
        let client = Arc::new(client);
        assert!(!bench.call(&client).await.unwrap().resumed);
        let again = bench.call(&client).await.unwrap();
        assert_eq!(again.resumed, resumes, "{size} KiB");
    }
}

/// A client does not load what such a server would not take, and says what is wrong with it.
#[test]
fn a_client_whose_chain_is_too_long_does_not_load_it() {
    let mut a = named("Root A");
    let mut party = Party::new(&mut a, 0x1001).unwrap();
    let each = client::read(&party.source()).unwrap().anchors[0].len() + 5;
    let mut show = |length: usize| {
        let mut leaf = issue(&mut a, 0x1002).unwrap();
        let copies = (length - 1300) / each;
        leaf.chain_pem += &a.root_pem().repeat(copies);
        party.show(&leaf).unwrap();
        let length = leaf_length(&leaf.chain_pem);
        (length, client::read(&party.source()))
    };
    let (length, read) = show(29 * KIB);
    assert!(length > 28 * KIB && read.is_ok(), "{length}");
    let (length, read) = show(34 * KIB);
    let rejected = read.unwrap_err();
    assert_eq!(rejected.reason, Reason::TooLarge, "{length}");
    for says in [&format!("{length} bytes"), "30720", "no bundle of roots"] {
        assert!(rejected.detail.contains(says), "{rejected}");
    }
}

/// The message that a chain in PEM makes.
fn leaf_length(pem: &str) -> usize {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    message::length(&chain.unwrap())
}
