//! What a generation costs: to build, in time, and to keep, in memory.

use std::time::Instant;

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Reload};
use hdrhistogram::Histogram;
use lab::agent::{Agent, Strategy};

/// Rotations between two looks at the memory.
const STRETCH: usize = 2_000;
/// Such stretches: ten thousand rotations, after the first stretch has warmed everything.
const STRETCHES: usize = 5;

fn resident() -> f64 {
    memory_stats::memory_stats().unwrap().physical_mem as f64
}

fn main() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let turns = [agent.issue().unwrap(), agent.issue().unwrap()];
    agent.write(&turns[0]).unwrap();
    let source = Source::localhost(agent.files());
    let store = IdentityStore::start(source).unwrap();

    let mut times = Histogram::<u64>::new(3).unwrap();
    let mut turn = 0;
    let mut reload = || {
        turn += 1;
        agent.write(&turns[turn % 2]).unwrap();
        let started = Instant::now();
        let Reload::Loaded(next) = store.reload() else {
            panic!("rotation {turn} was not loaded");
        };
        times.record(started.elapsed().as_micros() as u64).unwrap();
        next
    };

    for stretch in 0..=STRETCHES {
        for _ in 0..STRETCH {
            reload();
        }
        println!(
            "after {:>6} rotations: {:.2} MiB resident",
            (stretch + 1) * STRETCH,
            resident() / 1048576.0
        );
    }
    let before = resident();
    let kept: Vec<_> = (0..STRETCH).map(|_| reload()).collect();
    println!(
        "each generation that is kept alive: {:.1} KiB",
        (resident() - before).max(0.0) / 1024.0 / kept.len() as f64
    );
    println!(
        "reload (read, check as a peer, build, swap): p50 {} µs, p99 {} µs",
        times.value_at_quantile(0.5),
        times.value_at_quantile(0.99)
    );
}
