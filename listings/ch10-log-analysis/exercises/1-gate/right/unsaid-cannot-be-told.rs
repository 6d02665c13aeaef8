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

/// A load that does not say what it loaded leaves the question open.
pub fn gate(log: &[Event], serial: &str) -> Verdict {
    let loads: Vec<&Event> = log
        .iter()
        .filter(|event| event.name() == "identity_loaded")
        .collect();
    let Some(serving) = loads.last().and_then(|load| load.text("serial")) else {
        return Verdict::CannotTell;
    };
    match *serving == *serial {
        true => Verdict::Holds,
        false => Verdict::Fails,
    }
}
