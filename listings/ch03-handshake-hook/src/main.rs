//! The demo of chapter 3: five rotations under load, seen by nobody but the watcher.
//!
//! With `serve` it is the server that the demo starts.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::program::{Role, Shown, start_server};
use ch03_handshake_hook::naive::StatInHandshake;
use ch03_handshake_hook::watch::Follow;
use ch03_handshake_hook::{CertResolver, hooked_config, serve};
use clap::ValueEnum;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Failure, Options, Seen};
use lab::log::want;
use lab::println;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::Level;

#[derive(clap::Args)]
struct Server {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    follow: Follow,
    /// The hook that chooses the certificate in each handshake.
    #[arg(long, value_enum, default_value = "hot")]
    hook: Kind,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The current generation, which the watcher keeps up to date.
    Hot,
    /// The naive way: look at the files in each handshake (`stat`).
    Stat,
    /// The first generation, forever. A test that passes with it tests nothing.
    Frozen,
}

#[tokio::main]
async fn main() -> ExitCode {
    let about =
        "Chapter 3: the handshake asks for the certificate. Without a command, runs the demo";
    exit(match Role::parse(about, "Serve, and follow the files") {
        Role::Serve(arguments) => server(arguments).await,
        Role::Demo(shown) => until_told(demo(shown)).await,
    })
}

async fn server(arguments: Server) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    let store = IdentityStore::start(arguments.serve.source()?)?;
    let config = match arguments.hook {
        Kind::Stat => hooked_config(StatInHandshake::new(store.source().files.clone())?),
        Kind::Hot | Kind::Frozen => hooked_config(CertResolver(store.clone())),
    };
    if matches!(arguments.hook, Kind::Hot) {
        arguments.follow.start(store)?;
    }
    serve(listen(arguments.serve.address()).await?, config).await;
    Ok(())
}

const MIB: u32 = 1 << 20;
const ROTATIONS: u32 = 5;
/// Clients who connect again and again, all at once.
const CLIENTS: u32 = 4;
/// Handshakes of each client while one rotation happens.
const HANDSHAKES: u32 = 10;

async fn demo(shown: Shown) -> io::Result<()> {
    lab::emit::to_stderr(shown.level())?;
    let directory = lab::directory()?;
    let mut agent = Agent::started(directory.path(), Strategy::Bundle)?;
    let client = Client::new(agent.root_pem(), "localhost", Options::default())?;
    let resuming = Options {
        resume: true,
        ..Options::default()
    };
    let returning = Client::new(agent.root_pem(), "localhost", resuming)?;
    let (server, address) = start_server(Serve::command_line(&agent.files())).await?;

    let whole = u64::from(ROTATIONS * MIB);
    tracing::info!(event = "download_started", of = whole);
    let mut download = client.connect(address).await?;
    let (mut handshakes, mut failed) = (0, 0);
    for rotation in 1..=ROTATIONS {
        if rotation == ROTATIONS {
            returning.probe(address).await?.log();
        }
        let (load, half) = start_load(&client, address);

        // The files change while the clients are at work.
        half.notified().await;
        agent.rotate()?;
        let loaded = want("identity_loaded").with("generation", rotation + 1);
        server.log().wait_for(&loaded, BOUND).await;
        download.pull(MIB).await?;

        for outcome in load.join_all().await {
            handshakes += 1;
            if let Err(failure) = outcome {
                tracing::warn!(event = "probe_failed", why = %failure);
                failed += 1;
            }
        }
        client.probe(address).await?.log();
    }
    returning.probe(address).await?.log();

    let (bytes, sha256) = (download.received(), download.sha256());
    download.close().await;
    tracing::info!(event = "download_finished", bytes, sha256);
    println!("{ROTATIONS} rotations under load: {handshakes} handshakes, {failed} failed");
    Ok(())
}

/// Starts the clients. Tells when half of their handshakes are done.
fn start_load(
    client: &Client,
    server: SocketAddr,
) -> (JoinSet<Result<Seen, Failure>>, Arc<Notify>) {
    let (mut load, half) = (JoinSet::new(), Arc::new(Notify::new()));
    let done = Arc::new(AtomicU32::new(0));
    let turns = Arc::new(tokio::sync::Semaphore::new(CLIENTS as usize));
    for _ in 0..CLIENTS * HANDSHAKES {
        let (client, half, done, turns) =
            (client.clone(), half.clone(), done.clone(), turns.clone());
        load.spawn(async move {
            let _turn = turns.acquire().await;
            let seen = client.probe(server).await;
            if done.fetch_add(1, Ordering::Relaxed) + 1 == CLIENTS * HANDSHAKES / 2 {
                half.notify_one();
            }
            seen
        });
    }
    (load, half)
}
