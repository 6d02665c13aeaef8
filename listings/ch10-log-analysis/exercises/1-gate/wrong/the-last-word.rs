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

/// What the server said last of its files: that it loaded this serial.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    let last = log
        .iter()
        .rfind(|event| ["identity_loaded", "identity_rejected"].contains(&event.name()));
    match last.map(|last| last.text("serial")) {
        Some(Some(loaded)) if loaded == serial => Verdict::Holds,
        Some(_) => Verdict::Fails,
        None => Verdict::CannotTell,
    }
}
