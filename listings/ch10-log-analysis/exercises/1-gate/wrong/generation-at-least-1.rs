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

/// A generation was loaded.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    let mut loaded = log
        .iter()
        .filter(|event| event.name() == "identity_loaded")
        .peekable();
    if loaded.peek().is_none() {
        return Verdict::CannotTell;
    }
    match loaded.any(|event| event.number("generation") >= Some(1)) {
        true => Verdict::Holds,
        false => Verdict::Fails,
    }
}
