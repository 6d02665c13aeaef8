//! What clients were shown, and what in it contradicts a log.

use std::fmt;

use time::OffsetDateTime;

use crate::format::date;

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

impl Lie {
    /// Whether it is the same lie, seen by another client.
    pub(crate) fn repeats(&self, other: &Self) -> bool {
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
