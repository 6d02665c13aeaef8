//! The load: clients of each class, whose attempts begin when they are due and not when the server
//! has time for them.
//!
//! - [`target`]: the server as clients see it, and one request to it.
//! - [`issued_chains`]: which chains may be shown.
//! - [`probe`]: an attempt over a connection of its own (`full`, `resuming`, `mutual` and others).
//! - [`pool`], [`http2`], [`download`]: attempts over connections that are kept; `kept`: for how long.
//! - `upload`, `held`: long uploads, and conversations such as those over a `websocket`.
//! - `conversation`: one request after the other, whatever is spoken; [`dialogue`]: what is not HTTP.
//! - [`read_ahead`], `narrow`: so that a long answer that was cut is found in time.
//! - [`failure`]: a failed attempt, and whether the request was sent at all.
//!
//! This folder may use `attempt`, `server` (what is spoken, how long a download is) and chapter 11's
//! open loop. `testbed` and what stands on it use this folder.

mod conversation;
pub mod dialogue;
pub mod download;
pub mod failure;
mod held;
pub mod http2;
pub mod issued_chains;
mod kept;
pub(crate) mod narrow;
pub mod pool;
pub mod probe;
pub mod read_ahead;
pub mod target;
mod upload;
mod websocket;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use crate::attempt::finished;
use crate::attempt::{Class, Recorder};
use ch06_in_flight_requests::client::Version;
use lab::client::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::download::downloads;
use self::held::conversations;
use self::http2::requests_beside_streams;
use self::pool::requests_over_kept_connections;
use self::probe::{ProbeContext, new_connections, unauthenticated_connections};
use self::upload::uploads;

pub use self::issued_chains::{Added, Chains};
pub use self::target::Target;

/// Attempts a second of a class that [`Rates`] does not name.
const DEFAULT_RATE: f64 = 10.0;

/// How much load of which kind.
#[derive(Clone, Debug)]
pub struct Rates {
    /// Attempts a second of each class that opens connections or sends requests over them.
    pub per_second: HashMap<Class, f64>,
    /// How many downloads are in progress at once, and how many long HTTP/2 streams, uploads and
    /// conversations.
    pub downloads: usize,
    /// Connections that are kept for one request after the other.
    pub pool: usize,
}

impl Rates {
    fn of(&self, class: Class) -> f64 {
        self.per_second.get(&class).copied().unwrap_or(DEFAULT_RATE)
    }
}

/// Clients at work. They stop when told to, or when this is dropped.
pub struct Load {
    stop: watch::Sender<bool>,
    classes: JoinSet<()>,
}

impl Load {
    /// Sets the clients to work.
    ///
    /// # Errors
    /// When a client cannot be made: no usable trust anchor, say.
    pub fn start(
        target: &Target,
        recorder: &Arc<Recorder>,
        classes: &[Class],
        rates: &Rates,
    ) -> io::Result<Self> {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for class in classes.iter().copied() {
            let context = ProbeContext {
                class,
                target: target.clone(),
                recorder: recorder.clone(),
                stop: stopping.clone(),
            };
            spawn(&mut tasks, context, rates)?;
        }
        Ok(Self {
            stop,
            classes: tasks,
        })
    }

    /// Tells the clients to stop, and waits until they have: none is cut off.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.classes.join_next().await {
            finished(ended);
        }
    }
}

/// Sets the clients of one class to work.
fn spawn(tasks: &mut JoinSet<()>, context: ProbeContext, rates: &Rates) -> io::Result<()> {
    let class = context.class;
    let rate = rates.of(class);
    let identity = context.target.identity.clone();
    let client = |version, resume| context.target.client(version, resume, identity.as_deref());
    match class {
        Class::Full | Class::Resuming => {
            let client = client(None, class == Class::Resuming)?;
            tasks.spawn(new_connections(context, client, rate));
        }
        Class::Tls12 => {
            let client = context.target.tls12_client()?;
            tasks.spawn(new_connections(context, client, rate));
        }
        Class::Nameless => {
            let client = context.target.nameless_client()?;
            tasks.spawn(new_connections(context, client, rate));
        }
        Class::Sibling => {
            let error = "the server has no other name";
            let target = context.target.sibling();
            let target = target.ok_or_else(|| io::Error::other(error))?;
            let client = target.client(None, false, identity.as_deref())?;
            tasks.spawn(new_connections(
                ProbeContext { target, ..context },
                client,
                rate,
            ));
        }
        Class::Mutual => {
            let unauthenticated = context.target.client(None, false, None)?;
            tasks.spawn(unauthenticated_connections(context, unauthenticated, rate));
        }
        Class::Pooled => {
            let client = client(Some(Version::Http1), false)?;
            let size = rates.pool;
            tasks.spawn(requests_over_kept_connections(context, client, rate, size));
        }
        Class::Http2 => {
            let client = client(Some(Version::Http2), false)?;
            let streams = rates.downloads.max(1);
            tasks.spawn(requests_beside_streams(context, client, rate, streams));
        }
        Class::Download | Class::Upload | Class::Held => {
            for _ in 0..rates.downloads {
                let client = client(Some(Version::Http1), false)?;
                spawn_long(tasks, context.clone(), client);
            }
        }
    }
    Ok(())
}

/// Sets one client to work whose attempts last.
fn spawn_long(tasks: &mut JoinSet<()>, context: ProbeContext, client: Client) {
    match context.class {
        Class::Upload => {
            let path = context.target.upload.clone().unwrap_or_default();
            tasks.spawn(uploads(context, client, path));
        }
        Class::Held => drop(tasks.spawn(conversations(context, client))),
        _ => drop(tasks.spawn(downloads(context, client))),
    }
}
