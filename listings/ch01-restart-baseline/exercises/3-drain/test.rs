//! What is wanted of `drain`. Each function is a check, and its comment says what has to hold.
//!
//! The clock is virtual: it stands still while anything can run, and jumps to the next timer when nothing can.

use std::future::{self, poll_fn};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use exercise_bench::Port;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, pause, sleep, timeout};

use super::exercise::drain;

const GRACE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// Connections that need so many seconds more, each a task, and how many have got to their end.
fn connections(seconds: &[u64]) -> (JoinSet<()>, Arc<AtomicUsize>) {
    let (mut serving, whole) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for seconds in seconds.iter().copied() {
        let whole = whole.clone();
        serving.spawn(async move {
            sleep(Duration::from_secs(seconds)).await;
            whole.fetch_add(1, Relaxed);
        });
    }
    (serving, whole)
}

fn listener(port: &Port) -> TcpListener {
    let listener = port.listen();
    listener.set_nonblocking(true).unwrap();
    TcpListener::from_std(listener).unwrap()
}

/// Drains, and returns how many were cut and how long it took.
async fn drained(port: &Port, serving: JoinSet<()>) -> (usize, Duration) {
    drained_within(port, serving, GRACE).await
}

/// The same with another grace period.
async fn drained_within(port: &Port, serving: JoinSet<()>, grace: Duration) -> (usize, Duration) {
    let began = Instant::now();
    let draining = drain(listener(port), serving, grace);
    let Ok(cut) = timeout(HOUR, draining).await else {
        panic!(
            "The grace period is {grace:?}, and the process had not ended after an hour: one connection was not done. \
             A client that never ends must not keep the process."
        );
    };
    (cut, began.elapsed())
}

/// A connection that is done within the grace period is not cut.
pub async fn what_ends_within_the_grace_period_is_not_cut() {
    pause();
    let (serving, whole) = connections(&[5, 29]);
    let (cut, _) = drained(&Port::reserve(), serving).await;
    let whole = whole.load(Relaxed);
    assert!(
        whole == 2,
        "Two connections needed 5 s and 29 s more, the grace period is 30 s, and {} of them were cut. To close \
         the listener keeps new clients out; the open connections still have to be waited for.",
        2 - whole
    );
    assert!(
        cut == 0,
        "Both connections got to their end, and the answer is that {cut} were cut. `serving.len()` also counts tasks that \
         are done, until `join_next` has taken them out."
    );
}

/// A connection that is not done when the grace period is over is cut, and counted.
pub async fn what_takes_longer_is_cut_and_counted() {
    pause();
    let (mut serving, _) = connections(&[5, 31]);
    let held = Arc::new(());
    let of_task = held.clone();
    serving.spawn(async move {
        let _of_task = of_task;
        future::pending().await
    });
    let (cut, took) = drained(&Port::reserve(), serving).await;
    let left = Arc::strong_count(&held) - 1;
    assert!(
        cut == 2,
        "Of three connections one was done after 5 s, one needed 31 s and one never ends. Two had to be cut after \
         30 s, and the answer is {cut}."
    );
    assert!(
        took.as_secs() == GRACE.as_secs(),
        "The grace period is 30 s, and the process ended after {took:?}."
    );
    assert!(
        left == 0,
        "The grace period was over, and the answer says what was cut. But the task of a connection that never ends still runs: its client waits on, and is told nothing. \
         `detach_all` lets tasks go on, and `abort_all` does not wait until they have ended; `shutdown` does both."
    );
    how_long_the_grace_period_is_is_told().await;
}

/// Another service has another one.
async fn how_long_the_grace_period_is_is_told() {
    for grace in [
        GRACE * 4,
        Duration::from_secs(7),
        Duration::from_millis(1500),
    ] {
        let (mut serving, whole) = connections(&[1, 100]);
        serving.spawn(future::pending());
        let (cut, took) = drained_within(&Port::reserve(), serving, grace).await;
        let (whole, done) = (whole.load(Relaxed), if grace > GRACE { 2 } else { 1 });
        assert!(
            (whole, cut) == (done, 3 - done) && took.abs_diff(grace) <= Duration::from_millis(100),
            "The grace period of this service is {grace:?}. Of three connections one needed 1 s, one 100 s, and one never ends. {whole} of them got to their end, the answer is that {cut} were cut, and the \
             process ended after {took:?}. How long the grace period is, `drain` is told as `grace`."
        );
    }
}

