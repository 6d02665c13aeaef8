//! The roots that are in force, and the clients that depend on them.
//!
//! Files ask for a set of roots. What is in force is that set, and with it each root that is still
//! held: see `Roots::effective_anchors`.

mod events;
mod hold;
mod listed;
mod no_tickets;
mod state;
mod usage;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::{Identity, Peers, Reason, Rejected, Source, reject};
use ch02_hot_reload::{Generation, IdentityStore, Loader, ReadFn};
use ch06_in_flight_requests::tickets::Sessions;
use ch07_graceful_degradation::budget::Window;
use lab::chain;
use parking_lot::{Mutex, MutexGuard};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::root::{Root, validating_anchors};
use crate::{Error, Refusal, RootUsage, Stage, Step, mutual};
use events::{log_end, log_held, log_own, log_refused, log_step};
use hold::Haste;
use listed::{each_once, names};
use no_tickets::no_tickets;
use state::State;

pub use hold::Hold;
pub use usage::TICKET_LIFE;

/// A server's roots.
pub struct Roots {
    source: Source,
    sessions: Sessions,
    quiet: Duration,
    clock: Arc<dyn TimeProvider>,
    state: Arc<Mutex<State>>,
    /// Roots whose connections have to go: draining, or removed.
    leaving: watch::Sender<BTreeMap<Root, Haste>>,
    /// A drain is to begin, or has been called off.
    drains: Notify,
}

impl Roots {
    /// For the identity of this source. Sessions live on by this policy between changes of trust;
    /// a root is removed when nobody has been in by it for as long as `quiet`: more than any client
    /// is away between two calls.
    pub fn new(source: Source, sessions: Sessions, quiet: Duration) -> Arc<Self> {
        Self::with_clock(source, sessions, quiet, Arc::new(DefaultTimeProvider))
    }

    /// The same by another clock, which validates certificates and ends tickets.
    pub fn with_clock(
        source: Source,
        sessions: Sessions,
        quiet: Duration,
        clock: Arc<dyn TimeProvider>,
    ) -> Arc<Self> {
        Arc::new(Self {
            source,
            sessions,
            quiet,
            clock,
            state: Arc::default(),
            leaving: watch::Sender::default(),
            drains: Notify::new(),
        })
    }

    /// Generations that are read by `read`, hold the roots that a client depends on, and let in
    /// nobody without a certificate.
    pub fn loader(self: &Arc<Self>, read: Box<ReadFn>) -> Loader {
        let (reading, building) = (self.clone(), self.clone());
        Loader {
            read: Box::new(move |source, serving| {
                // A reader that is wary of what shrank compares with what the files held last, not
                // with what is in force: a root that is held is no news.
                let last = reading.state().asked.clone();
                let asked = read(source, last.as_ref().or(serving));
                let asked = asked.map_err(|rejected| one_file_for_two(source, rejected))?;
                let asked = each_once(asked);
                reading.state().asked = Some(asked.clone());
                Ok(match serving {
                    Some(serving) => reading.effective_anchors(serving, asked),
                    None => asked,
                })
            }),
            build: Box::new(move |identity, before| Ok(building.build(identity, before)?)),
        }
    }

    // ANCHOR: effective_anchors
    /// What is asked for, and beside it each root that cannot go yet. So a removal that comes too
    /// early is put off, and whatever else the files hold is served.
    fn effective_anchors(&self, serving: &Identity, asked: Identity) -> Identity {
        let (now, next) = (serving.anchors_for_peers(), asked.anchors_for_peers());
        let (in_force, listed) = (names(now), names(next));
        let mut state = self.state();
        let mut anchors: Vec<CertificateDer<'static>> = Vec::new();
        for (root, anchor) in in_force.iter().zip(now) {
            if let Some(at) = listed.iter().position(|listed| listed == root) {
                self.call_off(&mut state, root);
                // Renewed with its key, it takes its own place.
                anchors.push(next[at].clone());
                continue;
            }
            // The own chain leads to one that is listed, or this set had been refused.
            let stage = state.stage(root, &in_force, &[]);
            let usage = self.usage(&state, root, &listed);
            let forced = state.forced.contains(root);
            let Err(refusal) = stage.after(Step::Remove, &usage, forced) else {
                continue;
            };
            anchors.push(anchor.clone());
            state.unlisted.insert(root.clone());
            self.say_held(&mut state, root, refusal, &usage);
        }
        let new = listed.iter().zip(next);
        let new = new.filter(|(root, _)| !in_force.contains(root));
        anchors.extend(new.map(|(_, anchor)| anchor.clone()));
        asked.with_anchors_for_peers(anchors)
    }
    // ANCHOR_END: effective_anchors

