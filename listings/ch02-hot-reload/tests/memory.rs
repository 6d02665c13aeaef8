//! Memory after thousands of rotations is flat. A program of its own: other tests would disturb
//! it. `benches/generation.rs` goes on to twelve thousand.

use std::sync::Arc;

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Reload};
use lab::agent::{Agent, Strategy};

const WARM: usize = 500;
const ROTATIONS: usize = 3_000;

fn resident() -> usize {
    memory_stats::memory_stats().unwrap().physical_mem
}

#[test]
fn rotations_leave_nothing_behind() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let turns = [agent.issue().unwrap(), agent.issue().unwrap()];
    agent.write(&turns[0]).unwrap();
    let source = Source::localhost(agent.files());
    let store = IdentityStore::start(source).unwrap();

    let mut before = Arc::downgrade(&store.current());
    let mut warm = 0;
    for rotation in 1..=ROTATIONS {
        agent.write(&turns[rotation % 2]).unwrap();
        let Reload::Loaded(next) = store.reload() else {
            panic!("rotation {rotation} was not loaded");
        };
        assert!(before.upgrade().is_none(), "nobody uses the old generation");
        before = Arc::downgrade(&next);
        if rotation == WARM {
            warm = resident();
        }
    }
    // A ratio within one run. Keeping every generation alive multiplies it.
    let growth = resident() as f64 / warm as f64;
    assert!(growth < 1.1, "resident memory grew by {growth:.2}");
}
