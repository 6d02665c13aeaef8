//! What a generation costs: to build, in time, and to keep, in memory.

use std::time::Instant;

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{Live, Reload};
use hdrhistogram::Histogram;
use lab::agent::{Agent, Strategy};

const GENERATIONS: usize = 2_000;

fn resident() -> usize {
    memory_stats::memory_stats().unwrap().physical_mem
}

fn main() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let turns = [agent.issue().unwrap(), agent.issue().unwrap()];
    agent.write(&turns[0]).unwrap();
    let source = Source {
        files: agent.files(),
        name: "localhost".try_into().unwrap(),
    };
    let live = Live::start(source).unwrap();

    let mut reload = |rotation: usize| {
        agent.write(&turns[rotation % 2]).unwrap();
        let started = Instant::now();
        let Reload::Loaded(next) = live.reload() else {
            panic!("rotation {rotation} was not loaded");
        };
        (next, started.elapsed())
    };
    for rotation in 1..=GENERATIONS {
        reload(rotation);
    }
    let warm = resident();

    let mut times = Histogram::<u64>::new(3).unwrap();
    for rotation in 1..=GENERATIONS {
        let (_, time) = reload(rotation);
        times.record(time.as_micros() as u64).unwrap();
    }
    let freed = resident();

    let kept: Vec<_> = (1..=GENERATIONS)
        .map(|rotation| reload(rotation).0)
        .collect();
    let all = resident();

    println!(
        "reload (read, check as a peer, build, swap): p50 {} µs, p99 {} µs over {GENERATIONS}",
        times.value_at_quantile(0.5),
        times.value_at_quantile(0.99)
    );
    println!(
        "resident memory: {:.1} MiB warm, {:.1} MiB after {GENERATIONS} more rotations",
        warm as f64 / 1048576.0,
        freed as f64 / 1048576.0
    );
    println!(
        "each generation that is kept alive: {:.1} KiB",
        all.saturating_sub(freed) as f64 / 1024.0 / kept.len() as f64
    );
}
