//! No descriptor is left for another client, a demo that is told to end, and the end of a log. A program of its own: limits
//! and signals are the process's.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::io;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use ch01_restart_baseline::{AGAIN, accept, accept_counting, exit, listen, until_told};
use lab::BOUND;
use lab::emit::Form;
use lab::log::want;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, Signal, getpid, getrlimit, kill_process, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout};
use tracing::Level;

/// Runs one test at a time: the limit on descriptors is the process's, and a runtime has some of its own.
/// Where `paused`, the clock is virtual.
fn alone(paused: bool, test: impl Future<Output = ()>) {
    static ONE: Mutex<()> = Mutex::new(());
    // One that failed has put the limit back.
    let _one = ONE.lock().unwrap_or_else(|failed| failed.into_inner());
    let (ended, end) = mpsc::channel::<()>();
    // A virtual clock stands still while a test is at work, so a test that never rests needs a real one.
    let bound = move || {
        if end.recv_timeout(2 * BOUND) == Err(RecvTimeoutError::Timeout) {
            eprintln!("waited {:?} for a test that does not rest", 2 * BOUND);
            std::process::exit(1);
        }
    };
    std::thread::spawn(bound);
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(paused).build().unwrap();
    runtime.block_on(test);
    drop(ended);
}

/// A client that waits for a server without a descriptor, for as long as this lives.
struct Without {
    listener: TcpListener,
    client: TcpStream,
    before: Rlimit,
}

impl Without {
    async fn descriptors() -> Self {
        let listener = listen(lab::any_port()).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let client = client.await.unwrap();
        // Until the client is in the queue: a virtual clock would not wait for the kernel.
        let wait = Timespec::try_from(BOUND).unwrap();
        let waiting = poll(&mut [PollFd::new(&listener, PollFlags::IN)], Some(&wait));
        assert_eq!(waiting.unwrap(), 1, "no client came");
        let before = getrlimit(Resource::Nofile);
        let current = Some(0);
        setrlimit(Resource::Nofile, Rlimit { current, ..before }).unwrap();
        Self {
            listener,
            client,
            before,
        }
    }
}

impl Drop for Without {
    fn drop(&mut self) {
        setrlimit(Resource::Nofile, self.before).unwrap();
    }
}

#[test]
fn a_client_that_cannot_be_accepted_waits_and_no_handshake_is_blamed() {
    alone(false, async {
        let (log, _capturing) = lab::emit::capture();
        let without = Without::descriptors().await;
        let accepting = accept(&without.listener);
        let descriptors_return = async {
            log.wait_for(&want("accept_failed"), BOUND).await;
            setrlimit(Resource::Nofile, without.before).unwrap();
        };
        let both = async { tokio::join!(accepting, descriptors_return) };
        let (accepted, ()) = timeout(BOUND, both).await.expect("the client waits");
        assert_eq!(
            accepted.peer_addr().unwrap(),
            without.client.local_addr().unwrap()
        );
        // Each answer is small, and must not wait for an acknowledgement.
        assert!(accepted.nodelay().unwrap());
        log.assert_none(&want("handshake_failed"));
        let over = want("fault_ended").with("fault", "accept_failed");
        log.assert_order(&[want("accept_failed"), over]);
    });
}

/// One client may hold all descriptors for as long as it likes. The clock is virtual.
#[test]
fn a_failure_that_goes_on_is_logged_once_a_minute() {
    alone(true, async {
        let (log, _capturing) = lab::emit::capture();
        let without = Without::descriptors().await;
        let enough = sleep(AGAIN * 2 + AGAIN / 2);
        tokio::select! {
            _ = accept(&without.listener) => panic!("there is a descriptor"),
            () = enough => {}
        }
        assert_eq!(log.all(&want("accept_failed")).len(), 3);
    });
}

/// The log says it once a minute, and a counter has each attempt: twenty in a second. The clock is virtual.
#[test]
fn each_attempt_that_failed_is_counted() {
    alone(true, async {
        let (_log, _capturing) = lab::emit::capture();
        let without = Without::descriptors().await;
        let failed = Cell::new(0);
        let enough = sleep(Duration::from_millis(1010));
        tokio::select! {
            _ = accept_counting(&without.listener, || failed.set(failed.get() + 1)) => {
                panic!("there is a descriptor")
            }
            () = enough => {}
        }
        assert!((18..=21).contains(&failed.get()), "{}", failed.get());
    });
}

/// An attempt at once would only burn a core. The clock is virtual.
#[test]
fn the_next_attempt_waits_for_a_moment() {
    alone(true, async {
        let (log, _capturing) = lab::emit::capture();
        let without = Without::descriptors().await;
        let descriptors_return = async {
            log.wait_for(&want("accept_failed"), BOUND).await;
            setrlimit(Resource::Nofile, without.before).unwrap();
        };
        let began = Instant::now();
        tokio::join!(accept(&without.listener), descriptors_return);
        assert!(began.elapsed() >= Duration::from_millis(50));
    });
}

/// It lets go of what it holds: a server that it has started, say, and the directory of its files.
#[test]
fn a_demo_that_is_told_to_end_lets_go_of_what_it_holds() {
    for told in [Signal::TERM, Signal::INT] {
        alone(false, async {
            let held = Arc::new(());
            let holds = held.clone();
            let demo = async move {
                let _holds = holds;
                pending().await
            };
            let mut demo = Box::pin(until_told(demo));
            // The signal is heard from the first poll on.
            let ended = poll_fn(|context| Poll::Ready(demo.as_mut().poll(context).is_ready()));
            assert!(!ended.await, "it has ended by itself");
            kill_process(getpid(), told).unwrap();
            let ended = timeout(BOUND, demo).await;
            let ended = ended.unwrap_or_else(|_| panic!("{told:?} did not end it"));
            assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::Interrupted);
            assert_eq!(Arc::strong_count(&held), 1, "it is held still");
        });
    }
}

/// What is still to be said at the end of a program is said: here, that lines repeated.
#[test]
fn the_end_of_a_program_waits_for_its_log() {
    const INNER: &str = "ZERO_DOWNTIME_END_OF_A_PROGRAM";
    if std::env::var_os(INNER).is_some() {
        lab::emit::form(Form::Text);
        lab::emit::to_stderr(Level::INFO).unwrap();
        for _ in 0..3 {
            tracing::info!(event = "connect_refused");
        }
        exit(Ok(()));
        return;
    }
    // A limit on descriptors would be this program's as well.
    alone(false, async {
        let this = std::env::current_exe().unwrap();
        let mut program = Command::new(this);
        program.args(["--exact", "the_end_of_a_program_waits_for_its_log"]);
        let ended = program.env(INNER, "1").output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.ends_with("and 2 more like it\n"), "{said}");
    });
}
