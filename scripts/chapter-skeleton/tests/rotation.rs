//! What the chapter promises.

use std::fs;

use chapter_skeleton::rotate;
use lab::agent::{Agent, Strategy};
use lab::chain::facts_of_pem;

#[test]
fn the_last_rotation_is_the_one_on_disk() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let serials = rotate(&mut agent, 3).unwrap();
    assert_eq!(serials.len(), 3);
    let pem = fs::read(agent.files().certificate).unwrap();
    let facts = facts_of_pem(&pem).unwrap();
    assert_eq!(Some(&facts.serial), serials.last());
}
