//! A log is a claim. The wire is the judge.
//!
//! [`cross_check`] compares what a server says it serves with what clients were shown. It accuses
//! only where no reading of the log can be true.
//!
//! - [`Sighting`] and [`Lie`]: what is compared, and what comes of it;
//! - [`read`]: lines of files that grow, that are rotated, and that are damaged;
//! - [`wrapped`]: the events in a line of a collector of logs, and `halves`, lines that a container's runtime has cut;
//! - `cut`, `elsewhere`, `odd` and `repeated`: events that are not whole, events in forms that are not read, what is no such
//!   log and what to do about it, and lines that were sent twice;
//! - [`servers`]: tells the servers of one log apart;
//! - [`state`]: what the lines add up to, and [`answers`], what somebody on call asks of it;
//! - [`assertion`]: what a script may assert, and `place`, the log around what it found;
//! - [`command`]: `zdr log`, the command line around all of it.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use ch10_log_analysis::{Lie, Sighting, cross_check};
//! use lab::event::Event;
//! use time::macros::datetime;
//!
//! let loaded = |second, generation, serial| {
//!     Event::parse(&format!(
//!         r#"{{"ts":"2026-01-01T00:00:0{second}Z","event":"identity_loaded","generation":{generation},"serial":"{serial}"}}"#
//!     ))
//!     .unwrap()
//! };
//! let log = [loaded(0, 1, "1001"), loaded(5, 2, "1002")];
//! // A second after the second generation was logged, a client is shown the first.
//! let wire = [Sighting {
//!     at: datetime!(2026-01-01 00:00:06 UTC),
//!     done: datetime!(2026-01-01 00:00:06 UTC),
//!     serial: "1001".into(),
//!     resumed: false,
//! }];
//! let lies = cross_check(&log, &wire, Duration::ZERO);
//! assert!(matches!(lies[..], [Lie::LoadedNotShown { generation: 2, .. }]));
//! ```

pub mod answers;
pub mod assertion;
mod brackets;
mod claims;
pub mod command;
pub mod contract;
mod cut;
mod elsewhere;
mod error;
mod format;
mod halves;
mod lie;
mod odd;
mod place;
pub mod read;
mod repeated;
pub mod servers;
pub mod state;
pub mod wrapped;

use std::time::Duration;

use lab::event::Event;

pub use error::Error;
pub use lie::{Lie, Sighting};

use claims::{Claims, Earlier, Explained};

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
