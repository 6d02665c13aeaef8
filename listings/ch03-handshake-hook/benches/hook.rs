//! What the hook costs in a handshake: against a fixed certificate, and against stat in each
//! handshake.
//!
//! Both ends run in memory, on one thread. The three take turns, block by block, so that whatever
//! else the machine does falls on all of them; what is compared are the ratios of each turn.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ch01_restart_baseline::server_config;
use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::Source;
use ch03_handshake_hook::naive::StatInHandshake;
use ch03_handshake_hook::{CertResolver, hooked_config};
use lab::agent::{Agent, Strategy};
use lab::client::{self, Options};
use lab::memory;
use rustls::ServerConfig;
use rustls::sign::SingleCertAndKey;

const TURNS: usize = 101;
const HANDSHAKES: u32 = 50;
const LOADS: u32 = 1_000_000;

fn main() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let client = client::config(agent.root_pem(), Options::default()).unwrap();
    let source = Source::localhost(agent.files());
    let store = IdentityStore::start(source).unwrap();
    let pair = SingleCertAndKey::from(store.current().identity.certified.clone());
    let fixed = Arc::new(server_config().with_cert_resolver(Arc::new(pair)));
    let hook = hooked_config(CertResolver(store.clone()));
    let stat = hooked_config(StatInHandshake::new(agent.files()).unwrap());

    let turn = |server: &Arc<ServerConfig>| {
        let started = Instant::now();
        for _ in 0..HANDSHAKES {
            black_box(memory::handshake(server, &client).unwrap());
        }
        started.elapsed()
    };
    for server in [&fixed, &hook, &stat] {
        turn(server);
    }
    let (mut base, mut hooked, mut stats) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..TURNS {
        // Who goes first changes, too.
        let mut times = [Duration::ZERO; 3];
        for step in 0..3 {
            let who = (at + step) % 3;
            times[who] = turn([&fixed, &hook, &stat][who]);
        }
        base.push(times[0].as_secs_f64());
        hooked.push(times[1].as_secs_f64() / times[0].as_secs_f64());
        stats.push(times[2].as_secs_f64() / times[0].as_secs_f64());
    }
    let handshake = median(&mut base) / f64::from(HANDSHAKES);
    println!(
        "full handshake, both ends, fixed certificate: {:.0} µs",
        handshake * 1e6
    );
    for (name, ratios) in [("hook", &mut hooked), ("stat in the handshake", &mut stats)] {
        let middle = median(ratios);
        let (low, high) = (ratios[ratios.len() / 4], ratios[ratios.len() * 3 / 4]);
        println!("{name}: {middle:.3} of that (half of the turns between {low:.3} and {high:.3})");
    }

    let started = Instant::now();
    for _ in 0..LOADS {
        black_box(black_box(&store).current());
    }
    let load = started.elapsed().as_secs_f64() / f64::from(LOADS);
    println!("the hook's atomic load alone: {:.1} ns", load * 1e9);
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