/// When no connection is left, the process ends at once.
pub async fn it_ends_as_soon_as_no_connection_is_left() {
    pause();
    let (serving, _) = connections(&[5]);
    // Neither a whole number of seconds nor of halves is left.
    sleep(Duration::from_millis(300)).await;
    let (_, took) = drained(&Port::reserve(), serving).await;
    assert!(
        took.abs_diff(Duration::from_millis(4700)) < Duration::from_millis(100),
        "The last connection was done after 4.7 s, and the process ended after {took:?}. Until it ends, no process answers \
         the port: without a second process, the gap is as long as the drain. `join_next` ends when a task does, so nothing has to be looked at every so often."
    );
    a_process_without_a_connection_ends_at_once().await;
    no_grace_at_all_is_a_grace_period_as_well().await;
}

/// As at a second signal, by which an operator says that no connection is to be waited for.
async fn no_grace_at_all_is_a_grace_period_as_well() {
    let (serving, whole) = connections(&[0, 4]);
    // One of the two is done before the drain begins, and is still in the set.
    sleep(Duration::from_secs(1)).await;
    let begun = whole.load(Relaxed);
    let (cut, took) = drained_within(&Port::reserve(), serving, Duration::ZERO).await;
    assert!(
        begun == 1 && cut == 1 && took < Duration::from_millis(100),
        "The grace period is zero: no connection is waited for. One connection was done before the drain began, and one needed 3 s more, the answer is that {cut} were cut, and the process ended after {took:?}. Zero is a time as each other one, and no \
         word for forever. `serving.len()` also counts tasks that are done, until `join_next` has taken them out."
    );
}

/// As at night.
async fn a_process_without_a_connection_ends_at_once() {
    let port = Port::reserve();
    let mut draining = pin!(drained(&port, JoinSet::new()));
    let ended = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| draining.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await;
    assert!(
        matches!(ended, Some((0, took)) if took < Duration::from_millis(100)),
        "No client was connected when the process was to end. `drain` {}. With no task in the set, `join_next` returns `None` the first time.",
        match ended {
            Some((cut, took)) => format!("says that {cut} were cut, and ended after {took:?}"),
            None => "panicked".to_owned(),
        }
    );
}

/// While the process drains, no client is let in.
pub async fn no_client_is_let_in_meanwhile() {
    pause();
    let port = Port::reserve();
    let address = port.address();
    let (mut serving, _) = connections(&[10]);
    let came_in = Arc::new(AtomicUsize::new(0));
    let counted = came_in.clone();
    serving.spawn(async move {
        sleep(Duration::from_secs(1)).await;
        if TcpStream::connect(address).is_ok() {
            counted.fetch_add(1, Relaxed);
        }
    });
    drained(&port, serving).await;
    assert!(
        came_in.load(Relaxed) == 0,
        "A client came in while the process drained. It is accepted no more, and when the process ends it is reset. \
         Had the listener been closed first, the client could have gone to another process."
    );
}

/// A connection whose task panics keeps no other from its end.
pub async fn one_that_panics_keeps_no_other_from_its_end() {
    pause();
    let (mut serving, whole) = connections(&[5]);
    let panicked = Arc::new(AtomicUsize::new(0));
    let counted = panicked.clone();
    serving.spawn(async move {
        sleep(Duration::from_secs(1)).await;
        counted.fetch_add(1, Relaxed);
        // A panic without the words that one writes to stderr.
        resume_unwind(Box::new("a bug in a handler"));
    });
    let port = Port::reserve();
    let mut draining = pin!(drained(&port, serving));
    let ended = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| draining.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Some),
            Err(_) if panicked.load(Relaxed) > 0 => Poll::Ready(None),
            Err(other) => resume_unwind(other),
        }
    })
    .await;
    let Some((cut, took)) = ended else {
        panic!(
            "The task of one connection panicked after 1 s, and `drain` panicked with it: it has taken for granted that each task ends well, as `unwrap` and `join_all` do. The process then ends, and cuts each connection that is open. \
             `join_next` returns `Some(Err(…))` for a task that panicked, and that is no reason to panic as well."
        )
    };
    assert!(
        whole.load(Relaxed) == 1 && cut == 0,
        "The task of one connection panicked after 1 s. Another connection needed 5 s, the grace period is 30 s, and the process ended after \
         {took:?} with the answer {cut}: of two connections {} got to its end. `join_next` returns `Some(Err(…))` for a task that panicked, and `None` \
         when none is left. A fault of one connection must not cut the others.",
        whole.load(Relaxed)
    );
}
