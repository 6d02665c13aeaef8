//! One rotation, watched: from the agent's first write to the moment from which every handshake
//! shows the new certificate. A command that says "reloaded" is not asked: only handshakes tell.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::attempt::{Attempt, Class, FailureKind, Recorder};

/// So many consecutive handshakes must show the new certificate. Where one of two workers lags, the
/// eleven after the first all meet the same one again in 1 of 2,048 cases.
const IN_A_ROW: u32 = 12;

/// Pauses between two looks.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(50);

// ANCHOR: window
/// A rotation. All moments are on the recorder's clock.
#[derive(Clone, Debug)]
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

impl Window {
    /// How long clients were shown the old certificate: from the agent's first write to the end of the
    /// first handshake that showed the new one. `None` where none did.
    pub fn new_after(&self) -> Option<Duration> {
        let first_new = self.first_new?;
        Some(first_new.saturating_sub(self.began))
    }
}
// ANCHOR_END: window

/// What came of one handshake, and of the request behind it.
#[derive(Clone, Debug, Default)]
pub struct Handshake {
    /// When the handshake was complete, before any request.
    pub done: Option<Instant>,
    /// The generation of its certificate. `None` where it was shown none that was issued.
    pub shown: Option<u32>,
    /// How the attempt failed, and what the client's library said, where it did.
    pub failed: Option<(FailureKind, String)>,
}

impl Handshake {
    /// As an attempt that was due when it began, and ends now.
    pub fn attempt(self, began: Duration, recorder: &Recorder) -> Attempt {
        let (failed, error) = self.failed.unzip();
        Attempt {
            class: Class::Full,
            due: began,
            began,
            handshake_done: self.done.map(|done| recorder.at(done)),
            done: recorder.now(),
            failed,
            error,
            shown: self.shown,
            resumed: false,
            opened: true,
            paced: false,
        }
    }
}

/// A server whose rotation is watched.
pub trait Watched {
    /// Opens a new connection with a full handshake, sends a request, and says what came of it.
    fn handshake(&mut self) -> impl Future<Output = Handshake> + Send;

    /// Whether the server still runs. One that has ended is not asked again.
    fn is_alive(&mut self) -> bool;
}

/// When a rotation was shown, on the recorder's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The end of the first handshake that showed it.
    pub first: Option<Duration>,
    /// The end of the last of as many consecutive ones as are needed.
    pub converged: Option<Duration>,
}

// ANCHOR: until_shown
/// Asks for handshakes, one after the other, until 12 consecutive ones have shown this
/// generation; until none has for as long as `within`; or until the server is not alive.
pub async fn until_shown(
    server: &mut impl Watched,
    recorder: &Recorder,
    generation: u32,
    within: Duration,
) -> Shown {
    let start = recorder.now();
    let (mut first, mut row) = (None, 0);
    loop {
        let began = recorder.now();
        let attempt = server.handshake().await.attempt(began, recorder);
        let done = attempt.handshake_done.unwrap_or(attempt.done);
        let is_new = attempt.failed.is_none() && attempt.shown == Some(generation);
        recorder.put(attempt);
        if is_new {
            first.get_or_insert(done);
            row += 1;
            if row == IN_A_ROW {
                let converged = Some(done);
                return Shown { first, converged };
            }
        } else {
            row = 0;
            // The answer is as exact as the question is frequent: to a fiftieth of it, since the
            // server has other work to do.
            let waited = recorder.now().saturating_sub(start);
            sleep((waited / 50).clamp(SHORTEST, LONGEST)).await;
        }
        // A server that begins in time may show it as often as is needed.
        if (row == 0 && recorder.now() > start + within) || !server.is_alive() {
            let converged = None;
            return Shown { first, converged };
        }
    }
}
// ANCHOR_END: until_shown
