//! How it naturally goes wrong. Each of these works until trust changes.

use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::server_config;
use ch02_hot_reload::Loader;
use ch02_hot_reload::identity::Identity;
use ch05_race_conditions::{Options, Reader};
use ch06_in_flight_requests::tickets::Sessions;
use parking_lot::Mutex;
use rustls::pki_types::CertificateDer;
use rustls::sign::SingleCertAndKey;

use crate::mutual;

/// Chapter 5's reader: files are read with care here, too. Only what shrank is believed at once.
fn at_once() -> Reader {
    Reader::new(Options {
        settle: Duration::ZERO,
        ..Options::default()
    })
}

/// Believes the file: what it does not list is gone at once, whatever depends on it. Sessions live
/// on by the policy that is given.
pub fn believes_the_file(sessions: Sessions) -> Loader {
    Loader {
        read: at_once().read_fn(),
        build: Box::new(move |identity, before| {
            let config = mutual::server_config(identity)?;
            Ok(Arc::new(sessions.carry_over(config, identity, before)))
        }),
    }
}

// ANCHOR: defaults
/// The first configuration is built with care. The one after a reload is built where only the
/// pair was thought of, from the library's defaults, which ask clients for nothing.
pub fn reloads_from_defaults() -> Loader {
    Loader {
        read: at_once().read_fn(),
        build: Box::new(|identity, before| match before {
            None => Ok(Arc::new(mutual::server_config(identity)?)),
            Some(_) => {
                let pair = SingleCertAndKey::from(identity.certified.clone());
                Ok(Arc::new(server_config().with_cert_resolver(Arc::new(pair))))
            }
        }),
    }
}
// ANCHOR_END: defaults

// ANCHOR: read_once
/// The pair is reloaded, and the roots are those of the start forever.
pub fn reads_roots_once() -> Loader {
    let reader = at_once();
    Loader {
        read: Box::new(move |source, serving| {
            let identity = reader.read(source, None)?;
            Ok(with_the_roots_of(serving, identity))
        }),
        build: Box::new(|identity, _| Ok(Arc::new(mutual::server_config(identity)?))),
    }
}

fn with_the_roots_of(serving: Option<&Identity>, identity: Identity) -> Identity {
    match serving {
        Some(serving) => identity.with_anchors_for_peers(serving.anchors_for_peers().to_vec()),
        None => identity,
    }
}
// ANCHOR_END: read_once

// ANCHOR: apart
/// The pair behind one pointer, the roots behind another.
pub struct Apart {
    pair: Mutex<Identity>,
    roots: Mutex<Vec<CertificateDer<'static>>>,
}

impl Apart {
    /// Publishes first the one, then the other. A test looks in `between`.
    pub fn publish(&self, next: Identity, between: impl FnOnce()) {
        let roots = next.anchors.clone();
        *self.pair.lock() = next;
        between();
        *self.roots.lock() = roots;
    }

    /// What the next connection is served under.
    pub fn parts(&self) -> (Identity, Vec<CertificateDer<'static>>) {
        (self.pair.lock().clone(), self.roots.lock().clone())
    }
}
// ANCHOR_END: apart

impl Apart {
    /// Begins with this identity and its roots.
    pub fn new(identity: Identity) -> Self {
        Self {
            roots: Mutex::new(identity.anchors.clone()),
            pair: Mutex::new(identity),
        }
    }
}
