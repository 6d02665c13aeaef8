//! The demo of chapter 11: three servers of earlier chapters are judged.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use ch01_restart_baseline::{exit, listen, load_once, until_told};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::Source;
use ch03_handshake_hook::watch::{Events, watch};
use ch03_handshake_hook::{CertResolver, hooked_config};
use ch11_verification::check::{Server, check};
use ch11_verification::clients::Clients;
use clap::Parser;
use lab::agent::{Agent, Files, Strategy};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch::{Receiver, Sender};
use tracing::Level;

/// Chapter 11: the judgement on three servers of earlier chapters.
#[derive(Parser)]
struct Arguments {
    /// Log each connection, too.
    #[arg(long)]
    all: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit(until_told(demo(arguments.all)).await)
}

/// What a server does when its files change.
#[derive(Clone, Copy, PartialEq)]
enum Reload {
    /// It watches them, as in chapter 3.
    Watch,
    /// Nothing.
    Never,
    /// It is killed and started again, as in chapter 1.
    Restart,
}

const SECOND: Duration = Duration::from_secs(1);
const CASES: [(&str, Reload, u32, Duration); 3] = [
    // A slow machine must not change what is said of a server that works.
    ("chapter 3's server", Reload::Watch, 3, lab::BOUND),
    ("the same without its watcher", Reload::Never, 1, SECOND),
    ("chapter 1's server", Reload::Restart, 3, lab::BOUND),
];

async fn demo(all: bool) -> io::Result<()> {
    lab::emit::to_stderr(if all { Level::DEBUG } else { Level::INFO })?;
    for (name, reload, rotations, within) in CASES {
        let directory = lab::directory()?;
        let mut agent = Agent::new(directory.path(), Strategy::Bundle)?;
        let served = agent.rotate()?;
        let mut server = InProcess::new(agent.files(), reload);
        server.run().await?;
        let judgement = check(&mut agent, &served, &mut server, rotations, within).await;
        server.kill().await?;
        print!("{name}: {}", judgement?);
    }
    Ok(())
}

/// A server with threads of its own, as a process has. When they end, so do its connections.
struct InProcess {
    files: Files,
    reload: Reload,
    generation: u64,
    address: Sender<SocketAddr>,
    threads: Option<Runtime>,
}

impl InProcess {
    fn new(files: Files, reload: Reload) -> Self {
        Self {
            files,
            reload,
            generation: 0,
            address: Sender::new(lab::any_port()),
            threads: None,
        }
    }

    async fn run(&mut self) -> io::Result<()> {
        self.generation += 1;
        let mut threads = Builder::new_multi_thread();
        let threads = threads.worker_threads(1).enable_all().build()?;
        let serving = serve(self.reload, self.files.clone(), self.generation);
        let address = threads.spawn(serving).await.map_err(io::Error::other)??;
        self.threads = Some(threads);
        self.address.send_replace(address);
        Ok(())
    }

    /// Ends its threads. What they were at is cut.
    async fn kill(&mut self) -> io::Result<()> {
        let Some(threads) = self.threads.take() else {
            return Ok(());
        };
        let ending = tokio::task::spawn_blocking(|| threads.shutdown_timeout(lab::BOUND));
        ending.await.map_err(io::Error::other)
    }
}

/// Begins to serve, and says where.
async fn serve(reload: Reload, files: Files, generation: u64) -> io::Result<SocketAddr> {
    if reload == Reload::Restart {
        let config = load_once(&files.certificate, &files.key, generation)?;
        let listener = listen(lab::any_port()).await?;
        let address = listener.local_addr()?;
        tokio::spawn(ch01_restart_baseline::serve(listener, config, generation));
        return Ok(address);
    }
    let store = IdentityStore::start(Source::localhost(files))?;
    let config = hooked_config(CertResolver(store.clone()));
    if reload == Reload::Watch {
        watch(store, Events::Wanted, SECOND);
    }
    let listener = listen(lab::any_port()).await?;
    let address = listener.local_addr()?;
    tokio::spawn(ch03_handshake_hook::serve(listener, config));
    Ok(address)
}

impl Server for InProcess {
    fn address(&self) -> Receiver<SocketAddr> {
        self.address.subscribe()
    }

    async fn notify(&mut self, clients: &mut Clients) -> io::Result<()> {
        if self.reload == Reload::Restart {
            self.kill().await?;
            // However short the gap is, a client comes by.
            clients.clone().full(clients.recorder.now()).await;
            self.run().await?;
        }
        Ok(())
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}
