//! Who must not get in, does not: before, during and after a rotation, by a full handshake and by a
//! session that was resumed, in TLS 1.2 and 1.3.

use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::{Generation, IdentityStore, identity};
use ch06_in_flight_requests::session::{self, LIFE};
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::roots::Roots;
use lab::authority::{Authority, Issued, LeafRequest, self_signed};
use lab::memory;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, HandshakeKind, ServerConfig,
    SignatureScheme,
};

use super::bench::{Bench, GRACE, MAX_AGE, QUIET, Session, named, sessions};

/// Lets in whoever comes, and looks at no certificate: a server of another policy.
#[derive(Debug)]
struct Careless;

impl ClientCertVerifier for Careless {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ED25519,
        ]
    }
}

/// A careless server beside ours, with the same keys for tickets and the same memory of sessions,
/// as virtual hosts of one process have them.
fn careless(bench: &Bench) -> Arc<ServerConfig> {
    let generation = bench.store.current();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let pair = generation.identity.certified.clone();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(Arc::new(Careless))
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(pair)));
    config.ticketer = generation.config.ticketer.clone();
    config.session_storage = generation.config.session_storage.clone();
    let careless = Generation {
        number: generation.number,
        identity: generation.identity.clone(),
        config: Arc::new(config),
    };
    session::Session::new(Arc::new(careless), LIFE, |_| true).config()
}

/// Everybody who must not get in.
struct Strangers {
    self_signed: Issued,
    other: Issued,
    /// Of the public authority that the server's own leaf is under.
    of_own: Issued,
    expired: [Issued; 2],
}

fn strangers(bench: &mut Bench, public: &mut Authority) -> Strangers {
    Strangers {
        of_own: issue(public, 0x9003).unwrap(),
        self_signed: self_signed(&LeafRequest::new("localhost")).unwrap(),
        other: issue(&mut named("Root X"), 0x9001).unwrap(),
        expired: [expired(&mut bench.a), expired(&mut bench.b)],
    }
}

fn expired(issuer: &mut Authority) -> Issued {
    // Its own clock, and not that of the machine, which has gone on: what it issues after this must not begin
    // later than the server's clock stands.
    let now = issuer.clock();
    issuer.set_clock(now - Duration::from_secs(7200));
    let leaf = issue(issuer, 0x9002).unwrap();
    issuer.set_clock(now);
    leaf
}

/// Tries each of them, with and without a session. Returns how many tries there were, and how many
/// of them the handshake itself let through, so that only the second look kept them out.
async fn try_all(
    bench: &Bench,
    public: &Authority,
    strangers: &Strangers,
    removed: &[&Issued],
) -> (usize, usize) {
    let mut who: Vec<(&str, Option<&Issued>)> = vec![
        ("no certificate", None),
        ("self-signed", Some(&strangers.self_signed)),
        (
            "an authority that was never trusted",
            Some(&strangers.other),
        ),
        (
            "the authority of the server's own leaf",
            Some(&strangers.of_own),
        ),
        ("expired under Root A", Some(&strangers.expired[0])),
        ("expired under Root B", Some(&strangers.expired[1])),
    ];
    who.extend(removed.iter().map(|leaf| ("a removed root", Some(*leaf))));
    let (mut tries, mut resumed) = (0, 0);
    for (what, leaf) in who {
        for session in Session::ALL {
            let config = session.config(leaf, &[public, &bench.a, &bench.b]);
            let refused = bench.call(&config).await;
            assert!(refused.is_err(), "{what} got in, {session:?}");

            // The session is had from the careless server.
            memory::handshake(&careless(bench), &config).unwrap();
            resumed += usize::from(resumes(bench, &config));
            memory::handshake(&careless(bench), &config).unwrap();
            let refused = bench.call(&config).await;
            assert!(refused.is_err(), "{what} got in by resumption, {session:?}");
            tries += 2;
        }
    }
    (tries, resumed)
}

/// Whether the handshake alone would let this client resume.
fn resumes(bench: &Bench, config: &Arc<ClientConfig>) -> bool {
    let server = session::Session::new(bench.store.current(), LIFE, |_| true).config();
    let handshake = memory::handshake(&server, config);
    handshake.is_ok_and(|(server, _)| server.handshake_kind() == Some(HandshakeKind::Resumed))
}

/// The control: who may get in does, by a full handshake, and then by the session of it as long as
/// there are tickets.
async fn gets_in(bench: &Bench, public: &Authority, leaf: &Issued, resumes: bool) {
    for session in Session::ALL {
        let config = session.config(Some(leaf), &[public, &bench.a, &bench.b]);
        assert!(!bench.call(&config).await.unwrap().resumed);
        let again = bench.call(&config).await.unwrap();
        assert_eq!(again.resumed, resumes, "{session:?}");
    }
}

/// Tries everybody at each step of a rotation from Root A to Root B.
async fn rotate_among_strangers(
    bench: &mut Bench,
    public: &mut Authority,
    reissue: fn(&mut Bench, &mut Authority),
) -> (usize, usize) {
    let strangers = strangers(bench, public);
    let of_a = issue(&mut bench.a, 0x1002).unwrap();
    let of_b = issue(&mut bench.b, 0x2002).unwrap();
    let (mut tries, mut resumed) = (0, 0);
    let mut count = |tried: (usize, usize)| {
        tries += tried.0;
        resumed += tried.1;
    };

    // Before. Root B is not trusted yet.
    count(try_all(bench, public, &strangers, &[&of_b]).await);
    gets_in(bench, public, &of_a, true).await;

    // During: both are.
    bench.list(&[&bench.a, &bench.b]);
    count(try_all(bench, public, &strangers, &[]).await);
    gets_in(bench, public, &of_a, true).await;
    gets_in(bench, public, &of_b, true).await;
    reissue(bench, public);
    count(try_all(bench, public, &strangers, &[]).await);
    gets_in(bench, public, &of_a, true).await;
    bench.list(&[&bench.b]);
    count(try_all(bench, public, &strangers, &[]).await);
    gets_in(bench, public, &of_a, false).await;
    gets_in(bench, public, &of_b, false).await;

    // After.
    bench.quiet().await;
    bench.look();
    assert_eq!(bench.names(), ["Root B"]);
    count(try_all(bench, public, &strangers, &[&of_a]).await);
    gets_in(bench, public, &of_b, true).await;
    (tries, resumed)
}

