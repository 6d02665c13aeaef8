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

/// No file was rejected.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    if !log.iter().any(|event| event.name() == "identity_loaded") {
        return Verdict::CannotTell;
    }
    match log.iter().any(|event| event.name() == "identity_rejected") {
        true => Verdict::Fails,
        false => Verdict::Holds,
    }
}
