//! `ca`, `issue` and `rotate` on the command line. Without any of them, the demo of chapter 9: each
//! tool's write, step by step, before a server. With `sabotage`, what goes wrong with a write; with
//! `schedule`, when an agent renews; with `load`, what a fleet asks of its authority; with `steps`, what
//! the agent, the server and two clients see of one rotation.

mod calendar;
mod demo;
mod load;
mod steps;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use ch01_restart_baseline::log_form::LogForm;
use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::arguments::Serve;
use ch03_handshake_hook::watch::Follow;
use ch03_handshake_hook::{CertResolver, hooked_config, serve};
use ch05_race_conditions::{Options, Reader};
use ch09_simulating_rotation::ca::{Ca, Issue};
use ch09_simulating_rotation::rotate::Rotate;
use clap::{Parser, Subcommand};
use tracing::Level;

/// Chapter 9: simulate rotation. Without a command, runs the demo.
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
    Ca(Ca),
    Issue(Issue),
    Rotate(Box<Rotate>),
    /// Let a server meet each kind of sabotage, and then the repaired files.
    Sabotage,
    /// Show when an agent renews, in virtual time.
    Schedule,
    /// Show the load that a fleet puts on its authority, by lifetime, spread and way of trying again.
    Load,
    /// Show one rotation by each tool, as the agent, the server and two clients see it.
    Steps,
    /// Serve, and follow the files.
    Serve(Careful),
}

/// Chapter 5's server.
#[derive(clap::Args)]
struct Careful {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    follow: Follow,
    /// How long a chain or a set of trust anchors that became shorter must stay as it is before it is
    /// believed, in milliseconds.
    #[arg(long, default_value_t = 10_000)]
    settle_ms: u64,
    /// Never look at the files again. A test that passes with this option tests nothing.
    #[arg(long)]
    frozen: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.log.choose();
    let shown = match (&arguments.role, arguments.all) {
        (Some(Role::Serve(_)), _) | (_, true) => Level::DEBUG,
        _ => Level::INFO,
    };
    exit(run(arguments.role, shown).await)
}

async fn run(role: Option<Role>, shown: Level) -> io::Result<()> {
    // These two print the table from which a picture is drawn, rather than a log.
    if !matches!(role, Some(Role::Load | Role::Steps)) {
        lab::emit::to_stderr(shown)?;
    }
    match role {
        Some(Role::Ca(ca)) => Ok(ca.run()?),
        Some(Role::Issue(issue)) => Ok(issue.run()?),
        Some(Role::Rotate(rotate)) => Ok(rotate.run().await?),
        Some(Role::Serve(careful)) => server(careful).await,
        Some(Role::Schedule) => calendar::show(),
        Some(Role::Sabotage) => until_told(demo::sabotage()).await,
        Some(Role::Load) => {
            load::show();
            Ok(())
        }
        Some(Role::Steps) => until_told(steps::show()).await,
        None => until_told(demo::writers()).await,
    }
}

async fn server(arguments: Careful) -> io::Result<()> {
    let reader = Reader::new(Options {
        settle: Duration::from_millis(arguments.settle_ms),
        ..Options::default()
    });
    let source = arguments.serve.source()?;
    let store = IdentityStore::start_by(reader.loader(), source)?;
    let config = hooked_config(CertResolver(store.clone()));
    if !arguments.frozen {
        arguments.follow.start(store)?;
    }
    serve(listen(arguments.serve.address()).await?, config).await;
    Ok(())
}
