//! The demo of chapter 10: a log is asked, and then the wire is.
//!
//! With `log` it is what it asks with; with `serve` it is the server, honest or not.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use ch01_restart_baseline::log_form::LogForm;
use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::program::start_server;
use ch03_handshake_hook::watch::Follow;
use ch03_handshake_hook::{CertResolver, hooked_config, serve};
use ch05_race_conditions::{Options as Care, Reader};
use ch10_log_analysis::command::LogCommand;
use clap::{Parser, Subcommand};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::Issued;
use lab::client::{Client, Options};
use lab::log::{Log, want};
use lab::println;
use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;
use tracing::Level;

/// Chapter 10: log analysis. Without a command, runs the demo.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    log: LogForm,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    Log(Box<LogCommand>),
    /// Serve, and follow the files.
    Serve(Server),
}

#[derive(clap::Args)]
struct Server {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    follow: Follow,
    /// Never look at the files again. A test that passes with this option tests nothing.
    #[arg(long)]
    frozen: bool,
    /// Lie from this generation on (without a number, from 2): log each load, but go on showing the
    /// certificate before it.
    #[arg(long, value_name = "GENERATION", num_args = 0..=1, default_missing_value = "2")]
    lie: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.log.choose();
    match arguments.role {
        Some(Role::Log(command)) => command.run().await,
        Some(Role::Serve(arguments)) => exit(server(arguments).await),
        None => exit(until_told(demo()).await),
    }
}

async fn server(arguments: Server) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    let source = arguments.serve.source()?;
    let address = arguments.serve.address();
    let loader = Reader::new(Care::default()).loader();
    let store = IdentityStore::start_by(loader, source)?;
    let hook = CertResolver(store.clone());
    let config = match arguments.lie {
        None => hooked_config(hook),
        Some(from) => hooked_config(Liar {
            last_true: Mutex::new(store.current().identity.certified.clone()),
            hook,
            from,
        }),
    };
    if !arguments.frozen {
        arguments.follow.start(store)?;
    }
    serve(listen(address).await?, config).await;
    Ok(())
}

// ANCHOR: liar
/// A hook whose log is right and whose cache is not: it shows the certificate of before.
#[derive(Debug)]
struct Liar {
    hook: CertResolver,
    from: u64,
    last_true: Mutex<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Liar {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Even the log of the connection gets the new generation.
        let right = self.hook.resolve(hello)?;
        let mut shown = self.last_true.lock();
        if self.hook.0.current().number < self.from {
            *shown = right;
        }
        Some(shown.clone())
    }
}
// ANCHOR_END: liar

/// From this generation on the demo's server lies.
const LIE: u64 = 4;

async fn demo() -> io::Result<()> {
    let log = lab::emit::to_stderr_at(Level::INFO, OffsetDateTime::now_utc)?;
    let directory = lab::directory()?;
    let mut agent = Agent::started(directory.path(), Strategy::Bundle)?;
    let client = Client::new(agent.root_pem(), "localhost", Options::default())?;
    let arguments = Serve::command_line_with(&agent.files(), &["--lie", &LIE.to_string()]);
    let (server, address) = start_server(arguments).await?;
    let scene = Scene {
        directory: directory.path().to_owned(),
        log,
    };
    let held = client.connect(address).await?;
    held.seen().log();
    // A client of TLS 1.3 is done before the server is.
    let opened = want("connection_opened").with("connection", 1);
    server.log().wait_for(&opened, BOUND).await;

    for generation in 2..=LIE {
        if generation == LIE - 1 {
            // A careless script: the certificate of one, the key of another.
            let (certificate, key) = (agent.issue()?, agent.issue()?.key);
            agent.write(&Issued { key, ..certificate })?;
            let refused = want("identity_rejected").with("generation", generation - 1);
            server.log().wait_for(&refused, BOUND).await;
        }
        agent.rotate()?;
        let loaded = want("identity_loaded").with("generation", generation);
        server.log().wait_for(&loaded, BOUND).await;
        client.probe(address).await?.log();
        // All but the one that is held.
        let closed = want("connection_closed").with("connection", generation);
        server.log().wait_for(&closed, BOUND).await;
    }

    scene.zdr("log run.jsonl")?;
    scene.zdr(&format!(
        "log assert run.jsonl --generation-at-least {LIE} --within 30000"
    ))?;
    scene.zdr(&format!(
        "log assert run.jsonl --wire {address} --roots ca.crt"
    ))?;
    held.close().await;
    Ok(())
}

struct Scene {
    directory: PathBuf,
    log: Log,
}

impl Scene {
    /// Writes the log to a file, and asks it as a person would. Shows what is asked and answered.
    fn zdr(&self, question: &str) -> io::Result<()> {
        let lines = self
            .log
            .events()
            .into_iter()
            .map(|event| format!("{event}\n"));
        fs::write(self.directory.join("run.jsonl"), lines.collect::<String>())?;
        println!("\n$ zdr {question}");
        let status = Command::new(std::env::current_exe()?)
            .args(question.split(' '))
            .current_dir(&self.directory)
            .status()?;
        println!("({status})");
        Ok(())
    }
}
