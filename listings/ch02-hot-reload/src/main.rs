//! The demo of chapter 2: one download crosses ten rotations.
//!
//! With `serve` it is the server that the demo starts.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::{IdentityStore, on_hangup, reload_on, serve};
use clap::{Parser, Subcommand};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::want;
use rustix::process::Signal;
use tokio::sync::mpsc;
use tracing::Level;

/// Chapter 2: rotate by hot reload.
#[derive(Parser)]
struct Arguments {
    /// Log each connection, too.
    #[arg(long)]
    all: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Serve, and reload at SIGHUP.
    Serve(Serve),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit(match arguments.role {
        Some(Role::Serve(arguments)) => server(arguments).await,
        None => until_told(demo(arguments.all)).await,
    })
}

async fn server(arguments: Serve) -> io::Result<()> {
    lab::event::to_stderr(Level::DEBUG)?;
    let store = IdentityStore::start(arguments.source()?).map_err(io::Error::other)?;
    let (trigger, triggers) = mpsc::channel(1);
    on_hangup(trigger)?;
    tokio::spawn(reload_on(store.clone(), triggers));
    serve(listen(arguments.address()).await?, store).await;
    Ok(())
}

const MIB: u32 = 1 << 20;
const ROTATIONS: u64 = 10;
/// As in chapter 1: eight requests' worth. Here the requests are spread over the rotations.
const WHOLE: u64 = 8 * MIB as u64;

async fn demo(all: bool) -> io::Result<()> {
    lab::event::to_stderr(if all { Level::DEBUG } else { Level::INFO })?;
    let directory = lab::directory()?;
    let mut agent = Agent::new(directory.path(), Strategy::RenameEach)?;
    let client = Client::new(agent.root_pem(), "localhost", Options::default())?;

    agent.rotate()?;
    let program = std::env::current_exe()?;
    let server = Child::spawn(&program, Serve::command_line(&agent.files()), |event| {
        lab::event::forward(event.clone());
    })?;
    let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));

    tracing::info!(event = "download_started", of = WHOLE);
    let mut download = client.connect(address).await.map_err(io::Error::other)?;
    let (mut held, mut refused) = (VecDeque::new(), 0);
    for rotation in 1..=ROTATIONS {
        download.pull(MIB / 2).await.map_err(io::Error::other)?;

        agent.rotate()?;
        server.signal(Signal::HUP)?;
        let loaded = want("identity_loaded").with("generation", rotation + 1);
        server.log().wait_for(&loaded, BOUND).await;

        // A new client is shown the new certificate, and stays for two more rotations.
        let mut connection = match client.connect(address).await {
            Ok(connection) => connection,
            Err(why) => {
                tracing::info!(event = "connect_refused", why = %why);
                refused += 1;
                continue;
            }
        };
        connection.pull(1).await.map_err(io::Error::other)?;
        let seen = connection.seen();
        tracing::info!(
            event = "handshake_seen",
            serial = seen.chain.serial,
            resumed = seen.resumed,
            tls = seen.tls
        );
        held.push_back(connection);
        if held.len() > 2
            && let Some(oldest) = held.pop_front()
        {
            oldest.close().await;
        }
    }
    while download.received() < WHOLE {
        download.pull(MIB / 2).await.map_err(io::Error::other)?;
    }
    let (bytes, sha256) = (download.received(), download.sha256());
    let right = sha256 == lab::client::expected_sha256(WHOLE);
    let began_with = download.seen().chain.serial.clone();
    download.close().await;
    tracing::info!(event = "download_finished", bytes, sha256);
    let gone = want("connection_closed").with("bytes", WHOLE);
    server.log().wait_for(&gone, BOUND).await;

    let log = server.log();
    let severed = log.all(&want("connection_closed").with("why", "cut")).len();
    let rotations = log.all(&want("identity_loaded")).len() - 1;
    println!("{rotations} rotations: {severed} connections severed, {refused} callers refused");
    println!(
        "the download began under serial {began_with} and ended under it; its checksum is {}",
        if right { "right" } else { "WRONG" }
    );
    Ok(())
}
