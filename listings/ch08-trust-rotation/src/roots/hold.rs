//! A connection's hold on the roots that let it in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::sleep;

use super::state::State;
use crate::root::Root;

/// How soon connections that depend on a root are asked to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// It drains: each in its turn, since all of them come back.
    InTurn,
    /// It is removed: nobody has time.
    AtOnce,
}

/// A connection's hold on its roots. Given up when dropped.
#[derive(Debug)]
pub struct Hold {
    pub(super) leaving: watch::Sender<BTreeMap<Root, Haste>>,
    pub(super) state: Arc<Mutex<State>>,
    pub(super) roots: Vec<Root>,
}

impl Hold {
    /// The roots that let this client in.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    // ANCHOR: leaving
    /// Waits until all of them have to go, and then for this connection's `turn`. A drain that is
    /// called off before that has asked nobody.
    pub async fn leaving(&self, turn: Duration) {
        let mut leaving = self.leaving.subscribe();
        loop {
            // The sender lives as long as this does.
            let _ = leaving.wait_for(|leaving| self.all_go(leaving)).await;
            let other =
                |leaving: &BTreeMap<Root, Haste>| !self.all_go(leaving) || self.go_at_once(leaving);
            tokio::select! {
                biased;
                _ = leaving.wait_for(other) => {}
                () = sleep(turn) => return,
            }
            let now = leaving.borrow_and_update();
            if self.all_go(&now) && self.go_at_once(&now) {
                return;
            }
        }
    }
    // ANCHOR_END: leaving

    fn all_go(&self, leaving: &BTreeMap<Root, Haste>) -> bool {
        self.roots.iter().all(|root| leaving.contains_key(root))
    }

    /// Whether one of them is removed already: a drain of the others does not matter any more.
    fn go_at_once(&self, leaving: &BTreeMap<Root, Haste>) -> bool {
        let haste = |root| leaving.get(root) == Some(&Haste::AtOnce);
        self.roots.iter().any(haste)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.state.lock().usage.closed(&self.roots);
    }
}
