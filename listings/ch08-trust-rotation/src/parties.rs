//! Both ends of a demo: the server's files, and the callers with theirs.

use std::io;
use std::sync::Arc;

use ch08_trust_rotation::client::{self, Generations};
use ch08_trust_rotation::party::Party;
use ch08_trust_rotation::root::Root;
use lab::authority::Authority;
use tracing::subscriber::{NoSubscriber, with_default};

/// Two roots to rotate between, a server, and its callers.
pub(crate) struct Parties {
    pub(crate) a: Authority,
    pub(crate) b: Authority,
    pub(crate) servers: Party,
    pub(crate) callers: Vec<Caller>,
}

impl Parties {
    /// Everybody trusts Root A, and shows a leaf under it.
    pub(crate) fn new(callers: u64) -> io::Result<Self> {
        let (mut a, b) = (Authority::named("Root A")?, Authority::named("Root B")?);
        let servers = Party::new(&mut a, 0x1001)?;
        let callers = (1..=callers).map(|number| Caller::new(number, &mut a, 0x1001 + number));
        let callers = callers.collect::<io::Result<_>>()?;
        Ok(Self {
            a,
            b,
            servers,
            callers,
        })
    }

    /// Every caller trusts these roots, and looks at its files.
    pub(crate) fn callers_trust(&self, roots: &[&Authority]) -> io::Result<()> {
        for caller in &self.callers {
            caller.party.trust(roots)?;
            caller.reload();
        }
        Ok(())
    }
}

/// A client of the load: its files, and what it does with them.
pub(crate) struct Caller {
    number: u64,
    pub(crate) party: Party,
    pub(crate) store: Arc<Generations>,
}

impl Caller {
    fn new(number: u64, issuer: &mut Authority, serial: u64) -> io::Result<Self> {
        let party = Party::new(issuer, serial)?;
        let source = party.source();
        // What a client loads is told by `client_loaded`, so that it is not mistaken for the
        // server's.
        let store = with_default(NoSubscriber::new(), || client::start(source));
        let caller = Self {
            number,
            party,
            store: store?,
        };
        caller.say();
        Ok(caller)
    }

    /// Looks at its files.
    pub(crate) fn reload(&self) {
        with_default(NoSubscriber::new(), || self.store.reload());
        self.say();
    }

    fn say(&self) {
        let generation = self.store.current();
        let roots: Vec<_> = generation
            .identity
            .anchors_for_peers()
            .iter()
            .map(Root::of)
            .collect();
        let names: Vec<_> = roots.iter().map(Root::name).collect();
        tracing::info!(
            event = "client_loaded",
            client = self.number,
            generation = generation.number,
            serial = generation.identity.facts.serial,
            roots = names.join(", "),
        );
    }
}
