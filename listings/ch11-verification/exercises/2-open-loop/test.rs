//! What is wanted of `latencies`. Each function is a check, and its comment says what has to hold.
//!
//! The clock is virtual. It stands still while anything can go on.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, advance, pause, sleep, sleep_until, timeout};

use super::exercise::latencies;

const EVERY: Duration = Duration::from_millis(100);

/// How long an answer takes where nothing is wrong.
const QUICK: Duration = Duration::from_millis(5);

/// The clock has steps of a millisecond.
const STEP: Duration = Duration::from_millis(2);

/// So many users of a server that answers no user between two seconds and four, and all others at once.
async fn during_a_stall(count: u32) -> Vec<Duration> {
    pause();
    let begin = Instant::now();
    let [stalls, goes_on] = [2, 4].map(|seconds| begin + Duration::from_secs(seconds));
    let server = move |_| async move {
        if (stalls..goes_on).contains(&Instant::now()) {
            sleep_until(goes_on).await;
        }
        sleep(QUICK).await;
    };
    measured(latencies(count, EVERY, server)).await
}

/// So many users of a server that takes a second for each answer, and gives as many at once as are wanted.
async fn slow(count: u32, every: Duration) -> Vec<Duration> {
    takes(Duration::from_secs(1), count, every).await
}

/// The same where an answer takes so long.
async fn takes(long: Duration, count: u32, every: Duration) -> Vec<Duration> {
    measured(latencies(count, every, move |_| async move {
        sleep(long).await
    }))
    .await
}

async fn measured(latencies: impl Future<Output = Vec<Duration>>) -> Vec<Duration> {
    within(Duration::from_secs(3600), latencies).await
}

/// As long as that, and as all answers take.
async fn within(all: Duration, latencies: impl Future<Output = Vec<Duration>>) -> Vec<Duration> {
    let measured = timeout(all, latencies).await;
    measured.unwrap_or_else(|_| {
        panic!("All answers had come, and an hour later `latencies` had not ended.")
    })
}

/// A user who comes while the server stalls has met the stall, and not the first of them alone.
pub async fn each_who_comes_during_a_stall_has_met_it() {
    let waited = during_a_stall(60).await;
    let met = waited.iter().filter(|waited| **waited > QUICK * 2).count();
    assert!(
        met > 1,
        "The server answered no user from 2 s to 4 s. 20 users came in that time, and {met} of your figures show the stall: as if only one \
         of them had come, or each had come when the one before was answered. A user's wait counts from when it was due."
    );
    assert!(
        (19..=24).contains(&met),
        "The server answered no user from 2 s to 4 s. 20 users came in that time, and {met} of your figures show the stall."
    );
}

/// A slow answer does not delay the next attempt.
pub async fn a_slow_answer_does_not_delay_the_next_attempt() {
    pause();
    for (count, every) in [(10, EVERY), (2000, Duration::from_millis(1))] {
        let waited = slow(count, every).await;
        let longest = waited.iter().max().copied().unwrap_or_default();
        assert!(
            longest <= Duration::from_secs(1) + STEP,
            "This server takes a second for each answer, and answers any number at once. A user came every {every:?}, {count} in all, and by \
             your figures one of them waited {longest:?}. That is your own queue rather than the server's: begin each attempt when it is due, \
             however many are under way."
        );
    }
    let long = Duration::from_secs(30);
    let waited = takes(long, 25_000, Duration::from_millis(1)).await;
    let longest = waited.iter().max().copied().unwrap_or_default();
    assert!(
        longest <= long + STEP,
        "This server takes {long:?} for each answer, and 25,000 users came within 25 seconds. By your figures one of them waited {longest:?}. A bound on how many attempts are under way is a \
         queue of your own, however high it is."
    );
}

/// The wait counts from the moment when a user came.
pub async fn the_wait_counts_from_when_it_was_due() {
    let waited = during_a_stall(60).await;
    for (number, wanted) in [(10, 5), (21, 1905), (30, 1005), (39, 105), (50, 5)] {
        let (waited, wanted) = (
            waited.get(number).copied().unwrap_or_default(),
            Duration::from_millis(wanted),
        );
        assert!(
            waited.abs_diff(wanted) <= STEP,
            "User {number} came at {:?}. The server, which stalls from 2 s to 4 s and needs 5 ms otherwise, answered {wanted:?} later. Your figure for \
             this user is {waited:?}. The first user comes at the start itself, and each other moment is worked out from it: pauses \
             that are added up drift.",
            EVERY * number as u32
        );
    }
    each_moment_is_worked_out_to_its_last_digit().await;
    a_program_that_stood_still_counts_as_well().await;
}

