//! What is wanted of `Server`. Each function is a check, and its comment says what has to hold.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use exercise_bench::openssl_ends::{Visit, visit};
use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::{self, Options};
use lab::mutual::client_config;
use openssl::pkey::PKey;
use openssl::x509::X509;
use rustls::ClientConfig;

use super::exercise::{Pair, Server};

/// A server for clients of two authorities that was started with 1001 and has reloaded 1002, and the certificate 1003 of a client.
struct Bench {
    server: Server,
    clients: Issued,
    /// The certificate of a client of the other authority.
    of_partners: Issued,
    root_pem: String,
}

fn bench() -> Bench {
    let mut authority = Authority::new().unwrap();
    let root_pem = authority.root_pem().to_owned();
    let [first, next, clients] = std::array::from_fn(|_| issue(&mut authority));
    let root = X509::from_pem(root_pem.as_bytes()).unwrap();
    let mut partners = Authority::new().unwrap();
    let of_partners = issue(&mut partners);
    let partners = X509::from_pem(partners.root_pem().as_bytes()).unwrap();
    let server = Server::new(&[partners, root], &pair(&first))
        .unwrap_or_else(|error| panic!("The first pair is valid, and `new` returned: {error}."));
    if let Err(error) = server.reload(&pair(&next)) {
        panic!("The new pair is valid, and `reload` returned: {error}.");
    }
    Bench {
        server,
        clients,
        of_partners,
        root_pem,
    }
}

fn issue(authority: &mut Authority) -> Issued {
    authority.issue(&LeafRequest::new("localhost")).unwrap()
}

fn pair(issued: &Issued) -> Pair {
    Pair {
        chain: X509::stack_from_pem(issued.chain_pem.as_bytes()).unwrap(),
        key: PKey::private_key_from_pem(issued.key.expose().as_bytes()).unwrap(),
    }
}

impl Bench {
    /// A client that shows this certificate.
    fn client(&self, identity: &Issued, options: Options) -> Arc<ClientConfig> {
        client_config(identity, &self.root_pem, options).unwrap()
    }

    fn visit(&self, client: &Arc<ClientConfig>) -> Result<Visit, String> {
        visit(&self.server.current(), client)
    }
}

/// A client with a certificate is let in, and is shown the new certificate.
pub fn a_client_is_shown_the_new_certificate() {
    let bench = bench();
    let visit = bench.visit(&bench.client(&bench.clients, Options::default()));
    let visit = visit.unwrap_or_else(|error| {
        panic!(
            "After the reload, a client with a valid certificate was refused: {error}. To judge it, the new context needs the \
             authorities of clients, all that `new` was given."
        )
    });
    assert!(
        visit.serial == "1002",
        "1002 was loaded, and a new client was shown {}.",
        visit.serial
    );
    let visit = bench.visit(&bench.client(&bench.of_partners, Options::default()));
    assert!(
        visit.is_ok(),
        "`new` was given two authorities. After the reload a client of one of them is let in, and a client of the other one was refused: {visit:?}. The new context needs all of them. A store that is put into a context takes the place of the one \
         before it."
    );
}

/// A torn pair is an error, and changes nothing.
pub fn a_torn_pair_changes_nothing() {
    let bench = bench();
    let mut authority = Authority::new().unwrap();
    let [next, other] = std::array::from_fn(|_| pair(&issue(&mut authority)));
    let torn = Pair {
        chain: next.chain,
        key: other.key,
    };
    let told = bench.server.reload(&torn).is_err();
    let visit = bench.visit(&bench.client(&bench.clients, Options::default()));
    let shown = visit.map_or_else(|error| format!("nothing ({error})"), |visit| visit.serial);
    assert!(
        told && shown == "1002",
        "A key came that does not belong to its certificate. `reload` returned {}, and a client was shown {shown} in place of 1002. A context is put in place \
         when it is whole, and what OpenSSL does not take is told to the caller.",
        if told { "an error" } else { "`Ok`" }
    );
}

/// A client without a certificate is refused, after a reload as before it.
pub fn a_client_without_a_certificate_is_refused() {
    let bench = bench();
    let anonymous = client::config(&bench.root_pem, Options::default()).unwrap();
    assert!(
        bench.visit(&anonymous).is_err(),
        "A client without a certificate was let in, and no log says so: client authentication was lost with the reload. A fresh \
         context begins with the library's defaults, which ask clients for nothing. With `PEER` alone it asks, and takes those that have \
         nothing to show. `FAIL_IF_NO_PEER_CERT` turns them away."
    );
}

