//! Chapter 11's attempts, and what a tool needs beside them: kinds of failure that reports can count,
//! connections that are kept, and whether the load came when it was due.
//!
//! This folder uses no other, and each may use it.

pub mod behind;
pub mod differs;
pub mod failure;
pub mod in_clear;
mod phase;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use ch11_verification::attempt as chapter_11;
use ch11_verification::judge::Share;
use ch11_verification::rotation::Window;
use parking_lot::Mutex;
use tokio::task::JoinError;

pub use behind::Behind;
pub use ch11_verification::attempt::Class;
pub use differs::Differs;
pub use failure::FailureKind;
pub use phase::{Phase, phase};

/// One attempt of one client, which may fail in one of these kinds.
pub type Attempt = chapter_11::Attempt<FailureKind>;

/// A connection that was kept for more than one request. It is at risk in each rotation that it meets,
/// also where no request is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The class of its client.
    pub class: Class,
    /// When it was open.
    pub from: Duration,
    /// When it ended, or the load.
    pub until: Duration,
    /// Whether a request was lost with it.
    pub lost: bool,
}

/// Crossings of a rotation by kept connections, once for each rotation that a connection met. One has
/// failed if a request was lost with the connection during that rotation.
pub fn crossings<'a>(kept: impl IntoIterator<Item = &'a Kept>, windows: &[Window]) -> Share {
    let mut crossings = Share::default();
    for connection in kept {
        let first = windows.partition_point(|window| window.end < connection.from);
        let met = windows[first..].partition_point(|window| window.began <= connection.until);
        crossings.of += met as u64;
        let last = windows[first..first + met].last();
        let is_hit = last.is_some_and(|last| last.end >= connection.until);
        crossings.failed += u64::from(connection.lost && is_hit);
    }
    crossings
}

/// All of a run: its attempts and their clock, the connections that were kept, and how punctual this
/// side was.
#[derive(Debug, Default)]
pub struct Recorder {
    attempts: chapter_11::Recorder<FailureKind>,
    kept: Mutex<Vec<Kept>>,
    graceful_closes: Mutex<Vec<Class>>,
    timed_out: Mutex<Vec<(Attempt, Duration)>>,
    steps: Mutex<BTreeMap<(Class, Duration), u32>>,
    behind: Mutex<Behind>,
}

/// The attempts.
impl Deref for Recorder {
    type Target = chapter_11::Recorder<FailureKind>;

    fn deref(&self) -> &Self::Target {
        &self.attempts
    }
}

impl Recorder {
    /// Writes a connection down that is not kept any longer.
    pub fn put_kept(&self, kept: Kept) {
        self.kept.lock().push(kept);
    }

    /// The kept connections that have ended so far.
    pub fn kept(&self) -> Vec<Kept> {
        self.kept.lock().clone()
    }

    /// A connection of this class ended as it should: the client was asked to leave, or it was
    /// closed while nothing was under way.
    pub fn graceful_close(&self, class: Class) {
        self.graceful_closes.lock().push(class);
    }

    /// How often a connection of this class ended as it should.
    pub fn graceful_closes(&self, class: Class) -> usize {
        let closes = self.graceful_closes.lock();
        closes.iter().filter(|of| **of == class).count()
    }

    /// A request met the end of a server's time-out, and was asked again: as it would have failed, and for how long
    /// its connection had been idle.
    pub fn put_timed_out(&self, attempt: Attempt, idle: Duration) {
        self.timed_out.lock().push((attempt, idle));
    }

    /// Those requests.
    pub fn timed_out(&self) -> Vec<(Attempt, Duration)> {
        self.timed_out.lock().clone()
    }

    /// A conversation of this class, which was `due` then, has ended after so many steps.
    pub fn put_steps(&self, class: Class, due: Duration, steps: u32) {
        self.steps.lock().insert((class, due), steps);
    }

    /// After how many steps conversations of this class have ended, by when each was due.
    pub fn steps(&self, class: Class) -> BTreeMap<Duration, u32> {
        let steps = self.steps.lock();
        let of_class = steps.iter().filter(|((of, _), _)| *of == class);
        of_class.map(|((_, due), steps)| (*due, *steps)).collect()
    }

    /// An attempt that was `due` begins now: late, if this side was slow.
    pub fn begins(&self, due: Duration) {
        let now = self.now();
        self.behind.lock().begins(due, now);
    }

    /// An attempt was not made, because too many others were still under way.
    pub fn dropped(&self) {
        self.behind.lock().not_made += 1;
    }

    /// How far this side fell behind.
    pub fn fell_behind(&self) -> Behind {
        self.behind.lock().clone()
    }
}

/// Whether a connection has come to this age, or nearly so. Servers spread the ends of their connections, so that not all
/// clients come back at once: grpc-go does so by a tenth, in both directions.
pub fn is_as_old(age: Duration, as_old_as: Duration) -> bool {
    age * 5 >= as_old_as * 4
}

/// What has brought a server to end conversations while nothing was rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnEnd {
    /// They were so old.
    Ages(Ages),
    /// They had so many steps, whatever their age.
    Steps(u32),
}

/// At which ages a server has ended conversations while nothing was rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    /// That of the youngest.
    pub youngest: Duration,
    /// That of the oldest.
    pub oldest: Duration,
}

impl Ages {
    /// These, and one more.
    pub fn with(self, age: Duration) -> Self {
        Self {
            youngest: self.youngest.min(age),
            oldest: self.oldest.max(age),
        }
    }
}

/// Passes a panic on. An attempt that panicked is missing from the count, so a verdict without it would
/// be too good.
pub fn finished<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended {
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        ended => ended.ok(),
    }
}