/// Users that come at parts of a millisecond.
async fn each_moment_is_worked_out_to_its_last_digit() {
    let opens = Instant::now() + Duration::from_secs(2);
    let every = Duration::from_micros(1500);
    let waited = measured(latencies(1000, every, move |_| sleep_until(opens))).await;
    for number in [500, 999] {
        let due = every * number;
        let wanted = Duration::from_secs(2) - due;
        // A user that is missing is counted by another check.
        let figure = waited.get(number as usize).copied().unwrap_or(wanted);
        assert!(
            figure.abs_diff(wanted) <= STEP,
            "A user came every {every:?}, to a server that answers no user before 2 s. User {number} came at {due:?} and waited for {wanted:?}, and your figure is {figure:?}. \
             A pause is no whole number of milliseconds: calculate with `Duration` itself."
        );
    }
}

/// As on a busy machine: the program that measures wakes late.
async fn a_program_that_stood_still_counts_as_well() {
    let still = Duration::from_secs(3);
    let stands_still = move |number| async move {
        if number == 5 {
            advance(still).await;
        }
    };
    let waited = measured(latencies(8, EVERY, stands_still)).await;
    // A user that is missing is counted by another check.
    for (number, waited) in waited.iter().enumerate().skip(6) {
        let due = EVERY * number as u32;
        let wanted = EVERY * 5 + still - due;
        assert!(
            waited.abs_diff(wanted) <= STEP,
            "At 500 ms your own program stood still for three seconds, as on a busy machine. User {number} came at {due:?} and could be served {wanted:?} later, and your figure is {waited:?}. \
             Count from the moment when a user was due, rather than from that in which your loop woke up, and begin at once what is due already."
        );
    }
}

/// The figures are in the order in which the users came.
pub async fn the_order_is_that_in_which_they_came() {
    pause();
    let first_is_slow = |number| async move {
        sleep(if number == 0 {
            Duration::from_secs(1)
        } else {
            QUICK
        })
        .await;
    };
    let waited = measured(latencies(5, EVERY, first_is_slow)).await;
    let slowest = waited.iter().position(|waited| *waited > QUICK * 10);
    assert!(
        waited.len() < 5 || slowest == Some(0),
        "User 0 waited for a second, and was overtaken by users 1 to 4. Your figures are {waited:?}: in the order in which the answers \
         came, and not in that in which the users did."
    );
}

/// No user is left out, be the answer ever so slow.
pub async fn nobody_is_left_out() {
    pause();
    let waited = slow(10, EVERY).await;
    assert!(
        waited.len() <= 10,
        "10 users came, and you have {} figures: one of your users was not asked for. The numbers go from 0 to 9.",
        waited.len()
    );
    assert!(
        waited.len() == 10,
        "10 users came to a server that takes a second for each answer, and you have {} figures. Wait for all answers when the last user has come: \
         the slow ones are what a percentile is made of.",
        waited.len()
    );
    let (patience, hour) = (Duration::from_secs(60), Duration::from_secs(3600));
    let week = hour * 24 * 7;
    let answers = latencies(1, EVERY, |_| async move { sleep(week).await });
    let waited = within(week + hour, answers).await;
    assert!(
        waited.iter().all(|waited| *waited >= week),
        "One user came, and the answer took a week. Your figure is {waited:?}. To give up after {patience:?} or so, and to count that as the wait, \
         hides how long the server really took."
    );
    let none = measured(latencies(0, EVERY, |_| async { sleep(QUICK).await })).await;
    assert!(
        none.is_empty(),
        "No user came, and the figures are {none:?}."
    );
}

/// An attempt that panics is not left out, and is no quick answer.
pub async fn an_attempt_that_panics_is_not_left_out() {
    pause();
    let second = Duration::from_secs(1);
    let panicked = Arc::new(AtomicBool::new(false));
    let panics = |number| {
        let panicked = panicked.clone();
        async move {
            sleep(second).await;
            panicked.fetch_or(number == 3, Ordering::Relaxed);
            assert!(
                number != 3,
                "This panic of user 3's attempt is the check's own."
            );
        }
    };
    let mut measuring = pin!(latencies(5, EVERY, panics));
    let caught = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| measuring.as_mut().poll(context)));
        match polled {
            Ok(waited) => waited.map(Some),
            // To pass the panic on is right.
            Err(_) if panicked.load(Ordering::Relaxed) => Poll::Ready(None),
            Err(other) => resume_unwind(other),
        }
    });
    let Ok(waited) = timeout(second * 3600, caught).await else {
        panic!(
            "5 users came, and the attempt of user 3 panicked. `latencies` had not ended an hour later: it waits for a figure that never comes."
        )
    };
    let Some(waited) = waited else { return };
    assert!(
        waited.len() == 5 && waited.iter().all(|waited| *waited >= second),
        "5 users came, and each waited for a second. Then the attempt of user 3 panicked. Your figures are {waited:?}. A user who got no answer is not \
         missing, and had none in no time: give that user a figure, or pass the panic on, as `expect` does."
    );
}
