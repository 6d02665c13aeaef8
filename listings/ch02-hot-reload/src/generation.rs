//! A generation, and how files become one.

use std::fmt;
use std::sync::Arc;

use ch01_restart_baseline::server_config;
use rustls::ServerConfig;
use rustls::sign::SingleCertAndKey;

use crate::identity::{self, Identity, Reason, Rejected, Source};

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

impl<C> Loader<C> {
    /// The generation after `before`.
    pub(crate) fn generation(
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
