//! Clients who come back: whether a session that was begun under one generation can be resumed
//! under the next.

use std::sync::Arc;

use ch02_hot_reload::identity::Identity;
use ch02_hot_reload::{Generation, Loader};
use ch05_race_conditions::Reader;
use clap::ValueEnum;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ServerSessionMemoryCache;

// ANCHOR: tickets
/// What a rotation does to the sessions that clients hold tickets for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tickets {
    /// They can be resumed, whatever changed. What a server does that never replaces its
    /// configuration, or shares its ticket keys with all others.
    Keep,
    /// They can be resumed as long as the trust anchors stay the same. The choice to make.
    KeepUnlessTrustChanged,
    /// They cannot. Every client that returns pays for a full handshake.
    Discard,
}

impl Tickets {
    fn keeps(self, before: &Identity, next: &Identity) -> bool {
        match self {
            Self::Keep => true,
            Self::KeepUnlessTrustChanged => before.anchors == next.anchors,
            Self::Discard => false,
        }
    }
}

/// Builds generations whose sessions live on by a [`Tickets`] policy, and which offer HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Sessions {
    /// The policy.
    pub tickets: Tickets,
    /// How many sessions are remembered for clients of TLS 1.2 that take no tickets.
    pub remembered: usize,
}

impl Sessions {
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

    /// Gives `config` the session state of the generation before, or new session state, by the
    /// policy. Without a generation before it is new.
    pub fn carry_over(
        self,
        mut config: ServerConfig,
        identity: &Identity,
        before: Option<&Generation>,
    ) -> ServerConfig {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        match before.filter(|before| self.tickets.keeps(&before.identity, identity)) {
            Some(before) => {
                config.ticketer = before.config.ticketer.clone();
                config.session_storage = before.config.session_storage.clone();
            }
            None => {
                // Without keys there are no tickets: clients do full handshakes, and none fails.
                match Ticketer::new() {
                    Ok(ticketer) => config.ticketer = ticketer,
                    Err(error) => tracing::warn!(event = "tickets_unavailable", why = %error),
                }
                config.session_storage = ServerSessionMemoryCache::new(self.remembered);
            }
        }
        config
    }
}
// ANCHOR_END: tickets
