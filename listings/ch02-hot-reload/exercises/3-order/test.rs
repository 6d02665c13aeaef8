//! What is wanted of `reload`. Each function is a check, and its comment says what has to hold.
//!
//! The checks drive both reloads by hand, so that they meet in the same way each time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use exercise_bench::poll_once;
use exercise_bench::reloads::{AtOnce, Files, Woken};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, pause, timeout};

use super::exercise::Store;

const HOUR: Duration = Duration::from_secs(3600);
/// Longer than an answer waits that gives up, and short for one that asks a hundred times a second: each of its turns takes time of the processor.
const LONG: Duration = Duration::from_secs(600);

type Task<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A reload as a server runs it: its tasks move between threads, so their futures may hold nothing that cannot.
fn reload<'a>(store: &'a Store, files: &Files, slow: Option<oneshot::Receiver<()>>) -> Task<'a> {
    Box::pin(store.reload(files.clone().read(slow)))
}

/// What one reload reads is served, under the next number.
pub async fn what_was_read_is_served() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    reload(&store, &files, None).await;
    files.write("1003");
    reload(&store, &files, None).await;
    let served = store.current();
    assert!(
        (served.serial.as_str(), served.number) == ("1003", 3),
        "After two reloads, 1003 is served as generation 3, and now it is {} as generation {}.",
        served.serial,
        served.number
    );
}

/// The second of two is the slow one, the first is slow for longer than anyone waits, and the files go back to what they held long ago.
async fn what_is_in_the_files_last_is_served(first_waits: Duration) {
    let (store, files) = (Store::new("1002"), Files::with("1003"));
    let (first_goes_on, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    files.write("1001");
    let (second_goes_on, slow) = oneshot::channel();
    let mut second = reload(&store, &files, Some(slow));
    let early = poll_once(second.as_mut()).await.is_some();
    let waits = timeout(first_waits, second.as_mut());
    let ended = early || (first_waits > Duration::ZERO && waits.await.is_ok());
    first_goes_on.send(()).unwrap();
    first.await;
    // One that has given up reads no more.
    let _ = second_goes_on.send(());
    if !ended {
        let late = timeout(HOUR, second).await;
        assert!(
            late.is_ok(),
            "The second reload had not ended an hour after the first."
        );
    }
    let served = store.current().serial.clone();
    let slow = match first_waits {
        Duration::ZERO => "was slow as well, and ended last",
        _ => "came while the first was slow, and stayed so for ten minutes",
    };
    assert!(
        served == "1001",
        "The files held 1003, and hold 1001 again: a rollback. {served} is served. The second reload {slow}. What counts is which read began later. A serial does not \
         say that, nor does the generation that was current before, nor a time that is waited for. Another reload waits for its turn, however long that takes."
    );
}

/// A reload is dropped while it reads, and the next one goes on.
async fn a_cancelled_reload_holds_up_no_other() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (_never, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    drop(first);
    files.write("1003");
    let second = timeout(HOUR, reload(&store, &files, None)).await;
    let served = store.current().serial.clone();
    assert!(
        second.is_ok() && served == "1003",
        "A reload was cancelled while it was reading: a server that has a timeout drops its future. The next reload {}, and {served} is served in place of 1003. What a reload marks as its own, it has to \
         give back when it is dropped, as the guard of a lock does.",
        if second.is_ok() {
            "ended"
        } else {
            "waited for an hour"
        }
    );
}

/// A reload is dropped while it waits for its turn, and the one behind it goes on.
async fn one_of_three_is_dropped_while_it_waits() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (go_on, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    let mut second = reload(&store, &files, None);
    let _ = poll_once(second.as_mut()).await;
    files.write("1003");
    let mut third = reload(&store, &files, None);
    let mut early = poll_once(third.as_mut()).await.is_some();
    drop(second);
    // It may have been woken, though the first still reads.
    early = early || poll_once(third.as_mut()).await.is_some();
    go_on.send(()).unwrap();
    first.await;
    let ended = early || timeout(HOUR, third).await.is_ok();
    let served = store.current().serial.clone();
    assert!(
        ended && served == "1003",
        "The first of three reloads was reading, and the second was cancelled while it waited for its turn. The third {}, and {served} is served in place of 1003. A place in a queue \
         has to be given back by the one that leaves the queue as well, and the next one still waits for the one in front: a lock does both.",
        if ended {
            "ended"
        } else {
            "had not ended an hour later"
        }
    );
}

/// The second of two is dropped, and what the first has read is served.
async fn one_that_has_begun_may_never_end() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (go_on, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    files.write("1003");
    let (_never, slow) = oneshot::channel();
    let mut second = reload(&store, &files, Some(slow));
    let _ = poll_once(second.as_mut()).await;
    drop(second);
    let _ = go_on.send(());
    let ended = timeout(HOUR, first).await.is_ok();
    let served = store.current().serial.clone();
    assert!(
        ended && served != "1001",
        "A second reload came while the first was reading, and was cancelled. Then the first had read 1002, and {}: {served} is served, and nothing triggers again. That another reload has begun later does not say that it comes to \
         its end. What was read is out of date when something newer is served, and not before.",
        if ended {
            "has thrown it away"
        } else {
            "had not ended an hour later"
        }
    );
}

/// Three at once. The files change once more while the first of those that waited reads them.
async fn three_are_as_good_as_two() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (go_on, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    files.write("1003");
    let (later_goes_on, slow) = oneshot::channel();
    let slow = Arc::new(Mutex::new(Some(slow)));
    // Whichever of the two reads first is slow, and the files change behind it.
    let [mut second, mut third] = [(); 2].map(|()| -> Task<'_> {
        let (files, slow) = (files.clone(), slow.clone());
        Box::pin(store.reload(async move {
            let slow = slow.lock().take();
            let serial = files.clone().read(None).await;
            if let Some(slow) = slow {
                files.write("1004");
                slow.await.unwrap();
            }
            serial
        }))
    });
    let mut ended = [false; 2];
    let mut go_on = Some(go_on);
    for _ in 0..2 {
        for (task, ended) in [&mut second, &mut third].into_iter().zip(&mut ended) {
            *ended = *ended || poll_once(task.as_mut()).await.is_some();
        }
        if let Some(go_on) = go_on.take() {
            go_on.send(()).unwrap();
            let _ = timeout(HOUR, first.as_mut()).await;
        }
    }
    // One that has ended reads no more.
    let _ = later_goes_on.send(());
    for (task, ended) in [second, third].into_iter().zip(ended) {
        assert!(
            ended || timeout(HOUR, task).await.is_ok(),
            "Three reloads ran at once, all of them could go on, and an hour later one of them had not ended."
        );
    }
    let (served, read) = (store.current().serial.clone(), files.all_read());
    assert!(
        read.last() == Some(&served),
        "Three reloads ran at once, and read {} in this order. {served} is served. When the first had ended, the two that had waited for it went on together: one has to wait for the \
         other, and to ask again whether it is its turn when it is woken.",
        read.join(", ")
    );
}

