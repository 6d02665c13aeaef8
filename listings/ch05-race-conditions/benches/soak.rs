//! Ten thousand rotations under load: what fails, what is cut, and what stays in memory.
//!
//! Three clients connect all the time, and a hundred connections are held from the first rotation
//! to the last. The two files are replaced one after the other, so every rotation passes through a
//! torn pair.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options, Pool};
use lab::log::want;
use tokio::task::JoinSet;

const ROTATIONS: u64 = 10_000;
const CLIENTS: usize = 3;
const HELD: usize = 100;

#[tokio::main]
async fn main() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch05-race-conditions"));
    let child = Child::spawn(program, Serve::command_line(&agent.files()), |_| ()).unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], child.port(BOUND).await));
    let mut held = Pool::open(&client, server, HELD).await.unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    for _ in 0..CLIENTS {
        let (client, stop) = (client.clone(), stop.clone());
        load.spawn(async move {
            let (mut handshakes, mut failed) = (0u64, 0u64);
            while !stop.load(Ordering::Relaxed) {
                handshakes += 1;
                failed += u64::from(client.probe(server).await.is_err());
            }
            (handshakes, failed)
        });
    }
    let started = Instant::now();
    let mut start = 0.0;
    for rotation in 1..=ROTATIONS {
        let issued = agent.rotate().unwrap();
        // The wire says when it is served. (To search a log that grows by the second would take
        // longer than all else.)
        while client.probe(server).await.unwrap().chain.serial != issued.facts.serial {}
        if rotation % 100 == 0 {
            held.pull(1024).await.unwrap();
        }
        if rotation == ROTATIONS / 10 {
            start = resident(&child);
        }
    }
    let (minutes, end) = (started.elapsed().as_secs_f64() / 60.0, resident(&child));
    stop.store(true, Ordering::Relaxed);
    let totals = load.join_all().await;
    let handshakes: u64 = totals.iter().map(|(handshakes, _)| handshakes).sum();
    let failed: u64 = totals.iter().map(|(_, failed)| failed).sum();
    held.close().await;
    let cut = child
        .log()
        .all(&want("connection_closed").with("why", "cut"));
    let rejected = child.log().all(&want("identity_rejected")).len();

    println!("{ROTATIONS} rotations in {minutes:.1} minutes; {rejected} looks met a torn pair");
    // No failure in so many says this much, with 95 % confidence (the rule of three).
    let bound = 3.0 / handshakes as f64 * 100.0;
    println!("{handshakes} full handshakes, {failed} failed: below {bound:.4} % if it is 0");
    println!("{HELD} connections held throughout, {} severed", cut.len());
    println!("resident after a tenth of them {start:.2} MiB, at the end {end:.2} MiB");
}

/// Resident memory of the server, in MiB.
fn resident(child: &Child) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}
