//! What a keeper knows of its looks, and what it counts.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ch02_hot_reload::identity::{Reason, Rejected};
use ch05_race_conditions::Options;
use rustls::pki_types::UnixTime;
use tokio::time::Instant;

use crate::budget::Window;

/// What only rises.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    // Looks that ended in a rejection, in the order of `Reason::ALL`.
    pub(crate) rejections: [AtomicU64; Reason::ALL.len()],
    pub(crate) restarts: AtomicU64,
    pub(crate) clock_steps: AtomicU64,
    pub(crate) handshakes_completed: AtomicU64,
    pub(crate) handshakes_failed: AtomicU64,
    pub(crate) accepts_failed: AtomicU64,
}

/// What the last look found.
#[derive(Debug)]
pub(crate) struct State {
    // By tokio's clock, which nobody steps.
    pub(crate) looked: Instant,
    // What was wrong with the files, so that the next look can tell whether it is news.
    pub(crate) told: Option<Rejected>,
    // Since when each look has found something wrong with the files, and with the trust anchors.
    pub(crate) rejected: Lasting,
    pub(crate) distrusted: Lasting,
    // Events are wanted, and cannot be had.
    pub(crate) degraded: bool,
    // There is something to serve, and the port of the clients cannot be had.
    pub(crate) deaf: bool,
    // Since when each look has found that today's trust anchors do not accept what is served.
    pub(crate) objected: Lasting,
    // What a peer with them has against it, once that has been so for a while.
    pub(crate) objection: Option<Rejected>,
    // The generation whose window this is; parsed once, not in each handshake.
    pub(crate) window: (u64, Option<Window>),
    // Both clocks at the last alarm, to see that one was stepped against the other.
    pub(crate) clocks: Option<(UnixTime, Instant)>,
}

impl State {
    /// A look has ended, and found that peers have this against what is served. A bundle that is cut between
    /// two authorities is whole: only time tells it from a removal.
    pub(crate) fn looked(&mut self, now: Instant, objection: Option<Rejected>) {
        self.looked = now;
        self.objected.note(objection.is_some(), now);
        let believed = self.objected.so_far() >= Options::default().settle;
        self.objection = objection.filter(|_| believed);
    }
}

/// What each look has found for a while.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lasting(Option<(Instant, Duration)>);

impl Lasting {
    /// Takes what a look found that ended at `now`.
    pub(crate) fn note(&mut self, found: bool, now: Instant) {
        let began = self.0.map_or(now, |(began, _)| began);
        self.0 = found.then(|| (began, now - began));
    }

    /// From the first look that found it to the last one. A single look makes zero: a writer may
    /// have been at work.
    pub(crate) fn so_far(self) -> Duration {
        self.0.map_or(Duration::ZERO, |(_, so_far)| so_far)
    }
}
