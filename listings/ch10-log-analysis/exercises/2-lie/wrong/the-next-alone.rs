//! Find the lie.

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

/// A client is shown what was logged last, or what comes next.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    wire.iter()
        .filter(|seen| {
            let due = claims.partition_point(|claim| claim.at < seen.began);
            let from = due.saturating_sub(1);
            let mut open = claims.iter().skip(from).take(2);
            !seen.resumed && !open.any(|claim| claim.serial == seen.serial)
        })
        .collect()
}
