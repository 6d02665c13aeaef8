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
    log.iter()
        .filter(|event| event.name() == "identity_loaded")
        .fold(Verdict::CannotTell, |_, loaded| {
            match loaded.text("serial") {
                Some(loaded) if loaded.eq_ignore_ascii_case(serial) => Verdict::Holds,
                _ => Verdict::Fails,
            }
        })
}
