//! From the rename to the first handshake with the new certificate: by events, and by polling.
//!
//! One client connects again and again, so a figure includes the handshake that saw it and up to
//! one that did not.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use ch02_hot_reload::arguments::Serve;
use hdrhistogram::Histogram;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options};

#[tokio::main]
async fn main() {
    measure("events, poll behind them at 1000 ms", 300, 0, &[]).await;
    measure(
        "poll alone, 100 ms",
        100,
        100,
        &["--poll-only", "--poll-ms", "100"],
    )
    .await;
    measure(
        "poll alone, 1000 ms",
        20,
        1000,
        &["--poll-only", "--poll-ms", "1000"],
    )
    .await;
}

/// `poll_ms` spreads the rotations over the time between two looks: one that always came right
/// after a look would always wait longest.
async fn measure(name: &str, rotations: u32, poll_ms: u32, extra: &[&str]) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"));
    let mut arguments = Serve::command_line(&agent.files()).to_vec();
    arguments.extend(extra.iter().map(OsString::from));
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], child.port(BOUND).await));

    let mut times = Histogram::<u64>::new(3).unwrap();
    for rotation in 0..rotations {
        let phase = f64::from(poll_ms) * f64::from(rotation) / f64::from(rotations);
        tokio::time::sleep(Duration::from_secs_f64(phase / 1000.0)).await;
        let issued = agent.issue().unwrap();
        let mut renamed = Instant::now();
        agent
            .write_stepwise(&issued, |_| renamed = Instant::now())
            .unwrap();
        loop {
            let seen = client.probe(server).await.unwrap();
            if seen.chain.serial == issued.facts.serial {
                break;
            }
        }
        times.record(renamed.elapsed().as_micros() as u64).unwrap();
    }
    println!(
        "{name}: p50 {:.2} ms, p99 {:.2} ms over {rotations} rotations",
        times.value_at_quantile(0.5) as f64 / 1000.0,
        times.value_at_quantile(0.99) as f64 / 1000.0
    );
}
