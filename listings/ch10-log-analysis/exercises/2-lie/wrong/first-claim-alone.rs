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

/// Looks up the claim of each serial, and asks whether it was replaced.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    let full = wire.iter().filter(|seen| !seen.resumed);
    full.filter(|seen| {
        let first = claims.iter().position(|claim| claim.serial == seen.serial);
        let Some(first) = first else { return true };
        claims
            .get(first + 1)
            .is_some_and(|next| next.at < seen.began)
    })
    .collect()
}
