//! What is wanted of `let_in`. Each function is a check, and its comment says what has to hold.
//!
//! The handshakes run in memory, both ends on one thread. The server keeps its sessions when Root A goes, as one does
//! that shares its ticket keys by accident.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use exercise_bench::AnyClient;
use lab::authority::{Authority, Issued, LeafRequest, Usage};
use lab::client::Options;
use lab::{memory, mutual};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, HandshakeKind, RootCertStore, ServerConfig, ServerConnection};

use super::exercise::let_in;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A server before and after the removal of Root A, and a client of each root with each version of TLS.
struct Bench {
    a: Authority,
    b: Authority,
    before: Arc<ServerConfig>,
    after: Arc<ServerConfig>,
    clients: Vec<Client>,
}

struct Client {
    /// Version and root, in words.
    name: String,
    is_of_a: bool,
    config: Arc<ClientConfig>,
}

fn bench() -> Bench {
    let mut a = Authority::named("Root A").unwrap();
    let mut b = Authority::named("Root B").unwrap();
    let of_client = |authority: &mut Authority| leaf(authority, Usage::Client);
    let [of_a, of_b] = [&mut a, &mut b].map(of_client);
    let both = a.root_pem().to_owned() + b.root_pem();
    let own = leaf(&mut b, Usage::Server);
    let before = mutual::config(&own, &both).unwrap();
    let mut after = Arc::unwrap_or_clone(mutual::config(&own, b.root_pem()).unwrap());
    after.session_storage = before.session_storage.clone();
    after.ticketer = before.ticketer.clone();
    let mut clients = Vec::new();
    for (shows, root) in [(&of_a, "Root A"), (&of_b, "Root B")] {
        for (tls12_only, version) in [(true, "1.2"), (false, "1.3")] {
            let options = Options {
                resume: true,
                tls12_only,
                ..Options::default()
            };
            clients.push(Client {
                name: format!("of {root}, with TLS {version}"),
                is_of_a: root == "Root A",
                config: mutual::client_config(shows, b.root_pem(), options).unwrap(),
            });
        }
    }
    Bench {
        a,
        b,
        before,
        after: Arc::new(after),
        clients,
    }
}

/// It is valid for an hour.
fn leaf(authority: &mut Authority, usage: Usage) -> Issued {
    // No one calls a client, which has a name of its own.
    let name = match usage {
        Usage::Server => "localhost",
        Usage::Client => "client.internal",
    };
    let request = LeafRequest {
        usage: Some(usage),
        ..LeafRequest::new(name)
    };
    authority.issue(&request).unwrap()
}

impl Bench {
    fn both(&self) -> Arc<RootCertStore> {
        store(&[&self.a, &self.b])
    }

    fn b_alone(&self) -> Arc<RootCertStore> {
        store(&[&self.b])
    }

    /// A server of Root B that judges clients by this.
    fn server(&mut self, verifier: Arc<dyn ClientCertVerifier>) -> Arc<ServerConfig> {
        let own = leaf(&mut self.b, Usage::Server);
        let chain = CertificateDer::pem_slice_iter(own.chain_pem.as_bytes()).map(Result::unwrap);
        let key = PrivateKeyDer::from_pem_slice(own.key.expose().as_bytes());
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.collect(), key.expect("a key in PEM"));
        Arc::new(config.unwrap())
    }

    /// The clients of Root A, or those of Root B.
    fn clients(&self, of_a: bool) -> impl Iterator<Item = &Client> {
        let clients = self.clients.iter();
        clients.filter(move |client| client.is_of_a == of_a)
    }
}

fn store(authorities: &[&Authority]) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        let pem = authority.root_pem().as_bytes();
        let root = CertificateDer::from_pem_slice(pem).unwrap();
        roots.add(root).unwrap();
    }
    Arc::new(roots)
}

/// The server's end of a handshake that TLS found nothing against.
fn call(server: &Arc<ServerConfig>, client: &Client, kind: HandshakeKind) -> ServerConnection {
    let (session, _) = memory::handshake(server, &client.config).unwrap();
    assert_eq!(
        session.handshake_kind().map(words),
        Some(words(kind)),
        "the bench itself, {}",
        client.name
    );
    session
}

fn words(kind: HandshakeKind) -> &'static str {
    match kind {
        HandshakeKind::Resumed => "resumed",
        _ => "full",
    }
}

fn first(server: &Arc<ServerConfig>, client: &Client) -> ServerConnection {
    call(server, client, HandshakeKind::Full)
}

fn again(server: &Arc<ServerConfig>, client: &Client) -> ServerConnection {
    call(server, client, HandshakeKind::Resumed)
}