    /// It is listed again: who was asked to leave may stay. Where it was said that the root is held, the log says
    /// this as well, also where no drain had begun: an alarm must be able to end.
    fn call_off(&self, state: &mut State, root: &Root) {
        let told = state.told.remove(root).is_some();
        state.forced.remove(root);
        state.unlisted.remove(root);
        // Each by itself: a drain may begin after it was listed again.
        let drained = state.draining.remove(root).is_some();
        if drained {
            state.called_off = true;
            self.drains.notify_one();
            self.stays(root);
        }
        if drained || told {
            log_step(Step::Add, root);
        }
    }

    /// Has it drained, where that is what it lacks. Says so once; what is still held when it could
    /// have been gone is said, too.
    fn say_held(&self, state: &mut State, root: &Root, refusal: Refusal, usage: &RootUsage) {
        if refusal == Refusal::NotDrained {
            self.drains.notify_one();
        }
        let since = state.draining.get(root);
        // Who is in takes a while to leave, and the quiet begins only then.
        let expected = since.is_some_and(|since| since.elapsed() < self.quiet * 2);
        if !expected && state.told.insert(root.clone(), refusal) != Some(refusal) {
            log_held(root, refusal, usage);
        }
    }

    /// Builds the configuration of the next generation, and takes the steps that lead to it.
    fn build(
        &self,
        identity: &Identity,
        before: Option<&Generation>,
    ) -> Result<Arc<ServerConfig>, Error> {
        let mut config = mutual::server_config(identity)?;
        config.time_provider = self.clock.clone();
        let mut state = self.state();
        let own = self.own(&state, identity);
        match before {
            Some(before) => self.steps(&mut state, &before.identity, identity, own),
            None => state.own = own,
        }
        let anchors = identity.anchors_for_peers();
        if before.is_none_or(|before| before.identity.anchors_for_peers() != anchors) {
            let all = names(anchors);
            let all: Vec<_> = all.iter().map(Root::name).collect();
            let generation = before.map_or(1, |before| before.number + 1);
            tracing::info!(event = "trust_loaded", generation, roots = all.join(", "));
        }

        config = self.sessions.carry_over(config, identity, before);
        if !state.draining.is_empty() {
            no_tickets(&mut config);
        }
        let same = |before: &Generation| Arc::ptr_eq(&before.config.ticketer, &config.ticketer);
        if !before.is_some_and(same) {
            let number = before.map_or(1, |before| before.number + 1);
            state.usage.forget_tickets(number);
        }
        Ok(Arc::new(config))
    }

    /// Takes and logs the steps from `before` to `next`, whose leaf is under its `own`.
    fn steps(&self, state: &mut State, before: &Identity, next: &Identity, own: Vec<Root>) {
        let old = names(before.anchors_for_peers());
        let new = names(next.anchors_for_peers());
        for root in new.iter().filter(|root| !old.contains(root)) {
            self.stays(root);
            log_step(Step::Add, root);
        }
        log_own(&state.own, &own);
        state.own = own;
        for root in old.iter().filter(|root| !new.contains(root)) {
            let usage = self.usage(state, root, &new);
            state.unlisted.remove(root);
            state.draining.remove(root);
            state.forced.remove(root);
            state.told.remove(root);
            // Also for who is let in while this generation is on its way.
            self.leaves(root, Haste::AtOnce);
            log_end(Step::Remove, root, &usage);
        }
    }

