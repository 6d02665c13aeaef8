//! What keeping costs: a look at the files, a question of readiness, a gate before the hook.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ch02_hot_reload::identity::Source;
use ch03_handshake_hook::watch::Events;
use ch03_handshake_hook::{CertResolver, hooked_config};
use ch07_graceful_degradation::budget::Renewal;
use ch07_graceful_degradation::health::metrics;
use ch07_graceful_degradation::policy::{self, AtTheEnd};
use ch07_graceful_degradation::{Keeper, Settings};
use lab::agent::{Agent, Strategy};
use lab::client::{self, Options};
use lab::memory;
use rustls::ServerConfig;
use rustls::time_provider::DefaultTimeProvider;
use tokio::runtime;

const LOOKS: u32 = 5_000;
const HANDSHAKES: u32 = 1_000;

fn main() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let source = Source::localhost(agent.files());
    let settings = Settings {
        events: Events::PollOnly,
        poll: Duration::from_millis(100),
        look_bound: Duration::from_secs(1),
        renewal: Renewal::UNKNOWN,
    };
    let mut builder = runtime::Builder::new_current_thread();
    let virtual_time = builder.enable_all().start_paused(true).build().unwrap();
    let _inside = virtual_time.enter();
    let keeper = Keeper::start(source, Arc::new(DefaultTimeProvider), settings).unwrap();

    // Each poll of virtual time is one look, and there is nothing else to do.
    let took = virtual_time.block_on(async {
        let keeping = keeper.clone().keep();
        let started = Instant::now();
        tokio::time::sleep(settings.poll * LOOKS).await;
        let took = started.elapsed();
        keeping.abort();
        took
    });
    let look = took / LOOKS;
    println!(
        "a look: {} µs; at one a second, {:.3} % of one core",
        look.as_micros(),
        look.as_secs_f64() * 100.0
    );
    let ready = each(LOOKS, || drop(black_box(keeper.ready())));
    let scrape = each(LOOKS, || drop(black_box(metrics(&keeper))));
    println!(
        "/ready: {} ns, /metrics: {} µs",
        ready.as_nanos(),
        scrape.as_micros()
    );

    let hook = hooked_config(CertResolver(keeper.store().clone()));
    let gate = policy::config(keeper.clone(), AtTheEnd::RefuseHandshakes);
    let client = client::config(agent.root_pem(), Options::default()).unwrap();
    let handshake = |server: &Arc<ServerConfig>| {
        each(HANDSHAKES, || {
            drop(memory::handshake(server, &client).unwrap());
        })
    };
    // In turns, so that what the machine does besides falls on both.
    let (mut plain, mut gated) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..5 {
        plain += handshake(&hook);
        gated += handshake(&gate);
    }
    println!(
        "a handshake, both ends: {} µs with the hook, {:.3} of that with the gate before it",
        (plain / 5).as_micros(),
        gated.as_secs_f64() / plain.as_secs_f64()
    );
}

fn each(times: u32, mut work: impl FnMut()) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        work();
    }
    started.elapsed() / times
}
