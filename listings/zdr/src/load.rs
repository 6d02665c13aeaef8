//! The load: clients of each class, whose attempts begin when they are due and not when the server
//! has time for them.
//!
//! - [`target`]: the server as clients see it, and one request to it.
//! - [`issued_chains`]: which chains may be shown.
//! - [`probe`]: an attempt over a connection of its own (`full`, `resuming`, `mutual` and others).
//! - [`pool`], [`http2`], [`download`]: attempts over connections that are kept; `kept`: for how long.
//! - `quic`, `http3`, `multiplexed`: HTTP/3 beside HTTP/2; `moving`: clients that change their address.
//! - `verifier`: what a client accepts.
//! - `upload`, `held`: long uploads, and conversations such as those over a `websocket` or by `grpc`.
//! - `conversation`: one request after the other, whatever is spoken; [`dialogue`]: what is not HTTP.
//! - `equal`: clients that all offer the same; `idle`: connections that are kept and do nothing.
//! - [`read_ahead`], `narrow`: so that a long answer that was cut is found in time.
//! - [`usual`]: what a server answers whose pages nobody knows.
//! - `awake`: patience that counts only while this side runs.
//! - [`failure`]: a failed attempt, and whether the request was sent at all.
//!
//! This folder may use `attempt`, `server` (what is spoken, how long a download is) and chapter 11's
//! open loop. `testbed` and what stands on it use this folder.

mod awake;
pub(crate) mod conversation;
pub mod dialogue;
pub mod download;
pub(crate) mod equal;
pub mod failure;
mod grpc;
pub(crate) mod held;
pub mod http2;
mod http3;
pub(crate) mod idle;
pub mod issued_chains;
mod kept;
mod moving;
mod multiplexed;
pub(crate) mod narrow;
pub(crate) mod offering;
pub mod pool;
pub mod probe;
pub(crate) mod quic;
pub mod read_ahead;
pub(crate) mod silence;
pub(crate) mod staple;
pub mod target;
mod upload;
pub mod usual;
mod verifier;
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
use self::held::{conversations, pace, version};
use self::http2::requests_beside_streams;
use self::moving::moving;
use self::multiplexed::Caller;
use self::pool::requests_over_kept_connections;
use self::probe::{
    ProbeContext, new_connections, new_quic_connections, unauthenticated_connections,
};
use self::upload::uploads;

pub use self::issued_chains::{Added, Chains};
pub use self::quic::QuicClient;
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
    let rate = rates.of(context.class);
    let streams = rates.downloads.max(1);
    let identity = context.target.identity.clone();
    let client = |version| {
        context
            .target
            .client(Some(version), false, identity.as_deref())
    };
    match context.class {
        Class::Pooled => {
            let (client, size) = (client(Version::Http1)?, rates.pool);
            tasks.spawn(requests_over_kept_connections(context, client, rate, size));
        }
        Class::Http2 => {
            let caller = Caller::Http2(client(Version::Http2)?);
            tasks.spawn(requests_beside_streams(context, caller, rate, streams));
        }
        Class::Http3 => {
            let caller = Caller::Http3(Box::new(context.target.quic_client()?));
            tasks.spawn(requests_beside_streams(context, caller, rate, streams));
        }
        Class::Moving => {
            for _ in 0..rates.downloads {
                let client = context.target.quic_client()?;
                tasks.spawn(moving(context.clone(), client));
            }
        }
        Class::Download | Class::Upload => {
            for _ in 0..rates.downloads {
                spawn_long(tasks, context.clone(), client(Version::Http1)?);
            }
        }
        Class::Held | Class::Grpc => {
            let version = version(context.class);
            for number in 0..rates.downloads {
                let (pace, client) = (pace(number, &context.target), client(version)?);
                tasks.spawn(conversations(context.clone(), client, pace));
            }
        }
        _ => spawn_new(tasks, context, rate)?,
    }
    Ok(())
}

/// Sets the clients of one class to work whose attempts each open a connection.
fn spawn_new(tasks: &mut JoinSet<()>, mut context: ProbeContext, rate: f64) -> io::Result<()> {
    let class = context.class;
    let of = match class {
        Class::Sibling => context.target.sibling(),
        Class::Second => context.target.second(),
        _ => Some(context.target.clone()),
    };
    let error = || io::Error::other(format!("the server has nothing for the class {class}"));
    context.target = of.ok_or_else(error)?;
    let target = &context.target;
    let identity = target.identity.as_deref();
    let client = match class {
        Class::Quic => {
            let client = target.quic_client()?;
            tasks.spawn(new_quic_connections(context, client, rate));
            return Ok(());
        }
        Class::Mutual => {
            let clients = target.unauthenticated_clients()?;
            tasks.spawn(unauthenticated_connections(context, clients, rate));
            return Ok(());
        }
        Class::Tls12 => target.tls12_client(),
        Class::Nameless => target.nameless_client(),
        _ => target.client(None, class == Class::Resuming, identity),
    }?;
    tasks.spawn(new_connections(context, client, rate));
    Ok(())
}

/// Sets one client to work whose attempts last.
fn spawn_long(tasks: &mut JoinSet<()>, context: ProbeContext, client: Client) {
    match context.class {
        Class::Upload => {
            let path = context.target.upload.clone().unwrap_or_default();
            tasks.spawn(uploads(context, client, path));
        }
        _ => drop(tasks.spawn(downloads(context, client))),
    }
}
