//! What is wanted of `server_config`. Each function is a check, and its comment says what has to hold.
//!
//! The handshakes run in memory, both ends on one thread.

use std::sync::Arc;
use std::time::Duration;

use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::{self, Options};
use lab::{memory, mutual};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::exercise::{Given, server_config};

/// The public authority of the server, and the private one of its clients.
struct Bench {
    public: Authority,
    private: Authority,
}

fn bench() -> Bench {
    Bench {
        public: Authority::named("Public Root").unwrap(),
        private: Authority::named("Private Root").unwrap(),
    }
}

/// A leaf for `localhost`, as a server's or a client's: it allows both.
fn leaf(authority: &mut Authority) -> Issued {
    authority.issue(&LeafRequest::new("localhost")).unwrap()
}

fn roots(authority: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let pem = authority.root_pem().as_bytes();
    roots
        .add(CertificateDer::from_pem_slice(pem).unwrap())
        .unwrap();
    roots
}

fn pair(issued: &Issued) -> CertifiedKey {
    let chain = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes());
    let chain = chain.collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key.expose().as_bytes());
    CertifiedKey::from_der(chain, key.expect("a key in PEM"), &default_provider()).unwrap()
}

impl Bench {
    /// What a server is given that shows this leaf.
    fn given(&self, own: &Issued) -> Given {
        Given {
            pair: pair(own),
            own_roots: roots(&self.public),
            client_roots: roots(&self.private),
        }
    }

    /// The server, which shows a leaf of the public authority.
    fn server(&mut self) -> Arc<ServerConfig> {
        let own = leaf(&mut self.public);
        let config = server_config(self.given(&own));
        Arc::new(config.unwrap_or_else(|error| {
            panic!(
                "The server's own chain leads to the public root, which its clients hold, and `server_config` returned: {error}. \
                 It is clients who judge this chain, by `own_roots`; the roots for clients are not asked."
            )
        }))
    }

    /// A client that trusts the public root, and shows this leaf.
    fn client(&self, shows: &Issued) -> Arc<ClientConfig> {
        mutual::client_config(shows, self.public.root_pem(), Options::default()).unwrap()
    }
}

/// The server shows its chain of the public authority, and a client of the private one gets in.
pub fn an_own_chain_of_the_public_authority_is_served() {
    let mut bench = bench();
    let server = bench.server();
    let own = leaf(&mut bench.private);
    let called = memory::handshake(&server, &bench.client(&own));
    assert!(
        called.is_ok(),
        "A client with a certificate of the private authority called, and the handshake failed: {:?}. It is one of those that \
         `client_roots` are there for.",
        called.err()
    );
    each_root_counts(&mut bench);
}

/// As while trust moves from one root to another: there are two of each list.
fn each_root_counts(bench: &mut Bench) {
    let mut partners = Authority::named("Partners").unwrap();
    let clients = [leaf(&mut partners), leaf(&mut bench.private)];
    let own = leaf(&mut bench.public);
    let mut given = bench.given(&own);
    for list in [&mut given.own_roots, &mut given.client_roots] {
        let mut both = roots(&partners);
        both.roots.append(&mut list.roots);
        *list = both;
    }
    let server = server_config(given).map(Arc::new).unwrap_or_else(|error| {
        panic!("The own chain leads to the second of two own roots, and `server_config` returned: {error}. Each root of a list counts.")
    });
    for client in &clients {
        let called = memory::handshake(&server, &bench.client(client));
        assert!(
            called.is_ok(),
            "There are two roots for clients, and a client of one of them was refused: {:?}. Each root of a list counts.",
            called.err()
        );
    }
    a_client_that_sends_no_name_is_served(bench, &server);
}

/// As one does that calls an address.
fn a_client_that_sends_no_name_is_served(bench: &mut Bench, server: &Arc<ServerConfig>) {
    let own = leaf(&mut bench.private);
    let mut client = bench.client(&own);
    Arc::make_mut(&mut client).enable_sni = false;
    let called = memory::handshake(server, &client);
    assert!(
        called.is_ok(),
        "A client of the private authority sent no server name, and the handshake failed: {:?}. There is one pair, and no name to choose it by: `SingleCertAndKey` shows it to every client.",
        called.err()
    );
}

