//! The demo of chapter 8: a root is rotated under load, and nobody is turned away. With
//! `wrong-order`, the same in three ways that turn somebody away.
//!
//! With `serve` it is the server that the demo starts.

mod demo;
mod load;
mod parties;
mod wrong_order;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::log_form::LogForm;
use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::identity::{Identity, Source};
use ch03_handshake_hook::watch::Follow;
use ch05_race_conditions::{Options, Reader};
use ch06_in_flight_requests::session::LIFE;
use ch06_in_flight_requests::tickets::{Sessions, Tickets, discard_on_signal};
use ch06_in_flight_requests::{self as in_flight, Retirement};
use ch08_trust_rotation::roots::Roots;
use ch08_trust_rotation::server::Server;
use ch08_trust_rotation::wrong;
use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;

/// Chapter 8: trust rotates, too. Without a command, runs the demo.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    log: LogForm,
    /// Also log each connection.
    #[arg(long)]
    all: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Rotate a root in three wrong ways, each of which turns clients away.
    WrongOrder,
    /// Serve HTTP to clients with a certificate, follow the files, and hold removed roots while they are needed.
    Serve(Box<Mutual>),
}

#[derive(clap::Args)]
struct Mutual {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    follow: Follow,
    /// The roots by which clients are accepted, in PEM [default: those of --roots, and then every leaf
    /// under an authority of this server's own chain is accepted, too].
    #[arg(long)]
    client_roots: Option<PathBuf>,
    /// How long a file that lists fewer roots must stay as it is before it is believed, in milliseconds.
    #[arg(long, default_value_t = 10_000)]
    settle_ms: u64,
    /// How long a connection may live before it is asked to close, in milliseconds.
    #[arg(long, default_value_t = 3_600_000)]
    max_age_ms: u64,
    /// The share of that age, from 0 to 1, over which these requests are spread: they come earlier by
    /// a random part of it.
    #[arg(long, default_value_t = 0.1, value_parser = in_flight::part)]
    jitter: f64,
    /// The time over which the connections that depend on a draining root are asked to close, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    spread_ms: u64,
    /// How long a connection may stay open after it was asked to close, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    grace_ms: u64,
    /// How long no client must have used a root before it is removed, in milliseconds.
    #[arg(long, default_value_t = 3_600_000)]
    quiet_ms: u64,
    /// How long a session may be resumed, in milliseconds. It outlives neither certificate of its connection.
    #[arg(long, default_value_t = LIFE.as_millis() as u64)]
    session_life_ms: u64,
    /// What happens to roots that the file no longer lists: the right way, or one of two wrong ways.
    #[arg(long, value_enum, default_value = "held")]
    trust: Handling,
    /// Do not follow the files. A test that passes with this option tests nothing.
    #[arg(long)]
    frozen: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Handling {
    /// They stay in force until no client depends on them.
    Held,
    /// They are gone at once.
    AsListed,
    /// They stay forever: the file is read only at the start.
    ReadOnce,
}

/// What a rotation does to sessions, and how many are remembered.
fn sessions() -> Sessions {
    Sessions::new(Tickets::KeepUnlessTrustChanged, 4096)
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.log.choose();
    let shown = if arguments.all {
        Level::DEBUG
    } else {
        Level::INFO
    };
    exit(match arguments.role {
        Some(Role::Serve(mutual)) => server(*mutual).await,
        Some(Role::WrongOrder) => wrong_order::run(shown).await,
        None => until_told(demo::run(shown)).await,
    })
}

async fn server(arguments: Mutual) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    let source = Source {
        peer_roots: arguments.client_roots.clone(),
        ..arguments.serve.source()?
    };
    let loader = match arguments.trust {
        Handling::Held => return held(arguments, source).await,
        Handling::AsListed => wrong::believes_the_file(sessions()),
        Handling::ReadOnce => wrong::reads_roots_once(),
    };
    let store = IdentityStore::start_by(loader, source)?;
    if !arguments.frozen {
        arguments.follow.start(store.clone())?;
    }
    let never = Duration::from_secs(24 * 3600);
    let retirement = Retirement {
        max_age: never,
        jitter: 0.0,
        lag: 1000,
        spread: Duration::ZERO,
        grace: never,
        session_life: LIFE,
    };
    let server = in_flight::Server::new(store, retirement);
    server.serve(listen(arguments.serve.address()).await?).await;
    Ok(())
}

// ANCHOR: held
/// Chapter 5 reads, this chapter holds the roots, chapter 6 keeps the sessions and says goodbye.
async fn held(arguments: Mutual, source: Source) -> io::Result<()> {
    let reader = Reader::new(Options {
        settle: Duration::from_millis(arguments.settle_ms),
        ..Options::default()
    });
    let quiet = Duration::from_millis(arguments.quiet_ms);
    let sessions = sessions();
    let roots = Roots::new(source.clone(), sessions.clone(), quiet);
    let read = move |source: &Source, last: Option<&Identity>| reader.read(source, last);
    let store = IdentityStore::start_by(roots.loader(Box::new(read)), source)?;
    tokio::spawn(roots.clone().drain_unlisted(store.clone()));
    if !arguments.frozen {
        arguments.follow.start(store.clone())?;
    }
    force_on_signal(roots.clone(), store.clone())?;
    let forgets = (roots.clone(), store.clone());
    let forget = move || forgets.0.forget_tickets(&forgets.1);
    discard_on_signal(sessions, store.clone(), forget)?;
    let server = Arc::new(Server {
        store,
        roots,
        max_age: Duration::from_millis(arguments.max_age_ms),
        jitter: arguments.jitter,
        spread: Duration::from_millis(arguments.spread_ms),
        grace: Duration::from_millis(arguments.grace_ms),
        session_life: Duration::from_millis(arguments.session_life_ms),
    });
    server.serve(listen(arguments.serve.address()).await?).await;
    Ok(())
}
// ANCHOR_END: held

/// Forces at each SIGUSR1. Returns once the handler is in place: until then, the signal would end
/// the process.
fn force_on_signal(roots: Arc<Roots>, store: Arc<IdentityStore>) -> io::Result<()> {
    let mut signals = signal(SignalKind::user_defined1())?;
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            let (roots, store) = (roots.clone(), store.clone());
            let forcing = tokio::task::spawn_blocking(move || roots.force_unlisted(&store));
            if let Err(panic) = forcing.await {
                tracing::error!(event = "reload_panicked", why = %panic);
            }
        }
    });
    Ok(())
}
