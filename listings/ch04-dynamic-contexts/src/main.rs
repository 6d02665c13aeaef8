//! The demo of chapter 4: an mTLS client rotates four times, and finds a torn pair each time.
//!
//! With `call` it is that client, with `serve` a server that rotates in the same way.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use ch01_restart_baseline::log_form::LogForm;
use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::identity::Source;
use ch02_hot_reload::program::{Shown, start};
use ch03_handshake_hook::watch::Follow;
use ch04_dynamic_contexts::call::{Calls, call};
use ch04_dynamic_contexts::{Caller, hooked_context, serve, start_client, start_server};
use clap::{Parser, Subcommand, ValueEnum};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::log::{Log, want};
use lab::mutual;
use lab::println;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tracing::Level;

/// Chapter 4: whole contexts, swapped. Without a command, runs the demo.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    log: LogForm,
    #[command(flatten)]
    shown: Shown,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Serve, and follow the files.
    Serve(Program),
    /// Call a server, and follow the files.
    Call {
        #[command(flatten)]
        program: Program,
        #[command(flatten)]
        calls: Calls,
    },
}

#[derive(clap::Args)]
struct Program {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    follow: Follow,
    /// The context that a new connection gets.
    #[arg(long, value_enum, default_value = "hot")]
    hook: Kind,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    /// That of the current generation, which the watcher keeps up to date.
    Hot,
    /// That of the first generation, forever. A test that passes with it tests nothing.
    Frozen,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.log.choose();
    exit(match arguments.role {
        Some(Role::Serve(program)) => server(program).await,
        Some(Role::Call { program, calls }) => client(program, calls).await,
        None => until_told(demo(arguments.shown)).await,
    })
}

async fn server(program: Program) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    let store = start_server(program.serve.source()?)?;
    if program.hook == Kind::Hot {
        program.follow.start(store.clone())?;
    }
    let context = hooked_context(store)?;
    serve(listen(program.serve.address()).await?, context).await;
    Ok(())
}

async fn client(program: Program, calls: Calls) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    let store = start_client(Source {
        peer_roots: calls.server_roots.clone(),
        ..program.serve.source()?
    })?;
    if program.hook == Kind::Hot {
        program.follow.start(store.clone())?;
    }
    // The name that the server must have. clap leaves the list with its default at least.
    let name = program.serve.names[0].clone();
    call(&Caller { store, name }, &calls).await
}

const ROTATIONS: u64 = 4;

async fn demo(shown: Shown) -> io::Result<()> {
    lab::emit::to_stderr(shown.level())?;
    let directory = lab::directory()?;
    let mut agent = Agent::new(directory.path(), Strategy::CertificateFirst)?;

    // One authority for both ends: the server's identity is its own, and stays.
    let servers = agent.issue()?;
    let server = mutual::Server::start(&servers, agent.root_pem()).await?;

    let first = agent.rotate()?;
    let mut arguments: Vec<OsString> = Serve::command_line(&agent.files()).into();
    arguments[0] = "call".into();
    arguments.extend(["--server".into(), server.address().to_string().into()]);
    arguments.extend(["--until".into(), (ROTATIONS + 1).to_string().into()]);
    let client = start(arguments)?;
    let (told, seen) = (client.log().clone(), server.log());
    let shows = async |serial: &str| {
        let client_seen = want("client_seen").with("serial", serial);
        lab::emit::forward(seen.wait_for(&client_seen, BOUND).await);
    };
    shows(&first.facts.serial).await;

    for rotation in 1..=ROTATIONS {
        let next = agent.issue()?;
        tracing::info!(
            event = "rotation_started",
            serial = next.facts.serial,
            strategy = Strategy::CertificateFirst.name()
        );
        block_in_place(|| {
            agent.write_stepwise(&next, |step| {
                // The agent is slow with the key: until it comes, the pair is torn.
                if step == "certificate renamed" {
                    let torn = want("identity_rejected").with("generation", rotation);
                    Handle::current().block_on(async {
                        told.wait_for(&torn, BOUND).await;
                        whole_call(&told).await;
                    });
                    let last = seen.all(&want("client_seen")).pop();
                    last.into_iter().for_each(lab::emit::forward);
                }
            })
        })?;
        let loaded = want("identity_loaded").with("generation", rotation + 1);
        told.wait_for(&loaded, BOUND).await;
        shows(&next.facts.serial).await;
    }
    client.wait(BOUND).await?;
    summary(seen, &told);
    Ok(())
}

fn summary(seen: &Log, told: &Log) {
    let refused = seen.all(&want("handshake_failed")).len();
    let failed = told.all(&want("probe_failed")).len();
    let cut = told
        .all(&want("connection_closed").with("why", "cut"))
        .len();
    println!(
        "{ROTATIONS} rotations: {failed} calls failed, {refused} refused by the server, {cut} connections cut"
    );
}

/// Waits for a call that begins from now on, and ends.
async fn whole_call(told: &Log) {
    let begun = told.all(&want("connection_opened")).pop();
    let begun = begun
        .and_then(|call| call.number("connection"))
        .unwrap_or(0);
    // The one after the last may be on its way already.
    let call = want("connection_closed").with("connection", begun + 2);
    told.wait_for(&call, BOUND).await;
}
