//! The idea of this chapter, on the first screen: a rotation replaces what is on disk as a whole.
//!
//! This is what `cargo new-chapter` begins with. Put the chapter's own idea in its place.

use std::io;

use lab::agent::Agent;

// ANCHOR: idea
/// Lets the agent rotate so many times, and returns the serial number of each new leaf, in order.
///
/// # Errors
/// When the authority cannot issue, or the directory cannot be written.
pub fn rotate(agent: &mut Agent, times: usize) -> io::Result<Vec<String>> {
    let one = |_| agent.rotate().map(|issued| issued.facts.serial);
    (0..times).map(one).collect()
}
// ANCHOR_END: idea
