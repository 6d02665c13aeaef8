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

/// The sightings that contradict the log, in the order in which they were given.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    // A resumed handshake shows no certificate.
    let first = claims.first().map(|claim| claim.at).unwrap_or_default();
    let full = wire
        .iter()
        .filter(move |seen| !seen.resumed && seen.done >= first);
    full.filter(|seen| !may_be_true(claims, seen)).collect()
}

/// Whether the client can have been shown one of the claims, at some moment of its handshake.
fn may_be_true(claims: &[Claim], seen: &Sighting) -> bool {
    // What was replaced before it began, it cannot have been shown. What is logged later, it
    // can: the line comes after the swap.
    let replaced = claims
        .windows(2)
        .take_while(|pair| pair[1].at < seen.began)
        .count();
    let possible = claims.iter().skip(replaced);
    possible
        .into_iter()
        .any(|claim| claim.serial == seen.serial)
}
