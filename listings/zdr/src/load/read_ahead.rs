//! When a long answer was cut. It is taken at a pace, so some of it lies in buffers: what the server cut
//! now would be found when those are empty, some time later. So at the end of each rotation all long
//! answers are read ahead by as much as buffers hold, and what is found then is dated to that end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Those who read long answers, and how often they were asked to read ahead.
#[derive(Debug, Default)]
pub struct ReadAhead(watch::Sender<Rounds>);

#[derive(Debug, Default)]
struct Rounds {
    asked: u64,
    /// When they were asked last, on the recorder's clock.
    at: Duration,
    readers: u64,
    /// The last round of each reader that is at work.
    done: BTreeMap<u64, u64>,
}

impl ReadAhead {
    /// Has everybody read ahead at this moment, and waits until they have, for as long as `within`.
    pub async fn all(&self, at: Duration, within: Duration) {
        let mut rounds = self.0.subscribe();
        self.0.send_modify(|rounds| {
            rounds.asked += 1;
            rounds.at = at;
        });
        let asked = self.0.borrow().asked;
        let all = rounds.wait_for(|rounds| rounds.done.values().all(|done| *done >= asked));
        // One that still reads has a server that does not send: that is found as what it is.
        let _ = timeout(within, all).await;
    }

    /// How many read a long answer at this moment.
    pub(crate) fn readers(&self) -> usize {
        self.0.borrow().done.len()
    }

    /// Somebody who reads a long answer from now on, until this is dropped.
    pub(super) fn reader(self: &Arc<Self>) -> Reader {
        let (mut number, mut round) = (0, 0);
        self.0.send_modify(|rounds| {
            rounds.readers += 1;
            (number, round) = (rounds.readers, rounds.asked);
            rounds.done.insert(number, round);
        });
        Reader {
            number,
            round,
            asked: self.0.subscribe(),
            all: self.clone(),
        }
    }
}

/// Somebody who reads a long answer.
pub(super) struct Reader {
    number: u64,
    round: u64,
    asked: watch::Receiver<Rounds>,
    all: Arc<ReadAhead>,
}

impl Reader {
    /// Waits until it is to read ahead, and says since when.
    pub async fn asked(&mut self) -> Duration {
        let round = self.round;
        let asked = self.asked.wait_for(|rounds| rounds.asked > round).await;
        let asked = asked.map(|rounds| (rounds.asked, rounds.at));
        let Ok((round, at)) = asked else {
            // It holds the other end itself.
            return std::future::pending().await;
        };
        self.round = round;
        at
    }

    /// It has read as far as it was to.
    pub fn done(&mut self) {
        let (number, round) = (self.number, self.round);
        self.all.0.send_modify(|rounds| {
            rounds.done.insert(number, round);
        });
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let number = self.number;
        self.all.0.send_modify(|rounds| {
            rounds.done.remove(&number);
        });
    }
}
