//! A connection that ends at the moment of a request.

use std::future::{pending, ready};
use std::time::Duration;

use ch06_in_flight_requests::ending::Ending;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

/// hyper may leave a request in the queue of a connection that ends just then. Without a look at the end, the
/// client waits for the answer until its own bound.
#[tokio::test(start_paused = true)]
async fn a_request_that_was_left_in_the_queue_is_over_with_its_connection() {
    let ending = Ending::of(ready(()));
    let began = Instant::now();
    let answer = timeout(Duration::from_secs(60), ending.or(pending::<()>()));
    assert_eq!(answer.await.expect("it waits on"), None);
    assert!(began.elapsed() <= Duration::from_secs(1));
}

/// Over HTTP/2 another task hands the answer over, and may run after the connection's.
#[tokio::test(start_paused = true)]
async fn an_answer_that_arrived_before_the_end_counts() {
    let ending = Ending::of(ready(()));
    let (answers, answered) = oneshot::channel();
    tokio::spawn(async move {
        sleep(Duration::from_millis(500)).await;
        answers.send("hello").expect("the answer is waited for");
    });
    assert_eq!(ending.or(answered).await, Some(Ok("hello")));
}

/// As long as the connection lasts, only its client's patience ends the wait.
#[tokio::test(start_paused = true)]
async fn a_connection_that_lasts_is_waited_for() {
    let ending = Ending::of(pending::<()>());
    let waited = timeout(Duration::from_secs(3600), ending.or(pending::<()>()));
    assert!(
        waited.await.is_err(),
        "the wait ended before the connection"
    );
}

/// The end is the same for each that asks, and as often as it is asked for.
#[tokio::test(start_paused = true)]
async fn the_end_can_be_waited_for_more_than_once() {
    let ending = Ending::of(ready(()));
    let waited = timeout(Duration::from_secs(60), async {
        ending.ended().await;
        ending.clone().ended().await;
        ending.or(pending::<()>()).await
    });
    assert_eq!(waited.await.expect("the end is not seen"), None);
}
