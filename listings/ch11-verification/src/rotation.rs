//! One rotation, watched: from the agent's first write to the moment from which every handshake
//! shows the new certificate. A command that says "reloaded" is not asked: only handshakes tell.

use std::time::Duration;

use tokio::time::sleep;

use crate::attempt::{Attempt, Recorder};

/// So many consecutive handshakes must show the new certificate. Where one of two workers lags, the
/// eleven after the first all meet the same one again in 1 of 2,048 cases.
const IN_A_ROW: u32 = 12;

/// The shortest and the longest pause between two looks.
const PAUSES: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(50)];

// ANCHOR: window
/// A rotation. All moments are on the recorder's clock.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// The generation that was written.
    pub generation: u32,
    /// The serial of its certificate, in hex.
    pub serial: String,
    /// When the agent began to write.
    pub began: Duration,
    /// When the files were written, and the server notified where it is notified at all.
    pub notified: Duration,
    /// The end of the first handshake that showed it.
    pub first_new: Option<Duration>,
    /// The end of the last of as many consecutive handshakes as are needed.
    pub converged: Option<Duration>,
    /// When the watch ended, whether the new certificate was shown or not.
    pub end: Duration,
    /// The error that notifying the server ended with, where it did.
    pub complaint: Option<String>,
}
// ANCHOR_END: window

// ANCHOR: met
/// The rotation that can have hurt an attempt: one that was in progress at any moment of it. What is
/// long, such as a download, meets many rotations; what counts is when it ended.
pub fn during<'a, F>(attempt: &Attempt<F>, windows: &'a [Window]) -> Option<&'a Window> {
    // Sorted by time: the first that has not ended before the attempt began.
    let next = windows.partition_point(|window| window.end < begin(attempt));
    let next = windows.get(next)?;
    (next.began <= attempt.done).then_some(next)
}

/// How many rotations an attempt met, and could have failed in. A request meets one at most as a rule;
/// a download that lasts for the whole run meets all of them.
pub fn rotations_met<F>(attempt: &Attempt<F>, windows: &[Window]) -> u64 {
    let first = windows.partition_point(|window| window.end < attempt.due);
    windows[first..].partition_point(|window| window.began <= attempt.done) as u64
}
// ANCHOR_END: met

/// When an attempt can have begun to fail.
pub fn begin<F>(attempt: &Attempt<F>) -> Duration {
    let is_long = attempt.class.is_long() || !(attempt.paced || attempt.opened);
    if is_long { attempt.done } else { attempt.due }
}

/// Whether the last handshake before the next rotation was shown what had been replaced, though
/// others had been shown the new one.
pub fn went_back<F>(attempts: &[Attempt<F>], window: &Window, next: Option<&Window>) -> bool {
    let until = next.map_or(Duration::MAX, |next| next.began);
    let in_stretch = |of: &&Attempt<F>| of.began >= window.began && of.done <= until;
    let full = |of: &&Attempt<F>| of.opened && !of.resumed && of.failed.is_none();
    let shown = attempts.iter().filter(in_stretch).filter(full);
    let last = shown.filter_map(|of| Some((of.began, of.shown?))).max();
    window.first_new.is_some() && last.is_some_and(|(_, shown)| shown < window.generation)
}

/// A server whose rotation is watched.
pub trait Watched<F> {
    /// Opens a new connection with a full handshake, sends a request, and says what came of it.
    fn handshake(&mut self) -> impl Future<Output = Attempt<F>> + Send;

    /// Whether the server still runs. One that has ended is not asked again.
    fn is_alive(&mut self) -> bool {
        true
    }
}

// ANCHOR: until_shown
/// Asks for handshakes, one after the other, until 12 consecutive ones have shown this
/// generation; until none has for as long as `within`; or until the server is not alive. Returns the
/// end of the first handshake that showed it, and of the last of the 12.
pub async fn until_shown<F: Clone>(
    server: &mut impl Watched<F>,
    recorder: &Recorder<F>,
    generation: u32,
    within: Duration,
) -> (Option<Duration>, Option<Duration>) {
    let start = recorder.now();
    let (mut first, mut row) = (None, 0);
    loop {
        let attempt = server.handshake().await;
        let began = attempt.began;
        let done = attempt.handshake_done.unwrap_or(attempt.done);
        let is_new = attempt.failed.is_none() && attempt.shown == Some(generation);
        recorder.put(attempt);
        if is_new {
            first.get_or_insert(done);
            row += 1;
            if row == IN_A_ROW {
                return (first, Some(done));
            }
        } else {
            row = 0;
            // The answer is exact to a fiftieth: the server has other work to do.
            let waited = recorder.now().saturating_sub(start);
            sleep((waited / 50).clamp(PAUSES[0], PAUSES[1])).await;
        }
        // Asked in time is in time: this side may have stood still since, and a row takes what it takes.
        if (row == 0 && began > start + within) || !server.is_alive() {
            return (first, None);
        }
    }
}
// ANCHOR_END: until_shown
