//! Hot reload: the identity's life is no longer the process's life.
//!
//! A [`Generation`] is one immutable snapshot of what the server serves. [`Live`] holds the
//! current one behind one atomic pointer. A reload builds the next generation beside it, checks
//! it, and swaps the pointer. Nothing that is being served is ever changed.

pub mod arguments;
pub mod identity;

use std::io;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use ch01_restart_baseline::{accept, connection, server_config};
use rustls::ServerConfig;
use rustls::pki_types::UnixTime;
use rustls::sign::SingleCertAndKey;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use identity::{Identity, Rejected, Source};

// ANCHOR: generation
/// One immutable snapshot: an identity, the configuration built from it, and a number.
#[derive(Debug)]
pub struct Generation {
    /// Counts up from 1. A higher number was published later.
    pub number: u64,
    /// The chain and key.
    pub identity: Identity,
    /// Everything rustls needs to serve under this generation, session state included.
    pub config: Arc<ServerConfig>,
}

/// The current generation, and the one way to replace it.
#[derive(Debug)]
pub struct Live {
    source: Source,
    current: ArcSwap<Generation>,
    // One reload at a time: a slow one must not overtake a later one and publish older files.
    reloading: Mutex<()>,
}
// ANCHOR_END: generation

/// What a reload did.
#[derive(Debug)]
pub enum Reload {
    /// This generation is now served.
    Loaded(Arc<Generation>),
    /// The files hold what is served already.
    Unchanged,
    /// The files are not fit to be served. The generation before goes on being served.
    Rejected(Rejected),
}

impl Live {
    /// Loads the first generation. There is nothing to fall back to yet, so what is wrong with the
    /// files is the caller's to report.
    ///
    /// # Errors
    /// When the files are not fit to be served.
    pub fn start(source: Source) -> Result<Arc<Self>, Rejected> {
        Self::start_at(source, UnixTime::now())
    }

    /// As [`Live::start`], judged as of the time `now`.
    ///
    /// # Errors
    /// When the files are not fit to be served at that time.
    pub fn start_at(source: Source, now: UnixTime) -> Result<Arc<Self>, Rejected> {
        let first = Arc::new(Generation::new(1, identity::read_at(&source, now)?));
        log_loaded(&first);
        Ok(Arc::new(Self {
            source,
            current: ArcSwap::from(first),
            reloading: Mutex::new(()),
        }))
    }

    /// The generation that a new connection is to be served under.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Where the identity is read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Reloads as of now.
    pub fn reload(&self) -> Reload {
        self.reload_at(UnixTime::now())
    }

    // ANCHOR: reload
    /// Reads the files again. What is fit to be served at the time `now`, and new, is served from
    /// now on.
    ///
    /// Reads files, so call it where blocking is allowed.
    pub fn reload_at(&self, now: UnixTime) -> Reload {
        // The lock guards no data, only the order; a panic elsewhere does not spoil it.
        let _one_at_a_time = self.reloading.lock().unwrap_or_else(|e| e.into_inner());
        let identity = match identity::read_at(&self.source, now) {
            Ok(identity) => identity,
            Err(rejected) => return Reload::Rejected(rejected),
        };
        let before = self.current();
        if identity.facts.chain_sha256 == before.identity.facts.chain_sha256 {
            return Reload::Unchanged;
        }
        let next = Arc::new(Generation::new(before.number + 1, identity));
        self.current.store(next.clone());
        log_loaded(&next);
        Reload::Loaded(next)
    }
    // ANCHOR_END: reload

    /// Reloads, and logs what came of it.
    pub fn reload_and_log(&self) -> Reload {
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

impl Generation {
    fn new(number: u64, identity: Identity) -> Self {
        let pair = SingleCertAndKey::from(identity.certified.clone());
        let config = server_config().with_cert_resolver(Arc::new(pair));
        Self {
            number,
            identity,
            config: Arc::new(config),
        }
    }
}

// ANCHOR: serve
/// Accepts connections for ever, each under the generation that is current when it arrives.
pub async fn serve(listener: TcpListener, live: Arc<Live>) {
    loop {
        let tcp = accept(&listener).await;
        let generation = live.current();
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
pub async fn reload_on(live: Arc<Live>, mut triggers: mpsc::Receiver<()>) {
    while triggers.recv().await.is_some() {
        let live = live.clone();
        let reload = tokio::task::spawn_blocking(move || live.reload_and_log());
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

fn log_loaded(generation: &Generation) {
    let facts = &generation.identity.facts;
    tracing::info!(
        event = "identity_loaded",
        generation = generation.number,
        serial = facts.serial,
        not_after = facts.not_after,
        chain_sha256 = facts.chain_sha256,
    );
}
