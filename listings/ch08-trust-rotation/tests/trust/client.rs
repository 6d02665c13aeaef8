//! The other side: the server's root changes, and the clients must know it first.

use std::sync::Arc;

use ch08_trust_rotation::client::{self, Generations};
use ch08_trust_rotation::mutual::client_config;
use ch08_trust_rotation::party::{Party, issue};
use lab::memory;
use rustls::{HandshakeKind, ServerConfig};

use super::bench::{Bench, named};

struct Caller {
    party: Party,
    store: Arc<Generations>,
}

impl Caller {
    fn new(bench: &mut Bench) -> Self {
        let party = Party::new(&mut bench.a, 0x1002).unwrap();
        let store = client::start(party.source()).unwrap();
        Self { party, store }
    }

    fn look(&self) {
        self.store.reload_and_log();
    }

    /// The handshake of a client that was not here before: who comes back may resume, and is shown
    /// nothing.
    fn fresh(&self, server: &Arc<ServerConfig>) -> Result<(), rustls::Error> {
        let identity = &self.store.current().identity;
        let config = Arc::new(client_config(identity).unwrap());
        memory::handshake(server, &config).map(drop)
    }

    fn handshake(&self, server: &Arc<ServerConfig>) -> Result<HandshakeKind, rustls::Error> {
        let (server, _) = memory::handshake(server, &self.store.current().config)?;
        Ok(server.handshake_kind().unwrap())
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    ClientsTrustBoth,
    ServerTrustsBoth,
    ServerUnderB,
    ClientsUnderB,
    ServerDropsA,
    ClientsDropA,
}

/// Which steps are followed by a handshake that fails. The server believes its file at once: the
/// order is all that protects anybody.
fn failing(steps: &[Step]) -> Vec<String> {
    let mut bench = Bench::new();
    let mut caller = Caller::new(&mut bench);
    let loader = ch08_trust_rotation::wrong::believes_the_file(super::bench::sessions());
    let server = ch02_hot_reload::IdentityStore::start_by(loader, bench.party.source()).unwrap();
    let mut failing = Vec::new();
    for step in steps {
        match step {
            Step::ClientsTrustBoth => caller.party.trust(&[&bench.a, &bench.b]).unwrap(),
            Step::ServerTrustsBoth => bench.party.trust(&[&bench.a, &bench.b]).unwrap(),
            Step::ServerUnderB => {
                let leaf = issue(&mut bench.b, 0x2001).unwrap();
                bench.party.show(&leaf).unwrap();
            }
            Step::ClientsUnderB => {
                let leaf = issue(&mut bench.b, 0x2002).unwrap();
                caller.party.show(&leaf).unwrap();
            }
            Step::ServerDropsA => bench.party.trust(&[&bench.b]).unwrap(),
            Step::ClientsDropA => caller.party.trust(&[&bench.b]).unwrap(),
        }
        caller.look();
        server.reload_and_log();
        if caller.fresh(&server.current().config).is_err() {
            failing.push(format!("{step:?}"));
        }
    }
    failing
}

use Step::*;

/// Whoever moves first: both ends trust both, then leaves change in any order, then roots go.
#[test]
fn the_orders_that_work() {
    for [first, second] in [
        [ClientsTrustBoth, ServerTrustsBoth],
        [ServerTrustsBoth, ClientsTrustBoth],
    ] {
        for [third, fourth] in [[ServerUnderB, ClientsUnderB], [ClientsUnderB, ServerUnderB]] {
            for [fifth, sixth] in [[ServerDropsA, ClientsDropA], [ClientsDropA, ServerDropsA]] {
                let steps = [first, second, third, fourth, fifth, sixth];
                assert_eq!(failing(&steps), [""; 0], "{steps:?}");
            }
        }
    }
}

/// linkerd2#4287 on each side, and its mirror image: shown before it is known.
#[test]
fn the_orders_that_break() {
    let both = [ClientsTrustBoth, ServerTrustsBoth];
    for (rest, breaks) in [
        (
            vec![ServerUnderB, ServerDropsA, ClientsUnderB],
            "ServerDropsA",
        ),
        (
            vec![ClientsUnderB, ClientsDropA, ServerUnderB],
            "ClientsDropA",
        ),
    ] {
        let steps = [both.to_vec(), rest].concat();
        assert_eq!(failing(&steps), [breaks], "{steps:?}");
    }
    let early = [ServerTrustsBoth, ServerUnderB, ClientsTrustBoth];
    assert_eq!(failing(&early), ["ServerUnderB"]);
    let early = [ClientsTrustBoth, ClientsUnderB, ServerTrustsBoth];
    assert_eq!(failing(&early), ["ClientsUnderB"]);
}

/// A client's session is of its generation: under new roots it validates the server anew.
#[test]
fn a_client_does_not_resume_under_other_roots() {
    let mut bench = Bench::new();
    let caller = Caller::new(&mut bench);
    let server = bench.store.current().config.clone();
    assert_eq!(caller.handshake(&server), Ok(HandshakeKind::Full));
    assert_eq!(caller.handshake(&server), Ok(HandshakeKind::Resumed));
    caller.party.trust(&[&bench.a, &bench.b]).unwrap();
    caller.look();
    assert_eq!(caller.handshake(&server), Ok(HandshakeKind::Full));
}

/// The client's own leaf must lead to a root it lists; files that lack it are refused.
#[test]
fn a_client_keeps_the_root_of_its_own_leaf() {
    let mut bench = Bench::new();
    let caller = Caller::new(&mut bench);
    caller.party.trust(&[&named("Root X")]).unwrap();
    let rejected = client::read(&caller.party.source()).unwrap_err();
    assert_eq!(rejected.reason.name(), "chain_broken");
    caller.look();
    assert_eq!(caller.store.current().number, 1);
}