/// A client of another authority is refused.
pub fn a_client_of_another_authority_is_refused() {
    let bench = bench();
    let stranger = issue(&mut Authority::new().unwrap());
    let stranger = bench.client(&stranger, Options::default());
    assert!(
        bench.visit(&stranger).is_err(),
        "A client that shows a certificate of an unknown authority was let in."
    );
}

/// A client of TLS 1.2 is refused.
pub fn a_client_of_tls_1_2_is_refused() {
    let bench = bench();
    let old = Options {
        tls12_only: true,
        ..Options::default()
    };
    let visit = bench.visit(&bench.client(&bench.clients, old));
    assert!(
        visit.is_err(),
        "The server was started for TLS 1.3 alone, and after the reload a client of TLS 1.2 was let in."
    );
}

/// A client that offers HTTP/2 gets it.
pub fn http_2_is_agreed_on() {
    let bench = bench();
    let mut client = bench.client(&bench.clients, Options::default());
    Arc::make_mut(&mut client).alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let agreed = bench.visit(&client).map(|visit| visit.protocol);
    assert!(
        agreed.as_deref() == Ok("h2"),
        "The server was started for HTTP/2, and after the reload a client that offers HTTP/2 was given {agreed:?}."
    );
    let mut old = bench.client(&bench.clients, Options::default());
    Arc::make_mut(&mut old).alpn_protocols = vec![b"http/1.1".to_vec()];
    let visit = bench.visit(&old).map(|visit| visit.protocol);
    assert!(
        visit.is_err(),
        "The server was started for HTTP/2 alone, and after the reload a client that offers HTTP/1.1 alone was let in ({visit:?}). The answer to a client \
         with no protocol in common belongs to the policy, too: `ALERT_FATAL` refuses it, and `NOACK` goes on without a protocol."
    );
}

/// A client that returns is let in again.
pub fn a_client_that_returns_is_let_in() {
    let bench = bench();
    let resume = Options {
        resume: true,
        ..Options::default()
    };
    let client = bench.client(&bench.clients, resume);
    for visit in 1..=3 {
        let visited = bench.visit(&client);
        if let Err(error) = &visited {
            panic!(
                "Visit {visit} of one client after the reload failed: {error}. It was let in at its first visit and took a ticket, and each \
                 time that it offers the ticket it fails. A context that asks for certificates needs a session id context, as the first \
                 one had."
            );
        }
        assert!(
            visit == 1 || visited.is_ok_and(|visit| visit.resumed),
            "Visit {visit} of one client after the reload was a full handshake. Before the reload, a client that returned could resume. To give out no tickets hides the error that a missing session id context \
             brings, and each returning client pays for it."
        );
    }
}

/// What a reload needs is there after one that has failed.
fn one_that_failed_takes_nothing_from_the_next(bench: &Bench) {
    let mut authority = Authority::new().unwrap();
    let [next, other] = std::array::from_fn(|_| pair(&issue(&mut authority)));
    let torn = Pair {
        chain: next.chain,
        key: other.key,
    };
    let refused = panic::catch_unwind(AssertUnwindSafe(|| bench.server.reload(&torn).is_err()));
    let mended = || bench.server.reload(&pair(&bench.clients)).is_ok();
    let mended = panic::catch_unwind(AssertUnwindSafe(mended));
    let visit = bench.visit(&bench.client(&bench.clients, Options::default()));
    let shown = visit.map(|visit| visit.serial);
    assert!(
        matches!((&refused, &mended), (Ok(true), Ok(true))) && shown.as_deref() == Ok("1003"),
        "A torn pair came, and was refused. Then the whole one came: `reload` {}, and a client with a valid certificate got {shown:?}. A reload that fails ends early, so what it takes out of the server in order to put it back is lost: \
         borrow it.",
        match mended {
            Ok(true) => "returned `Ok`",
            Ok(false) => "returned an error",
            Err(_) => "panicked",
        }
    );
}

/// The second reload is like the first.
pub fn the_second_reload_is_like_the_first() {
    let bench = bench();
    let client = bench.client(&bench.clients, Options::default());
    // Any pair of this authority does, that of the client as well.
    let reloaded = bench.server.reload(&pair(&bench.clients));
    assert!(
        reloaded.is_ok(),
        "The pair is valid, and the second `reload` returned: {reloaded:?}."
    );
    let visit = bench.visit(&client).map(|visit| visit.serial);
    assert!(
        visit.as_deref() == Ok("1003"),
        "1003 was loaded by a second reload, and a client with a valid certificate got {visit:?}. What the first reload needed, the second one needs as well: \
         nothing of it may be used up."
    );
    let anonymous = client::config(&bench.root_pem, Options::default()).unwrap();
    assert!(
        bench.visit(&anonymous).is_err(),
        "After the second reload, a client without a certificate was let in."
    );
    one_that_failed_takes_nothing_from_the_next(&bench);
}
