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

/// By the moment at which the client had its certificate.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    let full = wire.iter().filter(|seen| !seen.resumed);
    full.filter(|seen| {
        let logged = claims
            .iter()
            .rposition(|claim| claim.at < seen.done)
            .unwrap_or(0);
        !claims[logged..]
            .iter()
            .any(|claim| claim.serial == seen.serial)
    })
    .collect()
}
