//! Kinds of keys: which a server takes, and which its renewals have.

use ch09_simulating_rotation::Writer;
use rustix::process::Signal;

use crate::server::spec::Keys;
use crate::testbed::TestBed;
use crate::testbed::shared::SharedFixtures;

impl SharedFixtures {
    /// Whether a server of the same description that is started with a key of this kind serves it: what it does
    /// not take when it starts, no renewal has to bring.
    pub(crate) async fn takes(&self, kind: Keys) -> bool {
        let fixtures = self.with_keys(kind).with_keeper(None);
        // Boxed: without optimisation, so much room is more than a worker thread has.
        let started = Box::pin(fixtures.start(Writer::VaultAgent)).await;
        let Ok(mut other) = started else {
            return false;
        };
        let Ok(client) = other.client() else {
            return false;
        };
        let (seen, outcome) = Box::pin(other.target.probe(&client)).await;
        other.server.stop(Signal::TERM).await;
        seen.is_some() && outcome.is_ok()
    }
}

impl TestBed {
    /// From now on, renewals have keys of this kind.
    pub(crate) fn change_kind_of_key(&mut self, kind: Keys) {
        self.kind_of_key = kind;
        self.authority.set_key_kind(kind.into());
    }

    /// The kind of key that the last renewal had.
    pub(crate) fn kind_of_key(&self) -> Keys {
        self.kind_of_key
    }
}