/// Clients of a root in force are let in, at their first call and when they resume.
pub fn clients_of_a_root_in_force_are_let_in() {
    let bench = bench();
    for client in &bench.clients {
        let calls = [
            (first(&bench.before, client), "full"),
            (again(&bench.before, client), "resumed"),
        ];
        for (session, kind) in calls {
            let said = let_in(&session, bench.both(), UnixTime::now());
            assert!(
                said.is_ok(),
                "Both roots are in force, and a client {} was refused after a {kind} handshake: {said:?}. What the client showed is a chain: \
                 its leaf, and the intermediates by which that leads to a root. And it was issued for a client: what verifies servers \
                 refuses it.",
                client.name
            );
        }
    }
    for client in bench.clients(false) {
        let said = let_in(
            &again(&bench.after, client),
            bench.b_alone(),
            UnixTime::now(),
        );
        assert!(
            said.is_ok(),
            "Root A was removed, and a client {} resumed its session and was refused: {said:?}. Its own root is in force.",
            client.name
        );
    }
    a_longer_chain_is_as_good();
}

/// An authority with a level more.
fn a_longer_chain_is_as_good() {
    let mut authority = Authority::named("Root C").unwrap();
    authority.lengthen().unwrap();
    let [own, shows] = [Usage::Server, Usage::Client].map(|usage| leaf(&mut authority, usage));
    let server = mutual::config(&own, authority.root_pem()).unwrap();
    let options = Options {
        resume: true,
        ..Options::default()
    };
    let client = mutual::client_config(&shows, authority.root_pem(), options).unwrap();
    for kind in ["full", "resumed"] {
        let (session, _) = memory::handshake(&server, &client).unwrap();
        let said = let_in(&session, store(&[&authority]), UnixTime::now());
        assert!(
            said.is_ok(),
            "A client showed a leaf and two intermediates, and was refused after a {kind} handshake: {said:?}. A chain has as many intermediates as its authority has levels: the verifier needs all of \
             them."
        );
    }
}

/// A session that began under a removed root is refused.
pub fn a_session_of_a_removed_root_is_refused() {
    let bench = bench();
    for client in bench.clients(true) {
        first(&bench.before, client);
        let session = again(&bench.after, client);
        assert!(
            let_in(&session, bench.b_alone(), UnixTime::now()).is_err(),
            "A client {}, was let in yesterday. Root A has been removed, the client resumed its session, and it was let in again. TLS \
             asks no client that resumes for its certificate. Only this function looks at it.",
            client.name
        );
    }
    where_no_root_is_left_nobody_is_let_in(&bench);
}

/// All roots were removed, as when a whole authority has to go.
fn where_no_root_is_left_nobody_is_let_in(bench: &Bench) {
    for client in bench.clients(false) {
        first(&bench.after, client);
        let session = again(&bench.after, client);
        let none = Arc::new(RootCertStore::empty());
        let judged = AssertUnwindSafe(|| let_in(&session, none, UnixTime::now()));
        let said = catch_unwind(judged);
        assert!(
            matches!(said, Ok(Err(_))),
            "The last root was removed, and a client {}, resumed its session: `let_in` {}. No root in force means that no client is let in. It does not mean that nothing has to be verified, and what a verifier says \
             about a store without roots is an answer for the caller, which closes the connection and logs why.",
            client.name,
            if said.is_ok() {
                "let it in"
            } else {
                "panicked"
            }
        );
    }
}

/// A full handshake that began before the removal is refused when it is complete.
pub fn a_handshake_that_began_before_the_removal_is_refused() {
    let bench = bench();
    for client in bench.clients(true) {
        let session = first(&bench.before, client);
        assert!(
            let_in(&session, bench.b_alone(), UnixTime::now()).is_err(),
            "A client {}, made a full handshake. While it was under way, Root A was removed. TLS has verified the client by the roots \
             of before, and it was let in by the roots of before: nothing will ask again while the connection lasts.",
            client.name
        );
    }
}

/// When what is valid for an hour has ended so long ago.
fn later(ago: Duration) -> UnixTime {
    let now = Duration::from_secs(UnixTime::now().as_secs());
    UnixTime::since_unix_epoch(now + HOUR + ago)
}

/// A session does not outlive the client's certificate.
pub fn a_session_does_not_outlive_its_certificate() {
    let bench = bench();
    for client in &bench.clients {
        first(&bench.before, client);
        let session = again(&bench.before, client);
        for (ago, when) in [(HOUR, "an hour ago"), (MINUTE, "a minute ago")] {
            let said = let_in(&session, bench.both(), later(ago));
            assert!(
                said.is_err(),
                "A client {}, resumed its session. By `now`, its certificate ended {when}, and it was let in. TLS does not look at \
                 the dates of a session either. A certificate has no days or minutes of grace: ask by `now`, and by no other time.",
                client.name
            );
        }
        let early = UnixTime::now().as_secs() - 24 * HOUR.as_secs();
        let early = UnixTime::since_unix_epoch(Duration::from_secs(early));
        let said = let_in(&session, bench.both(), early);
        assert!(
            said.is_err(),
            "A client {}, resumed its session. By `now`, its certificate begins tomorrow, and it was let in. A certificate has two dates, and what `verify_client_cert` says of either is an answer: pass it on, whichever error it is.",
            client.name
        );
    }
}

