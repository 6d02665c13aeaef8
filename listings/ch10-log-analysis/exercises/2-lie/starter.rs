//! Find the lie.
//!
//! This is the starter. It compiles, and its checks fail until `lies` is written.

use std::time::Duration;

/// A line `identity_loaded` of a log: from now on, it says, this certificate is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// When it was logged, since the start of the run. The server logs after the swap.
    pub at: Duration,
    /// The serial of the certificate.
    pub serial: String,
}

/// One handshake, as a client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When it began.
    pub began: Duration,
    /// When it was complete.
    pub done: Duration,
    /// The serial that the client was shown.
    pub serial: String,
    /// Whether it resumed a session. Then `serial` is what was shown when that session began.
    pub resumed: bool,
}

/// The sightings that contradict the log, in the order in which they were given.
///
/// `claims` are all that the server has logged, oldest first, and the first is older than each sighting. Server and
/// clients have one clock.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    todo!("this is the starter: write `lies`")
}
