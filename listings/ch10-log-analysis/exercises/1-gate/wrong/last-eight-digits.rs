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

/// Whether a server serves the certificate with this serial, by its log, which is whole or
/// begins in the middle.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    // What was loaded before is replaced. What is rejected afterwards replaces nothing.
    let last = log.iter().rfind(|event| event.name() == "identity_loaded");
    match last.map(|loaded| loaded.text("serial")) {
        Some(Some(loaded))
            if loaded.len() == serial.len()
                && loaded.ends_with(&serial[serial.len().saturating_sub(8)..]) =>
        {
            Verdict::Holds
        }
        Some(_) => Verdict::Fails,
        None => Verdict::CannotTell,
    }
}
