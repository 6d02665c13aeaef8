//! What is wanted of `Server`. Each function is a check, and its comment says what has to hold.

use std::sync::Arc;

use exercise_bench::openssl_ends::{Visit, visit};
use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::{self, Options};
use lab::mutual::client_config;
use openssl::pkey::PKey;
use openssl::x509::X509;
use rustls::ClientConfig;

use super::exercise::{Pair, Server};

/// A server that shows 1001, and two authorities: that of its own certificates and of its clients, and another one.
struct Bench {
    server: Server,
    own: Authority,
    other: Authority,
}

fn bench() -> Bench {
    let [mut own, other] = [(); 2].map(|()| Authority::new().unwrap());
    let first = pair(&issue(&mut own));
    let server = Server::new(&[root(&own)], &first)
        .unwrap_or_else(|error| panic!("The first pair is valid, and `new` returned: {error}."));
    Bench { server, own, other }
}

fn issue(authority: &mut Authority) -> Issued {
    authority.issue(&LeafRequest::new("localhost")).unwrap()
}

fn root(authority: &Authority) -> X509 {
    X509::from_pem(authority.root_pem().as_bytes()).unwrap()
}

fn pair(issued: &Issued) -> Pair {
    Pair {
        chain: X509::stack_from_pem(issued.chain_pem.as_bytes()).unwrap(),
        key: PKey::private_key_from_pem(issued.key.expose().as_bytes()).unwrap(),
    }
}

impl Bench {
    /// A client with a certificate of the server's own authority.
    fn client(&mut self, options: Options) -> Arc<ClientConfig> {
        client_config(&issue(&mut self.own), self.own.root_pem(), options).unwrap()
    }

    /// Renews the certificate, and trusts these authorities from now on.
    fn renew(&mut self, authorities: &[X509]) {
        let next = pair(&issue(&mut self.own));
        if let Err(error) = self.server.renew(authorities, &next) {
            panic!("The new pair is valid, and `renew` returned: {error}.");
        }
    }

    fn visit(&self, client: &Arc<ClientConfig>) -> Result<Visit, String> {
        visit(&self.server.accepting(), client)
    }
}

/// The serial that a client was shown, or why it was refused.
fn shown(visit: Result<Visit, String>) -> String {
    visit.map_or_else(|error| format!("nothing ({error})"), |visit| visit.serial)
}

/// A client with a certificate is shown that of the current generation.
pub fn a_client_is_shown_the_current_generation() {
    let mut bench = bench();
    let client = bench.client(Options::default());
    let first = shown(bench.visit(&client));
    assert!(
        first == "1001",
        "The server was started with 1001, and a client with a valid certificate was shown {first}. The certificate of a client is judged by the \
         authorities of the context that the callback picked."
    );
    let own = root(&bench.own);
    bench.renew(&[own]);
    let next = shown(bench.visit(&client));
    // 1002 is the client's own.
    assert!(
        next == "1003",
        "1003 was loaded, and a new client was shown {next}. The callback has to ask what is current, each time that it is called."
    );
}

/// A client without a certificate is refused.
pub fn a_client_without_a_certificate_is_refused() {
    let bench = bench();
    let anonymous = client::config(bench.own.root_pem(), Options::default()).unwrap();
    let visit = bench.visit(&anonymous);
    assert!(
        visit.is_err(),
        "A client without a certificate was let in. A connection copies from the context that accepts whether it asks for one, before the callback is \
         called. What the picked context says of that is not looked at. And where it asks with `PEER` alone, it takes clients that have nothing \
         to show: `FAIL_IF_NO_PEER_CERT` turns them away."
    );
}

/// A client that names no server is served too.
pub fn a_client_that_sends_no_name_is_served() {
    let mut bench = bench();
    let mut nameless = bench.client(Options::default());
    Arc::make_mut(&mut nameless).enable_sni = false;
    let shown = shown(bench.visit(&nameless));
    assert!(
        shown == "1001",
        "A client sent no server name, and was shown {shown} in place of 1001. The servername callback is called for such a client as well, and has to hand it over."
    );
}

/// From a renewal on, clients are judged by its authorities.
pub fn a_renewal_brings_its_authorities() {
    let mut bench = bench();
    let theirs = issue(&mut bench.other);
    let theirs = client_config(&theirs, bench.own.root_pem(), Options::default()).unwrap();
    let ours = bench.client(Options::default());
    assert!(
        bench.visit(&theirs).is_err(),
        "A client of an authority that the server does not know was let in."
    );
    let other = root(&bench.other);
    bench.renew(&[other]);
    let added = bench.visit(&theirs);
    assert!(
        added.is_ok(),
        "The renewal brought another authority for clients, and a client of it was refused: {}.",
        shown(added)
    );
    assert!(
        bench.visit(&ours).is_err(),
        "The renewal took an authority away, and a client of it was let in."
    );
    let both = [root(&bench.own), root(&bench.other)];
    bench.renew(&both);
    for client in [&ours, &theirs] {
        let visit = bench.visit(client);
        assert!(
            visit.is_ok(),
            "The renewal brought two authorities, and a client of one of them was refused: {}. All of them belong into the generation's context.",
            shown(visit)
        );
    }
}

/// A client that returns is let in again.
pub fn a_client_that_returns_is_let_in() {
    let mut bench = bench();
    let resume = Options {
        resume: true,
        ..Options::default()
    };
    let client = bench.client(resume);
    for visit in 1..=3 {
        let visited = bench.visit(&client);
        if let Err(error) = &visited {
            panic!(
                "Visit {visit} of one client failed: {error}. Sessions belong to the context that accepts: where that asks for certificates, it needs a session id \
                 context, whatever the picked ones have."
            );
        }
        assert!(
            visit == 1 || visited.is_ok_and(|visit| visit.resumed),
            "Visit {visit} of one client was a full handshake: it cannot resume. To give out no tickets hides the error that a missing session id context \
             brings, and each returning client pays for it."
        );
    }
}
