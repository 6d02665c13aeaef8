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

/// The last load names this serial, or the gate is closed.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    let last = log.iter().rfind(|event| event.name() == "identity_loaded");
    let last = last.and_then(|event| event.text("serial"));
    match last.as_deref() == Some(serial) {
        true => Verdict::Holds,
        false => Verdict::Fails,
    }
}