    // ANCHOR: drain
    /// Asks the connections that depend on `root` to leave, and discards the tickets of all clients.
    /// As long as it drains there are no new ones either: each client that comes shows its
    /// certificate, so that the server sees which clients still come by this root.
    ///
    /// # Errors
    /// Where the root's stage does not allow it, or no generation can be built.
    pub fn drain(&self, store: &IdentityStore, root: &Root) -> Result<(), Error> {
        let identity = &store.current().identity;
        let anchors = names(identity.anchors_for_peers());
        let (usage, since) = {
            let mut state = self.state();
            let own = self.own(&state, identity);
            let usage = self.usage(&state, root, &anchors);
            let stage = state.stage(root, &anchors, &own);
            stage.after(Step::Drain, &usage, false)?;
            (usage, state.draining.insert(root.clone(), Instant::now()))
        };
        if let Err(rejected) = store.republish() {
            if since.is_none() {
                self.state().draining.remove(root);
            }
            return Err(rejected.into());
        }
        log_end(Step::Drain, root, &usage);
        // Only now: a client that leaves and comes back finds no use for a ticket.
        let state = self.state();
        // Listed again meanwhile, it is no longer to go.
        if state.draining.contains_key(root) {
            self.leaves(root, Haste::InTurn);
        }
        Ok(())
    }
    // ANCHOR_END: drain

    /// Drains each root that the file no longer lists, for as long as it runs.
    pub async fn drain_unlisted(self: Arc<Self>, store: Arc<IdentityStore>) {
        loop {
            self.drains.notified().await;
            let (roots, store) = (self.clone(), store.clone());
            let looking = tokio::task::spawn_blocking(move || roots.drain_all(&store));
            if let Err(panic) = looking.await {
                tracing::error!(event = "reload_panicked", why = %panic);
            }
        }
    }

    /// Begins the drains that are to begin. Where one fails, the next look at the files asks again.
    pub fn drain_all(&self, store: &IdentityStore) {
        let (unlisted, called_off) = {
            let mut state = self.state();
            let unlisted = state.unlisted.iter();
            let new = unlisted.filter(|root| !state.draining.contains_key(root));
            (
                new.cloned().collect::<Vec<_>>(),
                std::mem::take(&mut state.called_off),
            )
        };
        for root in unlisted {
            if let Err(error) = self.drain(store, &root) {
                log_refused(&root, &error);
            }
        }
        // Tickets are given again.
        if called_off && let Err(rejected) = store.republish() {
            store.log_rejected(&rejected);
        }
    }

    /// Lets a root go at the next look, whatever depends on it: nobody gets in by it again, and who is
    /// in is asked to leave. For a root that must not be trusted any more. Only for one that the
    /// file no longer lists; says whether it is.
    pub fn force(&self, root: &Root) -> bool {
        let mut state = self.state();
        let waiting = state.unlisted.contains(root);
        if waiting {
            state.forced.insert(root.clone());
        }
        waiting
    }

    /// Lets every root go that the file no longer lists, as [`Self::force`] does, and looks at the
    /// files. Logs which roots that was said of, be it none.
    pub fn force_unlisted(&self, store: &IdentityStore) {
        let unlisted = self.state().unlisted.clone();
        let forced: Vec<_> = unlisted.iter().filter(|root| self.force(root)).collect();
        let names: Vec<_> = forced.iter().map(|root| root.name()).collect();
        tracing::warn!(event = "trust_forced", roots = names.join(", "));
        store.reload_and_log();
    }

    /// All sessions have been discarded: no client depends on a root by a ticket.
    pub fn forget_tickets(&self, store: &IdentityStore) {
        let number = store.current().number;
        self.state().usage.forget_tickets(number);
    }

    /// How the roots of the current generation stand, in the order of its anchors.
    pub fn stages(&self, store: &IdentityStore) -> Vec<(Root, Stage, RootUsage)> {
        let identity = &store.current().identity;
        let anchors = names(identity.anchors_for_peers());
        let state = self.state();
        let own = self.own(&state, identity);
        let how = |root: &Root| {
            let stage = state.stage(root, &anchors, &own);
            (root.clone(), stage, self.usage(&state, root, &anchors))
        };
        anchors.iter().map(how).collect()
    }

