//! The demo of chapter 11: three servers of earlier chapters are judged.
//!
//! With `serve` it is chapter 1's, which the demo has to end and start again.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use ch01_restart_baseline::supervisor::{Once, Supervisor};
use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::Source;
use ch02_hot_reload::program::{Role, Shown};
use ch03_handshake_hook::watch::{Events, watch};
use ch03_handshake_hook::{CertResolver, hooked_config};
use ch11_verification::check::{Clients, Server, check};
use lab::BOUND;
use lab::agent::{Agent, Files, Strategy};
use tokio::task::JoinHandle;

#[tokio::main]
async fn main() -> ExitCode {
    let about = "Chapter 11: a judgement on three servers of earlier chapters. Without a command, runs the demo";
    let serves = "Serve one certificate until stopped, as chapter 1's server does";
    exit(match Role::<Shown, Once>::parse(about, serves) {
        Role::Serve(once) => once.serve().await,
        Role::Demo(shown) => until_told(demo(shown)).await,
    })
}

const SECOND: Duration = Duration::from_secs(1);

async fn demo(shown: Shown) -> io::Result<()> {
    lab::emit::to_stderr(shown.level())?;
    let watched = async |files| hooked(files, true).await;
    let unwatched = async |files| hooked(files, false).await;
    // A slow machine must not change what is said of a server that works.
    judged("chapter 3's server", watched, 3, BOUND).await?;
    judged("the same without its watcher", unwatched, 1, SECOND).await?;
    judged("chapter 1's server", restarted, 3, BOUND).await
}

async fn judged<S: Server>(
    name: &str,
    start: impl AsyncFnOnce(Files) -> io::Result<S>,
    rotations: u32,
    within: Duration,
) -> io::Result<()> {
    let directory = lab::directory()?;
    let mut agent = Agent::new(directory.path(), Strategy::Bundle)?;
    let served = agent.rotate()?;
    let mut server = start(agent.files()).await?;
    let judgement = check(&mut agent, &served, &mut server, rotations, within).await?;
    lab::println!("{name}: {}", judgement.to_string().trim_end());
    Ok(())
}

/// Chapter 3's server: tasks that end with this.
struct Hooked(SocketAddr, Vec<JoinHandle<()>>);

async fn hooked(files: Files, watches: bool) -> io::Result<Hooked> {
    let store = IdentityStore::start(Source::localhost(files))?;
    let config = hooked_config(CertResolver(store.clone()));
    let mut tasks: Vec<_> = Vec::from_iter(watches.then(|| watch(store, Events::Wanted, SECOND)));
    let listener = listen(lab::any_port()).await?;
    let address = listener.local_addr()?;
    tasks.push(tokio::spawn(ch03_handshake_hook::serve(listener, config)));
    Ok(Hooked(address, tasks))
}

impl Server for Hooked {
    fn address(&self) -> SocketAddr {
        self.0
    }
}

impl Drop for Hooked {
    fn drop(&mut self) {
        self.1.iter().for_each(JoinHandle::abort);
    }
}

/// Chapter 1's server: one process after the other.
struct Restarted(Supervisor);

async fn restarted(files: Files) -> io::Result<Restarted> {
    let mut supervisor = Supervisor::new(std::env::current_exe()?, files)?;
    supervisor.start().await?;
    Ok(Restarted(supervisor))
}

impl Server for Restarted {
    fn address(&self) -> SocketAddr {
        self.0.address()
    }

    async fn notify(&mut self, clients: &Clients) -> io::Result<()> {
        // However short the gap is, a client comes by.
        let comes_by = clients.clone().full(clients.recorder.now());
        self.0.restart(comes_by).await.map(drop)
    }
}
