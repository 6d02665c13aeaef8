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

/// What is not named yet may be named by the next line.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    wire.iter()
        .filter(|seen| {
            let open = |(rank, claim): (usize, &Claim)| {
                let next = claims.get(rank + 1);
                next.is_none_or(|next| next.at >= seen.began) && claim.serial == seen.serial
            };
            let named = claims.iter().any(|claim| claim.serial == seen.serial);
            let comes = !named && claims.last().is_some_and(|last| last.at >= seen.began);
            !seen.resumed && !comes && !claims.iter().enumerate().any(open)
        })
        .collect()
}
