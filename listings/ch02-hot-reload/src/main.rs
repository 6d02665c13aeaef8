//! The demo of chapter 2: one download crosses ten rotations.
//!
//! With `serve` it is the server that the demo starts.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use ch01_restart_baseline::{exit, listen, until_told};
use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::program::{Role, Shown, start_server};
use ch02_hot_reload::{IdentityStore, on_hangup, reload_on, serve};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Connection, Options};
use lab::log::{Log, want};
use lab::println;
use rustix::process::Signal;
use tokio::sync::mpsc;
use tracing::Level;

#[tokio::main]
async fn main() -> ExitCode {
    let about = "Chapter 2: rotate by hot reload. Without a command, runs the demo";
    exit(match Role::parse(about, "Serve, and reload at SIGHUP") {
        Role::Serve(arguments) => server(arguments).await,
        Role::Demo(shown) => until_told(demo(shown)).await,
    })
}

async fn server(arguments: Serve) -> io::Result<()> {
    lab::emit::to_stderr(Level::DEBUG)?;
    let store = IdentityStore::start(arguments.source()?)?;
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

async fn demo(shown: Shown) -> io::Result<()> {
    lab::emit::to_stderr(shown.level())?;
    let directory = lab::directory()?;
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach)?;
    let client = Client::new(agent.root_pem(), "localhost", Options::default())?;
    let (server, address) = start_server(Serve::command_line(&agent.files())).await?;

    tracing::info!(event = "download_started", of = WHOLE);
    let mut download = client.connect(address).await?;
    let mut callers = Callers::default();
    for rotation in 1..=ROTATIONS {
        download.pull(MIB / 2).await?;

        agent.rotate()?;
        server.signal(Signal::HUP)?;
        let loaded = want("identity_loaded").with("generation", rotation + 1);
        server.log().wait_for(&loaded, BOUND).await;
        callers.call(&client, address).await?;
    }
    while download.received() < WHOLE {
        download.pull(MIB / 2).await?;
    }
    let (bytes, sha256) = (download.received(), download.sha256());
    let right = sha256 == lab::client::expected_sha256(WHOLE);
    let began_with = download.seen().chain.serial.clone();
    download.close().await;
    tracing::info!(event = "download_finished", bytes, sha256);
    let gone = want("connection_closed").with("bytes", WHOLE);
    server.log().wait_for(&gone, BOUND).await;

    summary(server.log(), callers.refused);
    println!(
        "the download began under serial {began_with} and ended under it; its checksum is {}",
        if right { "right" } else { "WRONG" }
    );
    Ok(())
}

/// New clients. Each is shown the new certificate, and stays for two more rotations.
#[derive(Default)]
struct Callers {
    held: VecDeque<Connection>,
    refused: u32,
}

impl Callers {
    async fn call(&mut self, client: &Client, server: SocketAddr) -> io::Result<()> {
        let mut connection = match client.connect(server).await {
            Ok(connection) => connection,
            Err(failure) => {
                tracing::info!(event = "connect_refused", why = %failure);
                self.refused += 1;
                return Ok(());
            }
        };
        connection.pull(1).await?;
        connection.seen().log();
        self.held.push_back(connection);
        if self.held.len() > 2
            && let Some(oldest) = self.held.pop_front()
        {
            oldest.close().await;
        }
        Ok(())
    }
}

fn summary(log: &Log, refused: u32) {
    let severed = log.all(&want("connection_closed").with("why", "cut")).len();
    let rotations = log.all(&want("identity_loaded")).len() - 1;
    println!("{rotations} rotations: {severed} connections severed, {refused} clients refused");
}
