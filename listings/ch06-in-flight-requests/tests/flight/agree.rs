//! Four workers follow the same files, each in its own time, and take dials in turn.

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Reload};
use ch06_in_flight_requests::agree::Sightings;
use lab::agent::{Agent, Strategy};
use lab::client::{self, Options};
use lab::memory;

const WORKERS: usize = 4;

#[test]
fn workers_that_reload_in_turn_disagree_until_the_last_has() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let source = Source::localhost(agent.files());
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| IdentityStore::start(source.clone()).unwrap())
        .collect();
    let client = client::config(agent.root_pem(), Options::default()).unwrap();
    let new = agent.rotate().unwrap().facts;

    let mut sightings = Sightings::default();
    for dial in 0..50 {
        // Worker 0 reloads before dial 1, worker 1 before dial 11, and so on.
        if dial % 10 == 1 && dial / 10 < WORKERS {
            let reloaded = workers[dial / 10].reload();
            assert!(matches!(reloaded, Reload::Loaded(_)));
        }
        let server = workers[dial % WORKERS].current().config.clone();
        let (_, client) = memory::handshake(&server, &client).unwrap();
        let shown = lab::chain::facts(client.peer_certificates().unwrap()).unwrap();
        sightings.saw(shown == new);
    }
    // Worker 0 takes dial 4 first after its reload; worker 3 takes dial 27 last before its own.
    assert_eq!(sightings.disagreed(), Some(4..=27));
    assert_eq!(sightings.settled_for(), 22);
}

#[test]
fn one_worker_never_disagrees() {
    let mut sightings = Sightings::default();
    assert_eq!(sightings.disagreed(), None);
    for new in [false, false, true, true, true] {
        sightings.saw(new);
    }
    assert_eq!(sightings.disagreed(), None);
    assert_eq!(sightings.settled_for(), 3);
    // A worker that was forgotten turns up.
    sightings.saw(false);
    assert_eq!(sightings.disagreed(), Some(2..=5));
    assert_eq!(sightings.settled_for(), 0);
}

/// Where no dial saw the old chain, each has seen the new one only.
#[test]
fn workers_that_were_all_renewed_have_settled() {
    let mut sightings = Sightings::default();
    sightings.saw(true);
    assert_eq!(sightings.disagreed(), None);
    assert_eq!(sightings.settled_for(), 1);
}