/// The leaf is valid for twenty years, and its intermediate for ten.
fn a_chain_ends_with_its_first() {
    let years = |number| HOUR * 24 * 365 * number;
    let mut authority = Authority::named("Root C").unwrap();
    let own = leaf(&mut authority, Usage::Server);
    let shows = authority.issue(&LeafRequest {
        lifetime: years(20),
        usage: Some(Usage::Client),
        ..LeafRequest::new("client.internal")
    });
    let (shows, pem) = (shows.unwrap(), authority.root_pem());
    let server = mutual::config(&own, pem).unwrap();
    let client = mutual::client_config(&shows, pem, Options::default()).unwrap();
    let (session, _) = memory::handshake(&server, &client).unwrap();
    let now = UnixTime::now();
    let later = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + years(15));
    let [before, after] = [now, later].map(|now| let_in(&session, store(&[&authority]), now));
    assert!(
        before.is_ok() && after.is_err(),
        "A client was let in ({before:?}). Its leaf is valid for twenty years, and the intermediate of its chain for ten. After fifteen years it was judged again: {after:?}. All of a chain has to be valid at the time `now`, which is for `verify_client_cert` to ask, and the dates of the leaf do not answer it."
    );
}

/// Without a certificate no client is let in.
pub fn without_a_certificate_nobody_is_let_in() {
    let mut bench = bench();
    // As after a reload from the library's defaults.
    let server = bench.server(WebPkiClientVerifier::no_client_auth());
    let client = lab::client::config(bench.b.root_pem(), Options::default()).unwrap();
    let (session, _) = memory::handshake(&server, &client).unwrap();
    let said = let_in(&session, bench.both(), UnixTime::now());
    assert!(
        said.is_err(),
        "A reload has built a configuration that asks no client for a certificate. A client that showed no certificate called, and \
         it was let in. Nothing was wrong with its certificate because there was none."
    );
    a_certificate_for_servers_lets_nobody_in(&mut bench);
    another_root_of_the_same_name_lets_nobody_in(&mut bench);
}

/// An attacker who makes an authority chooses its name.
fn another_root_of_the_same_name_lets_nobody_in(bench: &mut Bench) {
    let mut other = Authority::named("Root B").unwrap();
    let shows = leaf(&mut other, Usage::Client);
    let provider = Arc::new(default_provider());
    let usual = WebPkiClientVerifier::builder_with_provider(bench.both(), provider).build();
    let server = bench.server(Arc::new(AnyClient(usual.unwrap())));
    let options = Options {
        resume: true,
        ..Options::default()
    };
    let client = mutual::client_config(&shows, bench.b.root_pem(), options).unwrap();
    for kind in ["full", "resumed"] {
        let (session, _) = memory::handshake(&server, &client).unwrap();
        let said = let_in(&session, bench.b_alone(), UnixTime::now());
        assert!(
            said.is_err(),
            "A root was replaced by one of the same name, and a client of the one before was let in after a {kind} handshake. Names prove nothing: what proves is a signature, and a verifier looks at it."
        );
    }
}

/// It was issued for another use.
fn a_certificate_for_servers_lets_nobody_in(bench: &mut Bench) {
    let shows = leaf(&mut bench.b, Usage::Server);
    let provider = Arc::new(default_provider());
    let usual = WebPkiClientVerifier::builder_with_provider(bench.both(), provider).build();
    let server = bench.server(Arc::new(AnyClient(usual.unwrap())));
    let options = Options {
        resume: true,
        ..Options::default()
    };
    let client = mutual::client_config(&shows, bench.b.root_pem(), options).unwrap();
    for kind in ["full", "resumed"] {
        let (session, _) = memory::handshake(&server, &client).unwrap();
        let said = let_in(&session, bench.b_alone(), UnixTime::now());
        assert!(
            said.is_err(),
            "A client showed a certificate that its authority, whose root is in force, issued for a server. After a {kind} handshake \
             it was let in. The key of a server makes no client: a certificate says for what it was issued, and \
             what verifies clients asks for theirs."
        );
    }
}

/// What was decided once is asked again when roots have changed.
pub fn what_was_decided_is_asked_again() {
    let bench = bench();
    for client in bench.clients(true) {
        let session = first(&bench.before, client);
        let before = let_in(&session, bench.both(), UnixTime::now());
        let after = let_in(&session, bench.b_alone(), UnixTime::now());
        assert!(
            before.is_ok() && after.is_err(),
            "A client {}, was let in while both roots were in force ({before:?}). Then Root A was removed, and the same client was judged again: {after:?}. An answer that is \
             remembered by the certificate is the answer of before: the roots belong to the question.",
            client.name
        );
        let (other, later) = (Authority::named("Root C").unwrap(), later(HOUR));
        for (roots, now, what) in [
            (
                store(&[&bench.b, &other]),
                UnixTime::now(),
                "Then Root C came in the place of Root A, so that there are two roots as before",
            ),
            (
                bench.both(),
                later,
                "Then two hours passed, and its certificate had ended",
            ),
        ] {
            assert!(
                let_in(&session, roots, now).is_err(),
                "A client {}, was let in while Root A and Root B were in force. {what}, the same client was judged again, and was let in. An answer that is remembered is of its question: of these roots, whichever they \
                 are, and of that time.",
                client.name
            );
        }
    }
    a_chain_ends_with_its_first();
}
