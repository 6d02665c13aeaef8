//! What is wanted of `reload`. Each function is a check, and its comment says what has to hold.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use exercise_bench::openssl_ends::visit;
use lab::authority::{Authority, Issued, KeyKind, LeafRequest};
use lab::client::{Options, config};
use openssl::pkey::PKey;
use openssl::ssl::SslAcceptorBuilder;
use rustls::ClientConfig;

use super::exercise::{blank, reload};

/// A context that shows 1001, the pair 1002, and a client that trusts their authority.
struct Bench {
    served: SslAcceptorBuilder,
    next: Issued,
    client: Arc<ClientConfig>,
}

fn bench() -> Bench {
    let mut authority = Authority::new().unwrap();
    let mut issue = || authority.issue(&LeafRequest::new("localhost")).unwrap();
    let (first, next) = (issue(), issue());
    let client = config(authority.root_pem(), Options::default()).unwrap();
    let mut served = blank().unwrap();
    let loaded = reload(
        &mut served,
        first.chain_pem.as_bytes(),
        first.key.expose().as_bytes(),
    );
    if let Err(error) = loaded {
        panic!("The first pair is valid, and `reload` returned: {error}.");
    }
    Bench {
        served,
        next,
        client,
    }
}

impl Bench {
    /// Reloads, and returns whether it was done.
    fn reload(&mut self, key_pem: &[u8]) -> bool {
        let loaded = reload(&mut self.served, self.next.chain_pem.as_bytes(), key_pem);
        loaded.is_ok()
    }

    /// The serial that a client is shown now and how many certificates, or why its handshake failed.
    fn shown(self) -> (String, usize) {
        match visit(&self.served.build().into_context(), &self.client) {
            Ok(visit) => (visit.serial, visit.certificates),
            Err(error) => (format!("nothing ({error})"), 0),
        }
    }
}

/// A valid pair is shown to the next client.
pub fn a_valid_pair_is_shown() {
    let mut bench = bench();
    let key = bench.next.key.expose().as_bytes().to_vec();
    assert!(
        bench.reload(&key),
        "1002 is a valid pair, and `reload` returned an error."
    );
    let (shown, _) = bench.shown();
    assert!(
        shown == "1002",
        "1002 was loaded, and a new client was shown {shown}. Clients hold the root alone, so the intermediates have to be sent with the leaf."
    );
    clients_of_tls_1_2_are_served_as_before();
    another_kind_of_key_is_shown_as_well();
    each_context_is_asked_for_itself();
}

/// A process has several contexts, and each is loaded from the same files.
fn each_context_is_asked_for_itself() {
    let mut one = bench();
    let mut other = bench();
    (other.next, other.client) = (one.next.clone(), one.client.clone());
    let key = one.next.key.expose().as_bytes().to_vec();
    let loaded = [one.reload(&key), one.reload(&key), other.reload(&key)];
    let shown = [one.shown().0, other.shown().0];
    assert!(
        loaded == [true; 3] && shown == ["1002", "1002"],
        "The same pair was loaded into one context, into this one again, and into another one, of the same process. Clients of the two are shown {}. What was loaded, and where, is remembered beside the contexts, and was taken for loaded into another one: each \
         `reload` loads what it was given into the context that it was given.",
        shown.join(" and ")
    );
}

/// An operator goes from one kind of key to another at a renewal, and back.
fn another_kind_of_key_is_shown_as_well() {
    let mut bench = bench();
    let mut authority = Authority::new().unwrap();
    bench.client = config(authority.root_pem(), Options::default()).unwrap();
    for (kind, name) in [
        (KeyKind::Rsa2048, "RSA"),
        (KeyKind::Ed25519, "Ed25519"),
        (KeyKind::EcdsaP256, "ECDSA"),
    ] {
        bench.next = authority
            .issue(&LeafRequest {
                key: Some(kind),
                ..LeafRequest::new("localhost")
            })
            .unwrap();
        let key = bench.next.key.expose().as_bytes().to_vec();
        assert!(
            bench.reload(&key),
            "A pair came whose key is one for {name}, as its certificate says, and `reload` returned an error. Which kind of key is used is the operator's choice, and may change with each renewal."
        );
    }
    let (shown, _) = bench.shown();
    assert!(
        shown == "1003",
        "Pairs for RSA, Ed25519 and ECDSA were loaded one after the other, and a new client was shown {shown} in place of 1003, the last of them."
    );
}

/// What `blank` says of versions and ciphers holds after a reload as well.
fn clients_of_tls_1_2_are_served_as_before() {
    let mut authority = Authority::new().unwrap();
    let [first, next] = [(); 2].map(|()| authority.issue(&LeafRequest::new("localhost")).unwrap());
    let options = Options {
        tls12_only: true,
        ..Options::default()
    };
    let client = config(authority.root_pem(), options).unwrap();
    let mut served = blank().unwrap();
    for (pair, serial) in [(&first, "1001"), (&next, "1002")] {
        let key = pair.key.expose().as_bytes();
        reload(&mut served, pair.chain_pem.as_bytes(), key).unwrap_or_else(|error| {
            panic!("{serial} is a valid pair, and `reload` returned: {error}.")
        });
    }
    let shown = match visit(&served.build().into_context(), &client) {
        Ok(visit) => visit.serial,
        Err(error) => format!("nothing ({error})"),
    };
    assert!(
        shown == "1002",
        "A server of `blank` takes clients of TLS 1.2. After two loads such a client was shown {shown} in place of 1002. A context that is made anew has to be made as the one before: by `blank`."
    );
}

