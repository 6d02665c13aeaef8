//! A gate.

use lab::event::Event;

/// What a log says of one question. A script stops at the second, and is mended at the third.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds: exit code 0.
    Holds,
    /// It does not: exit code 1.
    Fails,
    /// The log does not say: exit code 2.
    CannotTell,
}

/// A generation only rises, so the highest is served.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    let loads = log.iter().filter(|event| event.name() == "identity_loaded");
    let last = loads.max_by_key(|event| event.number("generation"));
    match last.and_then(|loaded| loaded.text("serial")) {
        Some(loaded) if loaded == serial => Verdict::Holds,
        Some(_) => Verdict::Fails,
        None => Verdict::CannotTell,
    }
}
