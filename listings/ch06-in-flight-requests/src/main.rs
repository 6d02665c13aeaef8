//! The demo of chapter 6: three connections outlive their certificate, and are then drained.
//!
//! With `serve` it is the server that the demo starts.

mod demo;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::program::{Role, Shown};
use ch03_handshake_hook::watch::Follow;
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::descriptors::make_room;
use ch06_in_flight_requests::session::LIFE;
use ch06_in_flight_requests::tickets::{Sessions, Tickets, discard_on_signal};
use ch06_in_flight_requests::{Retirement, Server, part};
use tracing::Level;

#[derive(clap::Args)]
struct Retire {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    follow: Follow,
    /// How long a connection may live before it is asked to close, in milliseconds.
    #[arg(long, default_value_t = 3_600_000)]
    max_age_ms: u64,
    /// The share of that age, from 0 to 1, over which these requests are spread: they come earlier by
    /// a random part of it.
    #[arg(long, default_value_t = 0.1, value_parser = part)]
    jitter: f64,
    /// How many generations a connection may be older than the current one.
    #[arg(long, default_value_t = 1)]
    lag: u64,
    /// The time over which the connections of a retired generation are asked to close, in milliseconds.
    /// In 30,000, 4,096 clients come back at 137 a second, each with a full handshake.
    #[arg(long, default_value_t = 30_000)]
    spread_ms: u64,
    /// How long a connection may stay open after it was asked to close, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    grace_ms: u64,
    /// What a rotation does to the sessions of returning clients.
    #[arg(long, value_enum, default_value = "keep-unless-trust-changed")]
    tickets: Tickets,
    /// How long a session may be resumed, in milliseconds. It never outlives its certificate.
    #[arg(long, default_value_t = LIFE.as_millis() as u64)]
    session_life_ms: u64,
    /// Do not follow the files. A test that passes with this option tests nothing.
    #[arg(long)]
    frozen: bool,
    /// How many files, and therefore connections, may be open at once.
    #[arg(long, default_value_t = 4096)]
    open_files: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let about = "Chapter 6: connections that are older than the certificate. Without a command, runs the demo";
    let serves =
        "Serve HTTP/1.1, HTTP/2 and the lab's protocol, follow the files, and retire connections";
    exit(match Role::<Shown, Retire>::parse(about, serves) {
        Role::Serve(retire) => server(retire).await,
        Role::Demo(shown) => until_told(demo::run(shown.level())).await,
    })
}

async fn server(arguments: Retire) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    make_room(arguments.open_files)?;
    let sessions = Sessions::new(arguments.tickets, 4096);
    let loader = sessions.clone().loader(Reader::new(Care::default()));
    let store = IdentityStore::start_by(loader, arguments.serve.source()?)?;
    discard_on_signal(sessions, store.clone(), || ())?;
    let server = Server::new(
        store.clone(),
        Retirement {
            max_age: Duration::from_millis(arguments.max_age_ms),
            jitter: arguments.jitter,
            lag: arguments.lag,
            spread: Duration::from_millis(arguments.spread_ms),
            grace: Duration::from_millis(arguments.grace_ms),
            session_life: Duration::from_millis(arguments.session_life_ms),
        },
    );
    if !arguments.frozen {
        arguments.follow.start(store)?;
    }
    server.serve(listen(arguments.serve.address()).await?).await;
    Ok(())
}
