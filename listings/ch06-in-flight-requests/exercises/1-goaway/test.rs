//! What is wanted of `serve`. Each function is a check, and its comment says what has to hold.
//!
//! Client and server are two ends in memory, and the clock is virtual: it jumps to the next timer when nothing can go on.

use std::convert::Infallible;
use std::error::Error;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncWriteExt, copy_bidirectional, duplex};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn};
use tokio::time::{Instant, pause, sleep, timeout};

use super::exercise::{End, serve};

const GRACE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// A server with one client. Each request waits until `finish` lets one of them go on.
struct Bench {
    sender: SendRequest<String>,
    served: JoinHandle<(End, Instant)>,
    due: Arc<Notify>,
    finish: Arc<Notify>,
    /// How many requests have reached the server.
    came: Arc<AtomicUsize>,
    /// From here on the client is gone, in the middle of a frame.
    vanish: Arc<Notify>,
}

async fn bench() -> Bench {
    pause();
    bench_with(GRACE).await
}

/// The same with another grace period. The clock is paused.
async fn bench_with(grace: Duration) -> Bench {
    let (near, mut wire_near) = duplex(64 * 1024);
    let (mut wire_far, far) = duplex(64 * 1024);
    let vanish = Arc::new(Notify::new());
    let vanishes = vanish.clone();
    spawn(async move {
        tokio::select! {
            _ = copy_bidirectional(&mut wire_near, &mut wire_far) => {}
            () = vanishes.notified() => {
                // The beginning of a frame, and no more.
                let _ = wire_far.write_all(&[0, 0, 9]).await;
            }
        }
    });
    let [due, finish] = [(); 2].map(|()| Arc::new(Notify::new()));
    let came = Arc::new(AtomicUsize::new(0));
    let answer = {
        let (finish, came) = (finish.clone(), came.clone());
        move |_: Request<Incoming>| {
            came.fetch_add(1, Relaxed);
            let finish = finish.clone();
            async move {
                finish.notified().await;
                Ok::<_, Infallible>(Response::new("whole".to_owned()))
            }
        }
    };
    let when = due.clone();
    // A connection is served by a task of its own.
    let served = spawn(async move {
        let due = async { when.notified().await };
        (serve(far, answer, due, grace).await, Instant::now())
    });
    settled().await;
    if served.is_finished() {
        outcome(served).await;
        panic!("A client has connected, nothing is due, and `serve` has ended.");
    }
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(near))
        .await
        .unwrap();
    spawn(connection);
    Bench {
        sender,
        served,
        due,
        finish,
        came,
        vanish,
    }
}

/// How the server's end ended, and when. Its panic is one of this check.
async fn outcome(served: JoinHandle<(End, Instant)>) -> (End, Instant) {
    match timeout(HOUR, served).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(ended)) => panic::resume_unwind(ended.into_panic()),
        Err(_) => panic!(
            "The connection was due an hour ago, the grace period was far shorter, and the connection is still open: one request does not come to its \
             end. A client that never ends must not keep a connection. Bound the wait."
        ),
    }
}

/// Until nothing can go on by itself.
async fn settled() {
    sleep(Duration::from_millis(10)).await;
}