    /// The clients that depend on `root`, and on no other of those that stay.
    fn usage(&self, state: &State, root: &Root, stay: &[Root]) -> RootUsage {
        let since = state.draining.get(root).copied();
        state.usage.of(root, stay, self.now(), since, self.quiet)
    }

    // ANCHOR: let_in
    /// Decides once more on a client whose handshake is complete, by the roots in force now. A
    /// session that is resumed was let in by the roots of another day, and TLS does not look again.
    ///
    /// # Errors
    /// When no root that is in force validates it, or its certificate has expired.
    pub fn let_in(
        &self,
        store: &IdentityStore,
        under: &Generation,
        chain: &[CertificateDer<'static>],
    ) -> Result<Hold, Rejected> {
        let current = store.current();
        let anchors = current.identity.anchors_for_peers();
        let now = self.now();
        let mut roots = validating_anchors(Peers::Servers, &self.source, chain, anchors, now)?;
        let mut state = self.state();
        // A removal that has begun has counted what depends on the root: no client is added.
        roots.retain(|root| self.leaving.borrow().get(root) != Some(&Haste::AtOnce));
        if roots.is_empty() {
            let error = "the root that it leads to is being removed";
            let file = self.source.peer_roots.as_ref();
            let file = file.unwrap_or(&self.source.files.roots);
            return Err(reject(Reason::ChainBroken, file, &error));
        }
        for root in roots.iter().filter(|r| state.draining.contains_key(r)) {
            // This client has not been reissued.
            let serial = chain::facts(chain).map(|facts| facts.serial);
            let serial = serial.unwrap_or_default();
            tracing::info!(event = "client_behind", root = root.name(), serial);
        }
        // It was given tickets, where there are any.
        let tickets_of = under.config.ticketer.enabled().then_some(under.number);
        state.usage.opened(&roots, tickets_of, now);
        Ok(Hold {
            leaving: self.leaving.clone(),
            state: self.state.clone(),
            roots,
        })
    }
    // ANCHOR_END: let_in

    /// How long a client's own certificate is still valid. Others in its chain may be there for
    /// servers that trust another root.
    pub fn certificate_left(&self, chain: &[CertificateDer<'_>]) -> Duration {
        let leaf = &chain[..chain.len().min(1)];
        let left = Window::of(leaf).map_or(0, |window| window.seconds_left(self.now()));
        Duration::from_secs(u64::try_from(left).unwrap_or(0))
    }

    /// The roots for clients that the server's own leaf is under, where it is judged by them. Where
    /// it has roots of its own, a root for clients can go whatever the leaf is under. A root that is not
    /// listed can go, too: the chain leads to another that is.
    fn own(&self, state: &State, identity: &Identity) -> Vec<Root> {
        if identity.peer_anchors.is_some() {
            return Vec::new();
        }
        let (chain, anchors) = (&identity.certified.cert, &identity.anchors);
        let own = validating_anchors(Peers::Clients, &self.source, chain, anchors, self.now());
        // It has expired meanwhile: then it is under none.
        let mut own = own.unwrap_or_default();
        own.retain(|root| !state.unlisted.contains(root));
        own
    }

    fn leaves(&self, root: &Root, haste: Haste) {
        self.leaving.send_modify(|leaving| {
            leaving.insert(root.clone(), haste);
        });
    }

    fn stays(&self, root: &Root) {
        self.leaving
            .send_if_modified(|leaving| leaving.remove(root).is_some());
    }

    fn now(&self) -> UnixTime {
        self.clock.current_time().unwrap_or_else(UnixTime::now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({:?})", self.state)
    }
}

/// Where clients and the own chain are judged by one file, an own chain of another authority is
/// rejected. To add its root to that file would let in whoever has a leaf of that authority.
fn one_file_for_two(source: &Source, rejected: Rejected) -> Rejected {
    if source.peer_roots.is_some() || rejected.reason != Reason::ChainBroken {
        return rejected;
    }
    let detail = format!(
        "{}: if this server's own chain is of another authority than its clients', the clients' \
         roots need a file of their own (--client-roots)",
        rejected.detail
    );
    Rejected { detail, ..rejected }
}