/// The server's own leaf is under the clients' roots: one file is for both.
#[tokio::test(start_paused = true)]
async fn who_must_not_get_in_does_not() {
    let mut public = named("Public");
    let mut bench = Bench::new();
    let reissue = |bench: &mut Bench, _: &mut Authority| bench.reissue();
    let tried = rotate_among_strangers(&mut bench, &mut public, reissue).await;
    // The second look is what keeps the latter out. While a root is drained there are no tickets.
    assert_eq!(tried, (192, 78));
}

/// The server's own leaf is under a public authority, and is renewed there. Whoever has another leaf
/// of that authority is a stranger.
#[tokio::test(start_paused = true)]
async fn the_servers_own_authority_lets_nobody_in() {
    let mut public = named("Public");
    let mut bench = Bench::apart(&mut public);
    let renew = |bench: &mut Bench, public: &mut Authority| {
        let leaf = issue(public, 0x3002).unwrap();
        bench.party.show(&leaf).unwrap();
        bench.look();
    };
    let tried = rotate_among_strangers(&mut bench, &mut public, renew).await;
    assert_eq!(tried, (192, 78));
    assert_eq!(bench.store.current().identity.facts.serial, "3002");
}

// ANCHOR: one_file
/// The wrong way: both trusts in one file. An operator comes to it because the server does not
/// start with the clients' roots alone.
#[tokio::test(start_paused = true)]
async fn in_one_file_the_servers_own_authority_lets_everybody_in() {
    let mut public = named("Public");
    let of_own = issue(&mut public, 0x9003).unwrap();
    let party = Party::new(&mut public, 0x3001).unwrap();
    let a = named("Root A");
    let start = |roots: &[&Authority]| {
        party.trust(roots).unwrap();
        let roots = Roots::new(party.source(), sessions(), QUIET);
        let read = Box::new(|source: &_, _: Option<&_>| identity::read(source));
        IdentityStore::start_by(roots.loader(read), party.source())
    };
    let rejected = start(&[&a]).unwrap_err();
    assert_eq!(rejected.reason.name(), "chain_broken");
    assert!(rejected.detail.contains("--client-roots"), "{rejected}");

    let wrong = start(&[&a, &public]).unwrap();
    let stranger = Session::Tls13.config(Some(&of_own), &[&public]);
    memory::handshake(&wrong.current().config, &stranger).expect("whoever has a leaf gets in");
}
// ANCHOR_END: one_file

/// A ticket that was honestly had, under a root that was then removed.
#[tokio::test(start_paused = true)]
async fn a_session_ends_with_its_root() {
    let mut bench = Bench::new();
    let leaf = issue(&mut bench.a, 0x1002).unwrap();
    let both = [&bench.a, &bench.b];
    let clients = Session::ALL.map(|session| session.config(Some(&leaf), &both));
    for client in &clients {
        bench.call(client).await.unwrap();
        assert!(bench.call(client).await.unwrap().resumed);
    }
    bench.rotate().await;
    for client in &clients {
        assert!(!resumes(&bench, client));
        assert!(bench.call(client).await.is_err());
    }
}

/// TLS honours the ticket for hours, and looks at no date. The second look does.
#[tokio::test(start_paused = true)]
async fn a_session_ends_with_its_certificate() {
    for session in Session::ALL {
        let mut bench = Bench::new();
        let mut request = LeafRequest::new("localhost");
        request.lifetime = Duration::from_secs(60);
        let leaf = bench.a.issue(&request).unwrap();
        let client = session.config(Some(&leaf), &[&bench.a]);
        bench.call(&client).await.unwrap();
        assert!(bench.call(&client).await.unwrap().resumed);
        bench.clock.forward(61);
        assert!(resumes(&bench, &client), "rustls sees nothing wrong");
        assert!(bench.call(&client).await.is_err());
    }
}

/// Who is in stays in for as long as it may: TLS never asks again for the certificate, so the
/// server has to end the connection.
#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_its_certificate() {
    // Certificates are made by the true clock, which goes on.
    let slack = Duration::from_secs(10);
    let mut bench = Bench::new();
    let mut request = LeafRequest::new("localhost");
    request.lifetime = MAX_AGE / 2;
    let brief = bench.a.issue(&request).unwrap();
    request.lifetime = MAX_AGE * 2;
    let lasting = bench.a.issue(&request).unwrap();
    for (leaf, life) in [(brief, MAX_AGE / 2), (lasting, MAX_AGE)] {
        let config = Session::Tls13.config(Some(&leaf), &[&bench.a]);
        let mut held = bench.open(&config).await.unwrap();
        tokio::time::sleep(life - slack).await;
        held.pull(1).await.unwrap();
        tokio::time::sleep(slack + GRACE + slack).await;
        held.pull(1).await.unwrap_err();
    }
}
