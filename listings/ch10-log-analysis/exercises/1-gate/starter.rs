//! A gate.
//!
//! This is the starter. It compiles, and its checks fail until `gate` is written.

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

/// Whether a server serves the certificate with this serial, by its log, which is whole or begins in the middle.
///
/// `event.name()` is the name of an event, and `event.text("serial")` the text in its field `serial`.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    todo!("this is the starter: write `gate`")
}