/// A torn pair, the new certificate and the old key, changes nothing.
pub fn a_torn_pair_leaves_the_old_identity() {
    let mut bench = bench();
    let mut elsewhere = Authority::new().unwrap();
    let other = elsewhere.issue(&LeafRequest::new("localhost")).unwrap();
    let told = !bench.reload(other.key.expose().as_bytes());
    let (shown, _) = bench.shown();
    assert!(
        shown == "1001",
        "The key does not belong to the new certificate, and clients are shown {shown} in place of 1001. OpenSSL has told the \
         error at the second of two calls. The first had already put the new certificate into the context, and dropped \
         the old key. An error does not say that nothing was changed."
    );
    assert!(
        told,
        "The key does not belong to the new certificate, and `reload` returned `Ok`. The operator who caused the reload needs \
         to know that 1001 is still served."
    );
}

/// A key of which half is written changes nothing.
pub fn half_a_key_leaves_the_old_identity() {
    let mut bench = bench();
    let key = bench.next.key.expose().as_bytes().to_vec();
    let told = !bench.reload(&key[..key.len() / 2]);
    let (shown, _) = bench.shown();
    assert!(
        shown == "1001" && told,
        "The key's file was half written. Clients have to be shown 1001, as before, and were shown {shown}; `reload` has to return an \
         error, and returned {}.",
        if told { "one" } else { "`Ok`" }
    );
}

/// A key of another type than the certificate's is refused.
pub fn a_key_of_another_type_is_refused() {
    let mut bench = bench();
    let key = PKey::generate_ed25519().unwrap();
    let told = !bench.reload(&key.private_key_to_pem_pkcs8().unwrap());
    let (shown, _) = bench.shown();
    assert!(
        told && shown == "1001",
        "The certificate is one for ECDSA, and the key is an Ed25519 key. `reload` returned {}, and clients are shown {shown} in place \
         of 1001. A context has a slot for each type of key, and `set_private_key` compares within its slot alone. What \
         compares the pair that clients would be shown is `check_private_key`.",
        if told { "an error" } else { "`Ok`" }
    );
}

/// The chain of the files is sent, and nothing of the chain before.
pub fn the_chain_is_that_of_the_files() {
    let mut bench = bench();
    let key = bench.next.key.expose().as_bytes().to_vec();
    assert!(
        bench.reload(&key),
        "1002 is a valid pair, and `reload` returned an error."
    );
    let (_, certificates) = bench.shown();
    assert!(
        certificates == 2,
        "The file holds two certificates, a leaf and its intermediate, and the client was sent {certificates}. `add_extra_chain_cert` \
         adds, and takes nothing away: a context that is loaded again still sends what was added before. A fresh one begins \
         empty."
    );
}

/// Each certificate of a longer chain is sent.
pub fn each_certificate_of_a_longer_chain_is_sent() {
    let mut bench = bench();
    let mut authority = Authority::new().unwrap();
    authority.lengthen().unwrap();
    bench.next = authority.issue(&LeafRequest::new("localhost")).unwrap();
    bench.client = config(authority.root_pem(), Options::default()).unwrap();
    let key = bench.next.key.expose().as_bytes().to_vec();
    assert!(
        bench.reload(&key),
        "A chain of three certificates and its key are a valid pair, and `reload` returned an error."
    );
    let server = bench.served.build().into_context();
    let (shown, certificates, in_order) = match visit(&server, &bench.client) {
        Ok(visit) => (visit.serial, visit.certificates, visit.in_order),
        Err(error) => (format!("nothing ({error})"), 0, true),
    };
    assert!(
        in_order,
        "The file holds a leaf and two intermediates, each signed by the one behind it. The client was sent all three, and in another order. TLS 1.2 demands that order, and \
         not every client puts them in order by itself."
    );
    assert!(
        certificates == 3,
        "The file holds three certificates, a leaf and two intermediates. The client was sent {certificates}, and was shown {shown}. A chain has as many \
         intermediates as its authority has levels: add each of them."
    );
}

/// A chain of which half is written changes nothing.
pub fn half_a_chain_leaves_the_old_identity() {
    for (part, what) in [
        (0.0, "is empty"),
        (0.8, "ends within its second certificate"),
    ] {
        let mut bench = bench();
        let key = bench.next.key.expose().as_bytes().to_vec();
        let length = bench.next.chain_pem.len() as f64 * part;
        bench.next.chain_pem.truncate(length as usize);
        let loaded = panic::catch_unwind(AssertUnwindSafe(|| bench.reload(&key)));
        let Ok(loaded) = loaded else {
            panic!(
                "The chain's file {what}, and `reload` panicked, and ended the server. `X509::stack_from_pem` returns no error where a file holds no certificate: it returns an empty \
                 `Vec`. Ask for its first with `first()` or `next()`, rather than with `[0]`."
            )
        };
        let told = !loaded;
        let (shown, certificates) = bench.shown();
        assert!(
            shown == "1001" && told,
            "The chain's file {what}. Clients have to be shown 1001, as before, and were shown {shown} with {certificates} certificates; `reload` has to return an \
             error, and returned {}. A block that does not parse is an error, and no reason to go on without it.",
            if told { "one" } else { "`Ok`" }
        );
    }
    a_known_chain_makes_no_pair();
}

/// The key was replaced by hand, and the chain stayed.
fn a_known_chain_makes_no_pair() {
    let mut bench = bench();
    let key = bench.next.key.expose().as_bytes().to_vec();
    let torn = PKey::generate_ed25519().unwrap();
    let torn = torn.private_key_to_pem_pkcs8().unwrap();
    assert!(
        bench.reload(&key) && !bench.reload(&torn),
        "1002 was loaded. Then a reload came with the same chain and a key that does not belong to it, and returned `Ok`. A pair is its chain and its key: what has a chain that is known is not known by that."
    );
}
