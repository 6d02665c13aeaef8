//! Clients that come back: whether a session that was begun under one generation can be resumed
//! under the next.

use std::io;
use std::sync::Arc;

use ch02_hot_reload::identity::Identity;
use ch02_hot_reload::{Generation, IdentityStore, Loader};
use ch05_race_conditions::{Reader, loses_anchor};
use clap::ValueEnum;
use rustls::ServerConfig;
use tokio::signal::unix::{SignalKind, signal};

use crate::keys::Keyring;

// ANCHOR: tickets
/// What a rotation does to the sessions that clients hold tickets for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tickets {
    /// They can be resumed, whatever changed, until their generation is retired. A server behaves like
    /// this if it never replaces its configuration, or shares its ticket keys with all others.
    Keep,
    /// They can be resumed as long as no trust anchor is removed. This is the choice to make.
    KeepUnlessTrustChanged,
    /// They cannot be resumed. Every returning client pays for a full handshake.
    Discard,
}

impl Tickets {
    fn keeps(self, before: &Identity, next: &Identity) -> bool {
        match self {
            Self::Keep => true,
            // One more anchor, or another order, takes nothing away from any client.
            Self::KeepUnlessTrustChanged => !loses_trust(before, next),
            Self::Discard => false,
        }
    }
}

/// Builds generations whose sessions live on by a [`Tickets`] policy, and which offer HTTP. Clones
/// share what [`Sessions::discard`] discards.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// The policy.
    pub tickets: Tickets,
    /// How many sessions are remembered for clients of TLS 1.2 that take no tickets.
    pub remembered: usize,
    keyring: Keyring,
}
// ANCHOR_END: tickets

/// Whether an anchor is gone by which clients were let in, or by which the own chain was judged.
fn loses_trust(before: &Identity, next: &Identity) -> bool {
    loses_anchor(&before.anchors, &next.anchors)
        || loses_anchor(before.anchors_for_peers(), next.anchors_for_peers())
}

impl Sessions {
    /// Sessions by this policy. So many are remembered for clients of TLS 1.2 that take no tickets.
    pub fn new(tickets: Tickets, remembered: usize) -> Self {
        Self {
            tickets,
            remembered,
            keyring: Keyring::default(),
        }
    }

    /// What `reader` reads, made into a generation in chapter 2's way, with what these sessions add
    /// to it.
    pub fn loader(self, reader: Reader) -> Loader {
        let plain = Loader::default();
        Loader {
            read: reader.read_fn(),
            build: Box::new(move |identity, before| {
                let config = Arc::unwrap_or_clone((plain.build)(identity, before)?);
                Ok(Arc::new(self.carry_over(config, identity, before)))
            }),
        }
    }

    // ANCHOR: carry_over
    /// Gives `config` the session state of the generation before, or new session state, by the
    /// policy. Without a generation before it is new, and after one without tickets.
    pub fn carry_over(
        &self,
        mut config: ServerConfig,
        identity: &Identity,
        before: Option<&Generation>,
    ) -> ServerConfig {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let keeps = |before: &&Generation| {
            before.config.ticketer.enabled() && self.tickets.keeps(&before.identity, identity)
        };
        match before.filter(keeps) {
            Some(before) => {
                config.ticketer = before.config.ticketer.clone();
                config.session_storage = before.config.session_storage.clone();
            }
            None => {
                let keys = self.keyring.make(self.remembered);
                config.ticketer = keys.clone();
                config.session_storage = keys;
            }
        }
        config
    }
    // ANCHOR_END: carry_over

    /// Discards every session, now: after a leak of keys, no ticket of before opens anything. The
    /// identity stays, and so do the connections that are open.
    pub fn discard(&self) {
        self.keyring.discard();
    }
}

/// Discards every session at each SIGUSR2, calls `then`, and says so. Returns once the handler is in
/// place: until then, the signal would end the process.
///
/// # Errors
/// When the operating system refuses the handler.
pub fn discard_on_signal<C: Send + Sync + 'static>(
    sessions: Sessions,
    store: Arc<IdentityStore<C>>,
    then: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let mut signals = signal(SignalKind::user_defined2())?;
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            sessions.discard();
            then();
            let generation = store.current().number;
            tracing::warn!(event = "tickets_discarded", generation);
        }
    });
    Ok(())
}
