//! Trust rotates, too: add, reissue, drain, remove.
//!
//! A root that peers depend on cannot be exchanged in one step, since not all of them change at
//! once. So for a while two are trusted. [`Stage`] says what may be done to a root when, and
//! [`roots::Roots`] holds a server to it: files ask, and it answers with what is in force.
//!
//! - [`root`]: a root by its name, and the roots that validate a chain;
//! - [`roots`]: those in force, and the clients that depend on them;
//! - [`mutual`]: the configuration of each end, by one policy;
//! - [`server`]: lets clients in by what is in force; [`client`] is the other end;
//! - [`party`]: the files of one end, for a demo or a test;
//! - [`wrong`]: how each of them goes wrong.
//!
//! # Examples
//!
//! ```
//! use ch08_trust_rotation::{Refusal, RootUsage, Stage, Step};
//!
//! // A connection depends on the root, so the root is held.
//! let held = RootUsage {
//!     connections: 1,
//!     ..RootUsage::default()
//! };
//! let draining = Stage::Trusted.after(Step::Drain, &held, false)?;
//! assert_eq!(draining.after(Step::Remove, &held, false), Err(Refusal::Held));
//! // Nothing depends on it any more.
//! let unused = RootUsage::default();
//! assert_eq!(draining.after(Step::Remove, &unused, false), Ok(Stage::Absent));
//! # Ok::<(), Refusal>(())
//! ```

pub mod client;
mod error;
pub mod mutual;
pub mod party;
pub mod root;
pub mod roots;
pub mod server;
pub mod wrong;

use std::fmt;
use std::time::Duration;

use lab::chain;
use rustls::pki_types::UnixTime;

pub use error::Error;

// ANCHOR: stage
/// What a server does with one root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The server lets no client in by this root.
    Absent,
    /// The server lets clients in by this root, and shows a leaf under another one.
    Trusted,
    /// The server lets clients in by this root, and shows a leaf under it.
    Issuing,
    /// The server lets clients in by this root, and asks those that are connected to leave and to
    /// come back by another one.
    Draining,
}

/// What is done to a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The file of trust anchors lists the root.
    Add,
    /// The server's leaf is under the root.
    Reissue,
    /// The server's leaf is under another root.
    Retire,
    /// The file of trust anchors no longer lists the root.
    Drain,
    /// From now on no client is let in by the root.
    Remove,
}
// ANCHOR_END: stage

// ANCHOR: after
impl Stage {
    /// The stage after `step`.
    ///
    /// # Errors
    /// Why the step is not taken. The stage stays.
    pub fn after(self, step: Step, usage: &RootUsage, forced: bool) -> Result<Self, Refusal> {
        use {Refusal::*, Stage::*, Step::*};
        match (self, step) {
            (Absent | Draining, Add) => Ok(Trusted),
            (Trusted | Issuing, Add) => Err(InForce),

            // A leaf that goes back under a root ends that root's drain.
            (Trusted | Issuing | Draining, Reissue) => Ok(Issuing),
            (Issuing, Retire) => Ok(Trusted),
            (Trusted | Draining, Retire) => Err(NotIssuing),

            (Trusted | Draining, Drain) => Ok(Draining),
            (Issuing, Drain | Remove) => Err(OwnLeaf),

            (Trusted | Draining, Remove) if forced => Ok(Absent),
            (Trusted, Remove) => Err(NotDrained),
            (Draining, Remove) if usage.is_nothing() => Ok(Absent),
            (Draining, Remove) => Err(Held),

            (Absent, Reissue | Retire | Drain | Remove) => Err(NotInForce),
        }
    }
}
// ANCHOR_END: after

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 4] = [Self::Absent, Self::Trusted, Self::Issuing, Self::Draining];
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 5] = [
        Self::Add,
        Self::Reissue,
        Self::Retire,
        Self::Drain,
        Self::Remove,
    ];

    /// The word in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Reissue => "reissue",
            Self::Retire => "retire",
            Self::Drain => "drain",
            Self::Remove => "remove",
        }
    }
}

/// What depends on a root: the clients that no other root lets in, and that would be lost with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RootUsage {
    /// Connections that are open, and were let in by it.
    pub connections: usize,
    /// Until when clients that were let in by it may come back with a ticket. `None` where none was
    /// given, or none counts any more.
    pub tickets_until: Option<UnixTime>,
    /// How long it must still be quiet: a client that is away between two calls is seen by nobody.
    /// `None` where it has been quiet for long enough.
    pub quiet_in: Option<Duration>,
}

impl RootUsage {
    /// Whether the root can go.
    pub fn is_nothing(&self) -> bool {
        self.connections == 0 && self.tickets_until.is_none() && self.quiet_in.is_none()
    }

    /// [`RootUsage::tickets_until`] for the log: RFC 3339.
    pub fn tickets_until_text(&self) -> Option<String> {
        self.tickets_until.map(|until| chain::date(until.as_secs()))
    }
}

/// Why a step is not taken. A closed set: these words stand in logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The root is trusted already.
    InForce,
    /// The root is not trusted.
    NotInForce,
    /// The server's own leaf is not under it.
    NotIssuing,
    /// The server's own leaf is under it.
    OwnLeaf,
    /// Nobody has been asked to leave yet.
    NotDrained,
    /// A client depends on it, or may yet come by it.
    Held,
}

impl Refusal {
    /// The word in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::NotInForce => "not_in_force",
            Self::NotIssuing => "not_issuing",
            Self::OwnLeaf => "own_leaf",
            Self::NotDrained => "not_drained",
            Self::Held => "held",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Refusal {}
