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

/// A lie is what rules out each claim of its serial.
pub fn lies<'a>(claims: &[Claim], wire: &'a [Sighting]) -> Vec<&'a Sighting> {
    let mut lies = Vec::new();
    'sightings: for seen in wire {
        for (number, claim) in claims.iter().enumerate() {
            let next = claims.get(number + 1);
            let ruled_out = next.is_some_and(|next| next.at < seen.began);
            if seen.resumed || (claim.serial == seen.serial && !ruled_out) {
                continue 'sightings;
            }
        }
        lies.push(seen);
    }
    lies
}
