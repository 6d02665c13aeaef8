//! A log is a claim. The wire is the judge.
//!
//! [`cross_check`] compares what a server says it serves with what clients were shown. It accuses
//! only where no reading of the log can be true.
//!
//! [`servers`] tells the servers of one log apart.

pub mod answers;
pub mod assertion;
mod claims;
pub mod command;
pub mod read;
pub mod servers;
pub mod story;

use std::fmt;
use std::time::Duration;

use lab::event::Event;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use claims::{Claims, Earlier, Explained};

/// One handshake, as a client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When the handshake began.
    pub at: OffsetDateTime,
    /// When it was complete.
    pub done: OffsetDateTime,
    /// The serial of the leaf that was shown, in hex.
    pub serial: String,
    /// Whether it resumed a session. Then nothing was shown, and it proves nothing.
    pub resumed: bool,
}

/// A claim of the log that the wire does not bear out, or a sight that no log claims. Each is told
/// once, with the first handshake that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The log says that a generation was loaded, and a handshake that began later was shown an
    /// older one.
    LoadedNotShown {
        /// The generation that the log claims.
        generation: u64,
        /// Its serial.
        serial: String,
        /// Since when, by the log.
        loaded: OffsetDateTime,
        /// What was shown instead.
        shown: String,
        /// When that handshake began.
        at: OffsetDateTime,
    },
    /// A certificate was shown that the log does not know.
    ShownNotLoaded {
        /// Its serial.
        serial: String,
        /// When that handshake began.
        at: OffsetDateTime,
    },
    /// A client was shown one generation, and a client after it an older one.
    WentBack {
        /// The serial that was shown first.
        from: String,
        /// The older one that was shown afterwards.
        to: String,
        /// When that second handshake began.
        at: OffsetDateTime,
    },
}

// ANCHOR: cross_check
/// Compares. `slack` is how long a swap may take to reach every worker.
///
/// A handshake that began before a generation was logged may still show the one before. One that
/// began after it, and `slack`, must show that one or a later one. A later one may show early: a
/// server logs after the swap.
pub fn cross_check(log: &[Event], wire: &[Sighting], slack: Duration) -> Vec<Lie> {
    let claims = Claims::of(log);
    // Resumed handshakes prove nothing about what is served.
    let mut shown: Vec<_> = wire.iter().filter(|seen| !seen.resumed).collect();
    shown.sort_by_key(|seen| seen.at);

    let mut lies = Vec::new();
    let mut earlier = Earlier::default();
    for seen in shown {
        let lie = match claims.explain(seen, slack) {
            Explained::Possible(possible) if claims.in_order(&possible) => {
                earlier.went_back(seen, possible, slack)
            }
            Explained::Possible(_) => None,
            Explained::Unknown => None,
            Explained::Lie(lie) => Some(lie),
        };
        if let Some(lie) = lie.filter(|lie| !lies.iter().any(|told: &Lie| told.repeats(lie))) {
            lies.push(lie);
        }
    }
    lies
}
// ANCHOR_END: cross_check

/// The generations, with their serials, that no handshake confirms. One that was replaced before
/// anybody came is no lie.
pub fn unconfirmed(log: &[Event], wire: &[Sighting]) -> Vec<(u64, String)> {
    Claims::of(log).unconfirmed(wire)
}

impl Lie {
    /// Whether it is the same lie, seen by another client.
    fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::LoadedNotShown {
                    loaded: a,
                    shown: b,
                    ..
                },
                Self::LoadedNotShown {
                    loaded: x,
                    shown: y,
                    ..
                },
            ) => (a, b) == (x, y),
            (Self::ShownNotLoaded { serial: a, .. }, Self::ShownNotLoaded { serial: x, .. }) => {
                a == x
            }
            (Self::WentBack { from: a, to: b, .. }, Self::WentBack { from: x, to: y, .. }) => {
                (a, b) == (x, y)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoadedNotShown {
                generation,
                serial,
                loaded,
                shown,
                at,
            } => write!(
                f,
                "the log says that generation {generation} ({serial}) is served since {}, but a client \
                 that came at {} was shown {shown}",
                date(*loaded),
                date(*at)
            ),
            Self::ShownNotLoaded { serial, at } => write!(
                f,
                "a client that came at {} was shown {serial}, which the log never claims",
                date(*at)
            ),
            Self::WentBack { from, to, at } => write!(
                f,
                "a client that came at {} was shown {to}, after another was shown {from}, which is newer",
                date(*at)
            ),
        }
    }
}

/// When an event happened, if it says so.
pub(crate) fn time_of(event: &Event) -> Option<OffsetDateTime> {
    let ts = event.0.get("ts")?.as_str()?;
    OffsetDateTime::parse(ts, &Rfc3339).ok()
}

/// RFC 3339, UTC.
fn date(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
