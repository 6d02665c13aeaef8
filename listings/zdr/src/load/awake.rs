//! Patience that counts only while this side runs. A machine that lets `zdr` stand still for seconds says nothing
//! about the server: its answer may have come meanwhile, and what follows it has not been asked for yet.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// A wait is made of so many. One that takes longer counts as two, however long this side stood still in it.
const STEPS: u32 = 8;

/// Waits for `work` for as long as `patience`, not counting while this side stands still; `None` where it is not
/// done by then.
pub(super) async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = awake(patience) => None,
    }
}

/// Waits for as long as this, not counting while this side stands still.
async fn awake(patience: Duration) {
    let step = patience / STEPS;
    let mut left = patience;
    while !left.is_zero() {
        let began = Instant::now();
        sleep(step.min(left)).await;
        left = left.saturating_sub(began.elapsed().min(step * 2));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, advance};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_as_long_after_a_standstill_as_before_it() {
        let answer = async {
            for _ in 0..2 {
                // All timers are late by this, as in a process that was stopped.
                advance(PATIENCE * 10).await;
                sleep(PATIENCE / 20).await;
            }
        };
        assert_eq!(within(PATIENCE, answer).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn while_this_side_runs_patience_ends_when_it_is_over() {
        let began = Instant::now();
        assert_eq!(within(PATIENCE, sleep(PATIENCE * 2)).await, None);
        let slack = Duration::from_millis(u64::from(STEPS));
        assert!((PATIENCE..=PATIENCE + slack).contains(&began.elapsed()));
        assert_eq!(within(Duration::ZERO, sleep(PATIENCE)).await, None);
        assert_eq!(within(PATIENCE, sleep(PATIENCE / 2)).await, Some(()));
    }
}
