//! The store: it holds the current generation, and reloads.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::sync::watch;

use crate::generation::{Generation, Loader};
use crate::identity::{Rejected, Source};
use crate::sync::Mutex;

// ANCHOR: store
/// The current generation, and the one way to replace it.
#[derive(Debug)]
pub struct IdentityStore<C = Arc<ServerConfig>> {
    source: Source,
    loader: Loader<C>,
    current: ArcSwap<Generation<C>>,
    published: watch::Sender<u64>,
    // One reload at a time: a slow one must not overtake a later one and publish older files.
    reloading: Mutex<()>,
}
// ANCHOR_END: store

/// What a reload did, and with it what is served now.
#[derive(Debug)]
pub enum Reload<C = Arc<ServerConfig>> {
    /// This generation is now served.
    Loaded(Arc<Generation<C>>),
    /// The files hold what is served already.
    Unchanged,
    /// The files are not valid. The generation before goes on being served.
    Rejected(Rejected),
}

impl IdentityStore {
    /// Loads the first generation. There is nothing to fall back to yet, so what is wrong with the
    /// files is the caller's to report.
    ///
    /// # Errors
    /// When the files are not valid.
    pub fn start(source: Source) -> Result<Arc<Self>, Rejected> {
        Self::start_by(Loader::default(), source)
    }
}

impl<C> IdentityStore<C> {
    /// [`IdentityStore::start`], by another loader.
    ///
    /// # Errors
    /// When the files are not valid.
    pub fn start_by(loader: Loader<C>, source: Source) -> Result<Arc<Self>, Rejected> {
        let identity = (loader.read)(&source, None)?;
        let first = Arc::new(loader.generation(&source, identity, None)?);
        log_loaded(&first);
        Ok(Arc::new(Self {
            source,
            loader,
            current: ArcSwap::from(first),
            published: watch::Sender::new(1),
            reloading: Mutex::new(()),
        }))
    }

    /// The generation that a new connection is to be served under.
    pub fn current(&self) -> Arc<Generation<C>> {
        self.current.load_full()
    }

    /// The number of the newest generation, for those who want to be told of each. Who was not
    /// looking sees the last one.
    pub fn published(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Where the identity is read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    // ANCHOR: reload
    /// Reads the files again. What is valid, and new, is served from now on.
    ///
    /// Reads files, so call it where blocking is allowed.
    pub fn reload(&self) -> Reload<C> {
        self.reload_then(|outcome| outcome)
    }

    /// The same, and does this with the outcome before anything else is published: what it
    /// logs keeps its order.
    pub fn reload_then<T>(&self, then: impl FnOnce(Reload<C>) -> T) -> T {
        let _one_at_a_time = self.reloading.lock();
        then(self.read_and_publish())
    }

    fn read_and_publish(&self) -> Reload<C> {
        let before = self.current();
        let (source, loader) = (&self.source, &self.loader);
        let identity = match (loader.read)(source, Some(&before.identity)) {
            Ok(identity) => identity,
            Err(rejected) => return Reload::Rejected(rejected),
        };
        if identity.set_sha256 == before.identity.set_sha256 {
            return Reload::Unchanged;
        }
        let next = match loader.generation(source, identity, Some(&before)) {
            Ok(next) => Arc::new(next),
            Err(rejected) => return Reload::Rejected(rejected),
        };
        self.publish(&next);
        Reload::Loaded(next)
    }

    fn publish(&self, next: &Arc<Generation<C>>) {
        self.current.store(next.clone());
        log_loaded(next);
        self.published.send_replace(next.number);
    }
    // ANCHOR_END: reload

    /// Publishes what is served once more, as a new generation, and does not look at the files:
    /// for a loader that is to build something else from it, new session state for example.
    ///
    /// # Errors
    /// As the loader's. The generation before goes on being served.
    pub fn republish(&self) -> Result<Arc<Generation<C>>, Rejected> {
        let _one_at_a_time = self.reloading.lock();
        let before = self.current();
        let identity = before.identity.clone();
        let (source, loader) = (&self.source, &self.loader);
        let next = Arc::new(loader.generation(source, identity, Some(&before))?);
        self.publish(&next);
        Ok(next)
    }

    /// Reloads, and logs what came of it.
    pub fn reload_and_log(&self) -> Reload<C> {
        self.reload_then(|outcome| {
            match &outcome {
                // Logged where it was published.
                Reload::Loaded(_) => {}
                Reload::Unchanged => self.log_unchanged(),
                Reload::Rejected(rejected) => self.log_rejected(rejected),
            }
            outcome
        })
    }

    /// Logs that the files are what is served.
    pub fn log_unchanged(&self) {
        let generation = self.current().number;
        tracing::info!(event = "reload_skipped", generation, why = "unchanged");
    }

    /// Logs a rejection, with the generation that goes on being served.
    pub fn log_rejected(&self, rejected: &Rejected) {
        tracing::warn!(
            event = "identity_rejected",
            generation = self.current().number,
            reason = rejected.reason.name(),
            file = %rejected.file.display(),
            detail = rejected.detail,
        );
    }
}

fn log_loaded<C>(generation: &Generation<C>) {
    let facts = &generation.identity.facts;
    tracing::info!(
        event = "identity_loaded",
        generation = generation.number,
        serial = facts.serial,
        not_after = facts.not_after,
        chain_sha256 = facts.chain_sha256,
    );
}
