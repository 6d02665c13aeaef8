//! The demo of chapter 1: one rotation by restart, and its three harms.
//!
//! With `serve` it is the server that the demo starts and stops.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use ch01_restart_baseline::log_form::LogForm;
use ch01_restart_baseline::stampede::{Fleet, renew_by_restart};
use ch01_restart_baseline::supervisor::{Once, Supervisor};
use ch01_restart_baseline::{exit, until_told};
use clap::{Parser, Subcommand};
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Connection, Failure, Options};
use lab::println;
use tracing::Level;

/// Chapter 1: rotate by restart. Without a command, runs the demo.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    log: LogForm,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Serve one certificate until stopped.
    Serve(Once),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.log.choose();
    exit(match arguments.role {
        Some(Role::Serve(once)) => once.serve().await,
        None => match until_told(demo()).await {
            // Virtual time needs a runtime of its own.
            Ok(()) => tokio::task::spawn_blocking(stampede)
                .await
                .map_err(Into::into),
            failed => failed,
        },
    })
}

const MIB: u32 = 1 << 20;
/// The download takes eight requests of 1 MiB; the restart comes after three.
const WHOLE: u64 = 8 * MIB as u64;
/// Callers who come while there is no server. The gap is held open until all have been refused,
/// so that the count is the same in each run.
const CALLERS: u32 = 10;

async fn demo() -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    let directory = lab::directory()?;
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach)?;
    let client = Client::new(agent.root_pem(), "localhost", Options::default())?;
    let mut supervisor = Supervisor::new(std::env::current_exe()?, agent.files())?;
    supervisor.start().await?;

    tracing::info!(event = "download_started", of = WHOLE);
    let mut download = connect(&client, &supervisor).await?;
    supervisor.saw("connection_opened", 1).await;
    for _ in 0..3 {
        download.pull(MIB).await?;
    }

    // The new certificate is on disk. The server does not know.
    agent.rotate()?;
    look(&client, &supervisor, 2).await?;

    let callers = refused_callers(&client, supervisor.address());
    let gap = supervisor.restart(callers).await?;
    let gap_ms = gap.length.as_secs_f64() * 1000.0;
    tracing::info!(event = "gap_closed", refused = gap.seen, gap_ms);

    let severed_at = match download.pull(MIB).await {
        Err(Failure::Severed { at, error }) => {
            tracing::info!(event = "download_severed", bytes = at, of = WHOLE, why = %error.kind());
            at
        }
        other => return Err(io::Error::other(format!("not severed: {other:?}"))),
    };
    look(&client, &supervisor, 1).await?;

    // Whoever wanted the file begins again.
    tracing::info!(event = "download_started", of = WHOLE);
    let mut again = connect(&client, &supervisor).await?;
    supervisor.saw("connection_opened", 2).await;
    while again.received() < WHOLE {
        again.pull(MIB).await?;
    }
    let (bytes, sha256) = (again.received(), again.sha256());
    again.close().await;
    supervisor.saw("connection_closed", 2).await;
    tracing::info!(event = "download_finished", bytes, sha256);

    supervisor.stop().await?;
    println!(
        "one rotation: a download severed after {severed_at} bytes, {} clients refused, \
         {} bytes sent for a file of {WHOLE}",
        gap.seen,
        severed_at + bytes,
    );
    Ok(())
}

async fn refused_callers(client: &Client, server: SocketAddr) -> u32 {
    let mut refused = 0;
    for _ in 0..CALLERS {
        if let Err(Failure::Refused) = client.connect(server).await {
            tracing::info!(event = "connect_refused");
            refused += 1;
        }
    }
    refused
}

async fn connect(client: &Client, supervisor: &Supervisor) -> io::Result<Connection> {
    Ok(client.connect(supervisor.address()).await?)
}

/// Asks a fresh client which certificate it is shown. The server knows it as `connection`.
async fn look(client: &Client, supervisor: &Supervisor, connection: u64) -> io::Result<()> {
    let seen = client.probe(supervisor.address()).await?;
    supervisor.saw("connection_closed", connection).await;
    seen.log();
    Ok(())
}

fn stampede() {
    let fleet = Fleet::default();
    let alone = renew_by_restart(Fleet { nodes: 1, ..fleet });
    let together = renew_by_restart(fleet);
    println!("a fleet in virtual time, each node renewing 16 h after issue:");
    for (nodes, toll) in [(1, alone), (fleet.nodes, together)] {
        let fleet = format!("{nodes} node{}:", if nodes == 1 { "" } else { "s" });
        println!(
            "  {fleet:>10} most down at once {:>3}, most waiting upstream {:>2}, \
             longest down {} seconds, all down {} seconds",
            toll.most_down,
            toll.most_waiting,
            toll.longest_down.as_secs(),
            toll.all_down.as_secs(),
        );
    }
}
