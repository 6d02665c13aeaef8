//! Hot reload: the identity's life is no longer the process's life.
//!
//! A [`Generation`] is one immutable snapshot of what the server serves. [`IdentityStore`] holds
//! the current one behind one atomic pointer. A reload builds the next generation beside it,
//! checks it, and swaps the pointer. Nothing that is being served is ever changed.
//!
//! [`identity`] reads the files and validates them as a peer would, [`Loader`] says how files become
//! a generation, and [`serve`] asks for the current one at each connection. [`arguments`] and
//! [`program`] are the command line, the same in later chapters.
//!
//! # Examples
//! A reload publishes the next generation, or rejects the files and keeps the one before:
//!
//! ```
//! use ch02_hot_reload::identity::Source;
//! use ch02_hot_reload::{IdentityStore, Reload};
//! use lab::agent::{Agent, Strategy};
//!
//! let directory = lab::directory()?;
//! let mut agent = Agent::started(directory.path(), Strategy::RenameEach)?;
//! let store = IdentityStore::start(Source::localhost(agent.files()))?;
//!
//! agent.rotate()?;
//! assert!(matches!(store.reload(), Reload::Loaded(_)));
//! std::fs::remove_file(agent.files().key)?;
//! assert!(matches!(store.reload(), Reload::Rejected(_)));
//! assert_eq!(store.current().number, 2);
//! # Ok::<_, std::io::Error>(())
//! ```

pub mod arguments;
pub mod identity;
pub mod message;
pub mod program;
mod rejected;
mod sync;
mod words;

use std::fmt;
use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ch01_restart_baseline::{accept, connection, server_config};
use rustls::ServerConfig;
use rustls::sign::SingleCertAndKey;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use identity::{Identity, Reason, Rejected, Source};
use sync::Mutex;

// ANCHOR: generation
/// One immutable snapshot: an identity, the configuration built from it, and a number.
#[derive(Debug)]
pub struct Generation<C = Arc<ServerConfig>> {
    /// Counts up from 1. A higher number was published later.
    pub number: u64,
    /// The chain and key, and the anchors by which they were validated.
    pub identity: Identity,
    /// Everything the TLS library needs to serve under this generation, session state included:
    /// here rustls and its [`ServerConfig`].
    pub config: C,
}

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
// ANCHOR_END: generation

/// How files become a generation. The default is this chapter's way; later chapters read with more
/// care, keep session state, or serve with another TLS library.
pub struct Loader<C = Arc<ServerConfig>> {
    /// Reads an identity and validates it, with an eye on the one that is served, if there is one.
    pub read: Box<ReadFn>,
    /// Builds the configuration, with an eye on the generation that it replaces, if there is one.
    pub build: Box<BuildFn<C>>,
}

/// Reads and validates the files, with an eye on the identity that is served: [`Loader::read`].
pub type ReadFn = dyn Fn(&Source, Option<&Identity>) -> Result<Identity, Rejected> + Send + Sync;

/// Builds the configuration that serves an identity: [`Loader::build`].
pub type BuildFn<C> =
    dyn Fn(&Identity, Option<&Generation<C>>) -> Result<C, BuildError> + Send + Sync;

/// Why the TLS library does not take an identity, in its own words. It must not hold key bytes: it
/// is logged.
pub type BuildError = Box<dyn std::error::Error + Send + Sync>;

impl Default for Loader {
    fn default() -> Self {
        Self {
            read: Box::new(|source, _| identity::read(source)),
            build: Box::new(|identity, _| {
                let pair = SingleCertAndKey::from(identity.certified.clone());
                Ok(Arc::new(server_config().with_cert_resolver(Arc::new(pair))))
            }),
        }
    }
}

impl<C> fmt::Debug for Loader<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loader")
    }
}

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
        let _one_at_a_time = self.reloading.lock();
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
        let outcome = self.reload();
        match &outcome {
            // Logged where it was published.
            Reload::Loaded(_) => {}
            Reload::Unchanged => {
                let generation = self.current().number;
                tracing::info!(event = "reload_skipped", generation, why = "unchanged");
            }
            Reload::Rejected(rejected) => self.log_rejected(rejected),
        }
        outcome
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

impl<C> Loader<C> {
    /// The generation after `before`.
    fn generation(
        &self,
        source: &Source,
        identity: Identity,
        before: Option<&Generation<C>>,
    ) -> Result<Generation<C>, Rejected> {
        let config = (self.build)(&identity, before).map_err(|error| {
            identity::reject(Reason::Malformed, &source.files.certificate, &error)
        })?;
        Ok(Generation {
            number: before.map_or(1, |before| before.number + 1),
            identity,
            config,
        })
    }
}

// ANCHOR: serve
/// Accepts connections for ever, each under the generation that is current when it arrives.
pub async fn serve(listener: TcpListener, store: Arc<IdentityStore>) {
    loop {
        let tcp = accept(&listener).await;
        let generation = store.current();
        let acceptor = TlsAcceptor::from(generation.config.clone());
        tokio::spawn(async move {
            // The connection holds its generation: it is freed when its last connection ends.
            connection(tcp, acceptor, generation.number).await;
            drop(generation);
        });
    }
}
// ANCHOR_END: serve

// ANCHOR: triggers
/// Reloads at each trigger, until all senders are gone. A signal handler or an admin endpoint
/// holds a sender; this task does not care which.
pub async fn reload_on<C: Send + Sync + 'static>(
    store: Arc<IdentityStore<C>>,
    mut triggers: mpsc::Receiver<()>,
) {
    while triggers.recv().await.is_some() {
        let store = store.clone();
        let reload = tokio::task::spawn_blocking(move || store.reload_and_log());
        if let Err(panic) = reload.await {
            tracing::error!(event = "reload_panicked", why = %panic);
        }
    }
}

/// Turns each SIGHUP into a trigger. Returns once the handler is in place: until then, SIGHUP
/// would end the process.
///
/// # Errors
/// When the operating system refuses the handler.
pub fn on_hangup(triggers: mpsc::Sender<()>) -> io::Result<()> {
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() && triggers.send(()).await.is_ok() {}
    });
    Ok(())
}
// ANCHOR_END: triggers

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
