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

/// If the last claim of a serial is ruled out, all of its earlier ones are.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    let mut lies = Vec::new();
    for seen in wire.iter().filter(|seen| !seen.resumed) {
        let last = claims.iter().rposition(|claim| claim.serial == seen.serial);
        let replaced = last.map(|rank| claims.get(rank + 1));
        match replaced {
            Some(None) => {}
            Some(Some(by)) if by.at >= seen.began => {}
            _ => lies.push(seen),
        }
    }
    lies
}
