//! What all test beds of a run share.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lab::agent::Files;
use tempfile::TempDir;

use crate::error::Error;
use crate::server::origin::{Origin, write_files};
use crate::server::placeholders::Placeholders;
use crate::server::spec::{Keys, Spec};
use crate::testbed::keep::Keeper;

/// What all test beds of a run share: the description of the server, how long its clients wait,
/// something to stand behind a proxy, and files to serve. A test bed is set up from it.
#[derive(Clone)]
pub struct SharedFixtures {
    spec: Arc<Spec>,
    patience: Duration,
    second_root: bool,
    keep: Option<Keeper>,
    origin: Arc<Origin>,
    www: Option<Arc<TempDir>>,
}

impl SharedFixtures {
    /// Makes what this server needs. Its clients wait for anything for as long as `patience`.
    ///
    /// # Errors
    /// When there is no port, or the disk is full.
    pub async fn new(spec: &Spec, patience: Duration) -> Result<Self, Error> {
        let www = match spec.mentions("{www}") {
            true => {
                let www = lab::open_directory()?;
                write_files(www.path())?;
                Some(Arc::new(www))
            }
            false => None,
        };
        Ok(Self {
            spec: Arc::new(spec.clone()),
            patience,
            second_root: false,
            keep: None,
            origin: Arc::new(Origin::start().await?),
            www,
        })
    }

    /// The same, for clients that wait for as long as this.
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// The same, where clients and server trust a second root from the start, which has issued nothing.
    pub fn with_second_root(&self) -> Self {
        Self {
            second_root: true,
            ..self.clone()
        }
    }

    /// The same, for a server whose key is of this kind.
    pub(super) fn with_keys(&self, keys: Keys) -> Self {
        let mut spec = Spec::clone(&self.spec);
        spec.keys = keys;
        Self {
            spec: Arc::new(spec),
            ..self.clone()
        }
    }

    /// The same, where what fails is kept by this.
    pub fn with_keeper(&self, keep: Option<Keeper>) -> Self {
        Self {
            keep,
            ..self.clone()
        }
    }

    /// The same, for test beds that are kept or not by themselves.
    pub(crate) fn apart(&self) -> Self {
        self.with_keeper(self.keep.as_ref().map(Keeper::apart))
    }

    /// What keeps a test bed in which something fails.
    pub(crate) fn keeper(&self) -> Option<&Keeper> {
        self.keep.as_ref()
    }

    /// Whether there is a second root.
    pub(super) fn has_second_root(&self) -> bool {
        self.second_root
    }

    /// The description of the server.
    pub fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    /// How long a client waits for anything.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// How long the server may take to show what was written.
    pub fn reload_within(&self) -> Duration {
        Duration::from_millis(self.spec.limits.reload_within_ms)
    }

    /// The words of the description, for a server that reads these files in this folder: those that are
    /// rotated, and those of the second kind of key.
    pub(super) fn words(&self, folder: &Path, files: [&Files; 2]) -> io::Result<Placeholders> {
        let www = self.www.as_ref().map_or(folder, |www| www.path());
        Placeholders::new(&self.spec, folder, www, files, self.origin.port())
    }
}