/// Two stores have nothing to do with each other.
async fn another_store_waits_for_nobody() {
    let (one, other) = (Store::new("1001"), Store::new("1001"));
    let files = Files::with("1002");
    let (_never, slow) = oneshot::channel();
    let mut first = reload(&one, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    let second = timeout(HOUR, reload(&other, &files, None)).await;
    assert!(
        second.is_ok(),
        "A reload of one store was slow, and that of another store waited for it for an hour. The lock belongs into the store: a `static` is one for all."
    );
}

/// Turns of the event loop: far more than an answer takes that waits for no clock.
const TURNS: usize = 50;

/// While another one reads, it is not woken again and again.
async fn a_reload_that_waits_rests() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (_never, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    let mut second = reload(&store, &files, None);
    let (woken, mut polled) = (Arc::new(Woken::default()), 0);
    let waker = woken.clone().into();
    for _ in 0..TURNS {
        let times = woken.times();
        if polled == 0 || times >= polled {
            polled = times + 1;
            let poll = second.as_mut().poll(&mut Context::from_waker(&waker));
            if poll.is_ready() {
                return;
            }
        }
        yield_now().await;
    }
    let times = woken.times();
    assert!(
        times <= TURNS / 5,
        "The first reload was reading, and in {TURNS} turns of the event loop the second one was woken {times} times: it asks again and again whether it is its turn, and keeps a \
         processor busy for as long as a file server hangs. A lock wakes up the one whose turn it is."
    );
}

/// Each snapshot has a number of its own, whichever of the two is published first.
async fn two_that_meet_have_two_numbers() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (go_on, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    files.write("1003");
    let served = Arc::new(Mutex::new(None));
    let mut second: Task<'_> = {
        let (store, files, served) = (&store, files.clone(), served.clone());
        Box::pin(store.reload(async move {
            *served.lock() = Some(store.current().number);
            files.read(None).await
        }))
    };
    let ended = poll_once(second.as_mut()).await.is_some();
    go_on.send(()).unwrap();
    first.await;
    if !ended {
        second.await;
    }
    let (now, served) = (store.current(), served.lock().unwrap_or_default());
    assert!(
        now.number == served + 1,
        "When the second reload read the files, generation {served} was served. Now it is {}, as generation {}. Two reloads met, and each took its number before it had its turn: the log speaks of one generation, and clients hold \
         two certificates. Count up from what is served at the moment of publishing.",
        now.serial,
        now.number
    );
}

/// The second of two goes on when the first has ended.
async fn a_turn_comes_when_the_other_has_ended() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (go_on, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    files.write("1003");
    let mut second = reload(&store, &files, None);
    let ended = poll_once(second.as_mut()).await.is_some();
    go_on.send(()).unwrap();
    first.await;
    let since = Instant::now();
    if !ended {
        second.await;
    }
    assert!(
        since.elapsed() < Duration::from_secs(10),
        "The first of two reloads had ended, nothing else was under way, and the second went on {:?} later: it looks every so often whether it is its turn. For as long, older files are served. A lock wakes up the one whose turn it is.",
        since.elapsed()
    );
}