/// A client without a certificate stays out.
pub fn a_client_without_a_certificate_stays_out() {
    let mut bench = bench();
    let server = bench.server();
    let client = client::config(bench.public.root_pem(), Options::default()).unwrap();
    assert!(
        memory::handshake(&server, &client).is_err(),
        "A client with no certificate at all got in. A server that judges its clients has to ask each for a certificate, and to end \
         the handshake where none comes."
    );
}

/// A certificate of the server's own, public authority lets no client in.
pub fn a_certificate_of_the_public_authority_lets_nobody_in() {
    let mut bench = bench();
    let server = bench.server();
    let stranger = leaf(&mut bench.public);
    assert!(
        memory::handshake(&server, &bench.client(&stranger)).is_err(),
        "A stranger got in with a certificate of the public authority. Any stranger can get one. The public root has to be among the roots \
         by which the server's own chain is checked, and not among those by which clients are let in: two lists, for two questions."
    );
}

/// A certificate of an unknown authority lets no client in.
pub fn a_certificate_of_an_unknown_authority_lets_nobody_in() {
    let mut bench = bench();
    let server = bench.server();
    for name in ["Other Root", "Private Root"] {
        let stranger = leaf(&mut Authority::named(name).unwrap());
        assert!(
            memory::handshake(&server, &bench.client(&stranger)).is_err(),
            "A stranger got in with a certificate of an authority that is in neither list, and calls itself `{name}`. An attacker who makes an authority chooses its name: a root is told by its key."
        );
    }
}

/// An own chain that clients would reject is refused, and no client meets it.
pub fn an_own_chain_that_clients_reject_is_refused() {
    let mut bench = bench();
    let own = leaf(&mut bench.private);
    let config = server_config(bench.given(&own));
    assert!(
        config.is_err(),
        "The server was given a chain of the private authority for itself. Its clients hold the public root, so every client fails, \
         and `server_config` accepted it. Checked by `own_roots`, it is an error for the operator instead, and what was served before \
         can go on."
    );
    whatever_clients_object_to_it_is_refused(&mut bench);
}

/// Its authority is known, and clients reject it all the same.
fn whatever_clients_object_to_it_is_refused(bench: &mut Bench) {
    let early = LeafRequest {
        starts_after: Duration::from_secs(24 * 3600),
        ..LeafRequest::new("localhost")
    };
    for (request, what) in [
        (early, "is valid from tomorrow"),
        (
            LeafRequest::new("other.example.com"),
            "is for another name than that of the server",
        ),
    ] {
        let own = bench.public.issue(&request).unwrap();
        let config = server_config(bench.given(&own));
        assert!(
            config.is_err(),
            "The server was given a chain of the public authority for itself, which {what}, and `server_config` accepted it. Every client fails. Clients ask for more than the authority: return what `accepted_by_clients` says, whatever that is."
        );
    }
}

/// Without roots on either side there is no configuration.
pub fn without_a_root_there_is_no_configuration() {
    let mut bench = bench();
    let [public, private] = [&mut bench.public, &mut bench.private].map(leaf);
    let none = RootCertStore::empty;
    for (own, own_roots, client_roots, what) in [
        (
            &public,
            roots(&bench.public),
            none(),
            "`client_roots` is empty: the file was, perhaps. With no root no client can be judged, and a server that goes on without judging lets every client in",
        ),
        (
            &public,
            none(),
            roots(&bench.private),
            "`own_roots` is empty. Whether clients accept the own chain cannot be told, and unchecked is not accepted",
        ),
        (
            &private,
            none(),
            roots(&bench.private),
            "`own_roots` is empty, and the own chain leads to a root of `client_roots`, which answers another question",
        ),
    ] {
        let config = server_config(Given {
            pair: pair(own),
            own_roots,
            client_roots,
        });
        assert!(
            config.is_err(),
            "{what}. `server_config` returned a configuration in place of an error."
        );
    }
}
