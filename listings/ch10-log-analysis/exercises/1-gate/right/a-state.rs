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

/// Goes through the log as the server did.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    log.iter().fold(Verdict::CannotTell, |before, event| {
        if event.name() != "identity_loaded" {
            return before;
        }
        let is_it = event.text("serial").is_some_and(|loaded| loaded == serial);
        if is_it {
            Verdict::Holds
        } else {
            Verdict::Fails
        }
    })
}