impl Bench {
    /// Begins a request. What comes of it: nothing, or why it was not answered.
    async fn request(&mut self) -> JoinHandle<Result<(), String>> {
        let answered = self.sender.send_request(Request::new(String::new()));
        let request = spawn(async {
            let failed = |error: hyper::Error| match error.source() {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            answered.await.map(drop).map_err(failed)
        });
        settled().await;
        request
    }

    /// The connection has to go from now on.
    async fn is_due(&self) -> Instant {
        self.due.notify_one();
        let now = Instant::now();
        settled().await;
        now
    }
}

async fn answered(request: JoinHandle<Result<(), String>>) -> Result<(), String> {
    let answered = timeout(HOUR, request).await;
    answered.map_or(Err("no answer for an hour".into()), Result::unwrap)
}

/// A request that has reached the server is answered.
pub async fn what_has_begun_is_finished() {
    let mut bench = bench().await;
    let request = bench.request().await;
    assert!(
        bench.came.load(Relaxed) == 1,
        "A client sent a request, nothing is due, and the request has not reached the server."
    );
    bench.is_due().await;
    bench.finish.notify_one();
    let answered = answered(request).await;
    assert!(
        answered.is_ok(),
        "A request had reached the server when the connection was due, and it needed a moment more. The client got: {}. What has begun is finished, \
         as long as the grace period lasts: the connection has to be awaited, also after the client was asked to leave.",
        answered.unwrap_err()
    );
}

/// A client that is asked to leave begins nothing more.
pub async fn the_client_is_asked_to_leave() {
    let mut bench = bench().await;
    let first = bench.request().await;
    bench.is_due().await;
    let second = bench.request().await;
    let came = bench.came.load(Relaxed);
    for _ in 0..2 {
        bench.finish.notify_one();
        settled().await;
    }
    assert!(
        came == 1 && answered(second).await.is_err(),
        "The connection was due, and the client began another request on it, which has reached the server. The client does not know that it has to \
         leave, so it stays as long as it has something to ask. HTTP/2 tells it with GOAWAY."
    );
    let first = answered(first).await;
    assert!(
        first.is_ok(),
        "The request that had begun before was not answered: {first:?}."
    );
}

/// A client that has nothing open leaves at once.
pub async fn an_idle_client_leaves_at_once() {
    let bench = bench().await;
    let due = bench.is_due().await;
    let (end, at) = outcome(bench.served).await;
    let took = at - due;
    assert!(
        end == End::Whole && took < GRACE,
        "A client had no request open when its connection was due. The connection was open for {} s more, and ended as {end:?}. Once it has GOAWAY, an idle \
         client leaves by itself, and the connection is over. Also where it is over with an error, nothing was cut.",
        took.as_secs()
    );
    drop(bench.sender);
}

/// A request that does not come to its end is cut at the deadline.
pub async fn what_takes_longer_than_the_grace_period_is_cut() {
    pause();
    for grace in [
        GRACE,
        GRACE * 4,
        Duration::from_millis(1500),
        Duration::ZERO,
    ] {
        let mut bench = bench_with(grace).await;
        let request = bench.request().await;
        sleep(HOUR * 24).await;
        let due = bench.is_due().await;
        let (end, at) = outcome(bench.served).await;
        let took = at - due;
        assert!(
            end == End::Cut && took.abs_diff(grace) < Duration::from_millis(100),
            "A request did not come to its end. After a day the connection was due, and the grace period of {grace:?} begins then; the connection was over after {took:?}, and ended as {end:?}. It has to be cut at the \
             deadline, and said to be. How long the grace period is, `serve` is told as `grace`, and zero is a time as each other one."
        );
        assert!(
            answered(request).await.is_err(),
            "The connection was cut, and the request was answered."
        );
    }
}

/// A client that leaves by itself is not cut.
pub async fn a_client_that_leaves_by_itself_is_whole() {
    let mut bench = bench().await;
    let request = bench.request().await;
    bench.finish.notify_one();
    let answered = answered(request).await;
    drop(bench.sender);
    let (end, _) = outcome(bench.served).await;
    assert!(
        end == End::Whole && answered.is_ok(),
        "A client asked once and left; nothing was due. Its request: {answered:?}. The connection ended as {end:?}."
    );
}

/// A client that vanishes with a request open was not cut.
pub async fn a_client_that_vanishes_was_not_cut() {
    pause();
    for is_due in [false, true] {
        let mut bench = bench_with(GRACE).await;
        let _open = bench.request().await;
        if is_due {
            bench.is_due().await;
        }
        let now = Instant::now();
        bench.vanish.notify_one();
        let (end, at) = outcome(bench.served).await;
        let when = match is_due {
            true => "in the grace period",
            false => "and nothing was due",
        };
        assert!(
            end == End::Whole && at - now < GRACE,
            "A client vanished with a request open, as one that crashes, {when}. The connection was over {} s later, and ended as {end:?}. The server has cut \
             nothing: `Cut` says that the deadline came first, and a connection that ends with an error has ended before it.",
            (at - now).as_secs()
        );
    }
}

/// Clients do not wait for each other.
pub async fn clients_do_not_wait_for_each_other() {
    let mut first = bench().await;
    let _open = first.request().await;
    let mut second = bench_with(GRACE).await;
    let request = second.request().await;
    let came = second.came.load(Relaxed);
    second.finish.notify_one();
    assert!(
        came == 1 && answered(request).await.is_ok(),
        "One client has a request open, and that of another client did not reach the server. What `serve` holds while it serves one client, a lock for example, \
         must not be needed for the next."
    );
}