/// A reload that is dropped while it reads has served nothing.
async fn a_cancelled_reload_uses_up_no_number() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (_never, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    drop(first);
    reload(&store, &files, None).await;
    let number = store.current().number;
    assert!(
        number == 2,
        "A reload was cancelled while it was reading, and the next one served 1002, as generation {number}. Nothing was served in between, so this is generation 2: by a number that is left out, the log says that something was. Count up \
         from what is served, when the files have been read."
    );
}

/// The second of two is slow as well. When either of them has returned, what it has read is served, or what is newer.
async fn what_ended_has_been_served() {
    for both_are_slow in [true, false] {
        let (store, files) = (Store::new("1001"), Files::with("1002"));
        let (_never, slow) = oneshot::channel();
        let mut first = reload(&store, &files, Some(slow));
        assert!(poll_once(first.as_mut()).await.is_none());
        files.write("1003");
        let (_nor_this, slow) = oneshot::channel();
        let mut second = reload(&store, &files, both_are_slow.then_some(slow));
        let early = poll_once(second.as_mut()).await.is_some();
        assert!(
            !early || !files.were_read("1003") || store.current().serial == "1003",
            "The second reload returned while the first was still reading, and 1003 was not served yet: its caller believes that the files are served. It has left its work to the first, and whether that comes to it is not known. Wait until it is done."
        );
        let early = poll_once(first.as_mut()).await.is_some();
        assert!(
            !early || store.current().serial != "1001",
            "The first reload returned when the second came, and what it was to read is not served: it was ended by the second, which is slow as well. Where reloads come faster than files are read, none of them is ever served. A reload that has begun goes \
             on, and the next one waits for its turn."
        );
    }
}

/// The second of two runs on another thread, at the moment at which it is woken.
async fn to_read_and_to_publish_is_one_step() {
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (go_on, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    assert!(poll_once(first.as_mut()).await.is_none());
    files.write("1003");
    let mut second = reload(&store, &files, None);
    let (woken, wakes) = sync_channel(1);
    let (ran, runs) = sync_channel(1);
    let waker = Arc::new(AtOnce::new(woken, runs)).into();
    let early = second
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_ready();
    let runtime = Handle::current();
    let mut ended = early;
    thread::scope(|scope| {
        let (second, ended, waker) = (&mut second, &mut ended, waker.clone());
        scope.spawn(move || {
            let _within = runtime.enter();
            if !*ended && wakes.recv_timeout(Duration::from_secs(2)).is_ok() {
                *ended = second
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready();
                let _ = ran.send(());
            }
        });
        go_on.send(()).unwrap();
        let first = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(
            first.is_ready(),
            "the bench itself: the first reload could go on"
        );
    });
    let ended = ended || timeout(HOUR, second).await.is_ok();
    let served = store.current();
    assert!(
        ended && served.serial == "1003",
        "Two reloads met, on two threads. The first has read 1002, and the second ran as soon as the first let it, and read 1003. {} is served: what was read earlier was published later. To read and to publish is one step, so the lock is let go when \
         both are done. Between a lock that is let go and the line behind it, another reload may read and publish.",
        served.serial
    );
}

/// A reload that was slow does not overtake a later one, and the later one is not dropped.
pub async fn a_slow_reload_does_not_overtake_a_later_one() {
    pause();
    let (store, files) = (Store::new("1001"), Files::with("1002"));
    let (go_on, slow) = oneshot::channel();
    let mut first = reload(&store, &files, Some(slow));
    let early = poll_once(first.as_mut()).await;
    assert!(
        early.is_none() && files.were_read("1002"),
        "`reload` has to await `read`: it has published before it had read."
    );
    what_ended_has_been_served().await;

    files.write("1003");
    let mut second = reload(&store, &files, None);
    let ended = poll_once(second.as_mut()).await.is_some();
    go_on.send(()).unwrap();
    let rest = async {
        first.await;
        if !ended {
            second.await;
        }
    };
    assert!(
        timeout(HOUR, rest).await.is_ok(),
        "The first reload could go on, and an hour later the two had not ended: they wait for each other."
    );

    assert!(
        files.were_read("1003"),
        "The files have held 1003 since before the second reload began, and they were never read again. 1002 is served until \
         something triggers again. A reload that finds another one running has to wait for its turn."
    );
    let served = store.current().serial.clone();
    assert!(
        served == "1003",
        "The files hold 1003, and {served} is served: the older files won. The first reload read 1002 and was slow; the second read \
         1003 and published it; then the first published what it had read."
    );
    a_reload_that_waits_rests().await;
    a_cancelled_reload_holds_up_no_other().await;
    what_is_in_the_files_last_is_served(Duration::ZERO).await;
    what_is_in_the_files_last_is_served(LONG).await;
    one_of_three_is_dropped_while_it_waits().await;
    one_that_has_begun_may_never_end().await;
    three_are_as_good_as_two().await;
    another_store_waits_for_nobody().await;
    two_that_meet_have_two_numbers().await;
    a_turn_comes_when_the_other_has_ended().await;
    a_cancelled_reload_uses_up_no_number().await;
    to_read_and_to_publish_is_one_step().await;
}
