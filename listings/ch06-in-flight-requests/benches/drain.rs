//! The price of a drain: 1,000 idle HTTP/2 connections are retired at once, or over two seconds,
//! and come back. A bystander connects all the while and measures its own handshakes.
//!
//! Server, clients and bystander share one machine, so what is compared are the runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ch01_restart_baseline::listen;
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::Source;
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::client::{self, Http, Version};
use ch06_in_flight_requests::descriptors::make_room;
use ch06_in_flight_requests::session::LIFE;
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch06_in_flight_requests::{Retirement, Server};
use hdrhistogram::Histogram;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Options};
use tokio::task::JoinSet;

const HELD: usize = 1000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    make_room(8192).unwrap();
    for (spread, name) in [(0, "at once"), (2, "over 2 s"), (30, "over 30 s")] {
        let run = drain(Duration::from_secs(spread)).await;
        println!(
            "{HELD} drained {name}: {} full and {} resumed handshakes in {:.0} ms; \
             a bystander's handshake: half below {:.1} ms, longest {:.1} ms",
            HELD - run.resumed,
            run.resumed,
            run.took.as_secs_f64() * 1e3,
            run.latency.value_at_quantile(0.5) as f64 / 1e3,
            run.latency.max() as f64 / 1e3,
        );
    }
}

struct Run {
    resumed: usize,
    took: Duration,
    /// Of the bystander's handshakes, in microseconds.
    latency: Histogram<u64>,
}

async fn drain(spread: Duration) -> Run {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let source = Source::localhost(agent.files());
    let sessions = Sessions::new(Tickets::KeepUnlessTrustChanged, HELD);
    let store =
        IdentityStore::start_by(sessions.loader(Reader::new(Care::default())), source).unwrap();
    let server = Server::new(
        store.clone(),
        Retirement {
            max_age: Duration::from_secs(3600),
            jitter: 0.0,
            lag: 0,
            spread,
            grace: Duration::from_secs(10),
            session_life: LIFE,
        },
    );
    let listener = listen(lab::any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(listener));

    let held = hold(agent.root_pem(), address).await;
    let stop = Arc::new(AtomicBool::new(false));
    let stranger = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let bystander = tokio::spawn(watch_latency(stranger, address, stop.clone()));
    agent.rotate().unwrap();
    let started = Instant::now();
    store.reload();
    let mut back = JoinSet::new();
    for (client, http) in held {
        back.spawn(async move {
            http.ended().await;
            let mut http = Http::connect(&client, address).await.unwrap();
            http.get(1).await.unwrap();
            let resumed = http.seen().resumed;
            http.close().await;
            resumed
        });
    }
    let resumed = back.join_all().await.into_iter().filter(|resumed| *resumed);
    let (resumed, took) = (resumed.count(), started.elapsed());
    stop.store(true, Ordering::Relaxed);
    let latency = bystander.await.unwrap();
    serving.abort();
    Run {
        resumed,
        took,
        latency,
    }
}

/// Clients that remember sessions, each with a connection that was used once.
async fn hold(roots_pem: &str, address: SocketAddr) -> Vec<(Client, Http)> {
    let options = Options {
        resume: true,
        ..Options::default()
    };
    let mut held = Vec::new();
    for _ in 0..HELD {
        let config = client::config(roots_pem, Version::Http2, options).unwrap();
        let client = Client::with_config(Arc::new(config), "localhost").unwrap();
        let mut http = Http::connect(&client, address).await.unwrap();
        http.get(1).await.unwrap();
        held.push((client, http));
    }
    held
}

async fn watch_latency(
    client: Client,
    server: SocketAddr,
    stop: Arc<AtomicBool>,
) -> Histogram<u64> {
    let mut latency = Histogram::new(3).unwrap();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        client.probe(server).await.unwrap();
        latency
            .record(started.elapsed().as_micros() as u64)
            .unwrap();
    }
    latency
}
