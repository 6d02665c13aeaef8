//! One rotation, watched: from the agent's first write to the moment from which every handshake
//! shows the new certificate.

use std::time::Duration;

use tokio::time::sleep;

use crate::attempt::{Attempt, FailureKind, Recorder};

/// So many handshakes in a row must show the new certificate. With two workers, one of which lags,
/// all of them meet the other one in 1 of 2,048 cases.
const IN_A_ROW: u32 = 12;

/// Pauses between two looks.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(50);

/// A rotation, in the recorder's time.
#[derive(Clone, Debug)]
pub struct Window {
    /// The generation that was written.
    pub generation: u32,
    /// Its serial.
    pub serial: String,
    /// The agent begins to write.
    pub began: Duration,
    /// The files are there, and the server has been told.
    pub notified: Duration,
    /// The first handshake that shows it is complete.
    pub first_new: Option<Duration>,
    /// As many in a row have shown it as are asked for.
    pub converged: Option<Duration>,
    /// It is over, one way or the other.
    pub end: Duration,
    /// What the way of reloading complained of.
    pub complaint: Option<String>,
}

/// What a handshake has shown.
pub struct Handshake {
    /// The generation of its certificate, where that was issued by the agent.
    pub shown: Option<u32>,
    /// How the attempt failed, and what the client's library said, where it did.
    pub failed: Option<(FailureKind, String)>,
}

/// A server whose rotation is watched.
pub trait Watched {
    /// Opens a new connection with a full handshake, and says what that showed.
    fn handshake(&mut self) -> impl Future<Output = Handshake> + Send;

    /// Whether the server still runs. One that has ended is asked no more.
    fn is_alive(&mut self) -> bool;
}

/// When a rotation was shown, in the recorder's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The end of the first handshake that showed it.
    pub first: Option<Duration>,
    /// The end of the last of as many consecutive ones as are needed.
    pub converged: Option<Duration>,
}

// ANCHOR: until_shown
/// Asks for handshakes, one after the other, until [`IN_A_ROW`] consecutive ones have shown this
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
        let Handshake { shown, failed } = server.handshake().await;
        let done = recorder.now();
        let is_new = failed.is_none() && shown == Some(generation);
        recorder.put(Attempt::handshake(began, done, shown, failed));
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
