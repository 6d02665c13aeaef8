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

/// In the order in which the handshakes began.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    let mut lies: Vec<_> = wire
        .iter()
        .filter(|seen| {
            let mut open = claims.iter().enumerate().filter(|(rank, _)| {
                let next = claims.get(rank + 1);
                next.is_none_or(|next| next.at >= seen.began)
            });
            !seen.resumed && !open.any(|(_, claim)| claim.serial == seen.serial)
        })
        .collect();
    lies.sort_by_key(|seen| seen.began);
    lies
}
