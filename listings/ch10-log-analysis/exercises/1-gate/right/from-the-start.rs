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

/// Follows the log from its start, and remembers what is served.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    let mut verdict = Verdict::CannotTell;
    for event in log {
        if event.name() != "identity_loaded" {
            continue;
        }
        verdict = match event.text("serial").as_deref() == Some(serial) {
            true => Verdict::Holds,
            false => Verdict::Fails,
        };
    }
    verdict
}
