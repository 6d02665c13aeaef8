//! The natural gap: how long nobody listens when nothing holds the restart up.
//!
//! Fifty restarts, with one caller who tries again and again. The image is on the machine, the
//! binary is in the page cache, and the server has nothing to warm: this is the shortest gap that
//! a restart can have, not the one that a cluster has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ch01_restart_baseline::supervisor::Supervisor;
use hdrhistogram::Histogram;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Failure, Options};

const RESTARTS: u32 = 50;

#[tokio::main]
async fn main() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let program = env!("CARGO_BIN_EXE_ch01-restart-baseline").into();
    let mut supervisor = Supervisor::new(program, agent.files()).unwrap();
    supervisor.start().await.unwrap();

    let refused = Arc::new(AtomicU64::new(0));
    let (counter, server) = (refused.clone(), supervisor.address());
    tokio::spawn(async move {
        loop {
            if let Err(Failure::Refused) = client.connect(server).await {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let mut gaps = Histogram::<u64>::new(3).unwrap();
    for _ in 0..RESTARTS {
        agent.rotate().unwrap();
        let gap = supervisor.restart(async {}).await.unwrap();
        gaps.record(gap.length.as_micros() as u64).unwrap();
    }
    println!(
        "{RESTARTS} restarts: gap p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms; \
         one caller in a loop was refused {} times",
        gaps.value_at_quantile(0.5) as f64 / 1000.0,
        gaps.value_at_quantile(0.99) as f64 / 1000.0,
        gaps.max() as f64 / 1000.0,
        refused.load(Ordering::Relaxed),
    );
}
