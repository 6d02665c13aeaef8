//! An honest server is never accused, whatever its workers, its clients and its log do; one that
//! shows what it said it had replaced always is.

use std::time::Duration;

use ch10_log_analysis::{Lie, Sighting, cross_check};
use lab::event::Event;
use proptest::collection::vec;
use proptest::prelude::*;
use time::OffsetDateTime;

const WORKERS: usize = 3;

/// One generation of a server with several workers, in milliseconds.
#[derive(Clone, Debug)]
struct Swap {
    /// After the line of the one before, the first worker swaps.
    pause: u64,
    /// So much later each worker does; the slack at the most.
    lag: [u64; WORKERS],
    /// And so much later the line is written.
    line: u64,
}

/// A handshake: when it begins, when the hello arrives, when it is done, and at which worker.
#[derive(Clone, Debug)]
struct Visit {
    at: u64,
    hello: u64,
    done: u64,
    worker: usize,
    resumed: bool,
}

fn swap(slack: u64) -> impl Strategy<Value = Swap> {
    (1..200u64, [0..=slack, 0..=slack, 0..=slack], 0..100u64).prop_map(|(pause, lag, line)| Swap {
        pause,
        lag,
        line,
    })
}

fn visit() -> impl Strategy<Value = Visit> {
    (
        0..3000u64,
        0..100u64,
        0..100u64,
        0..WORKERS,
        prop::bool::weighted(0.1),
    )
        .prop_map(|(at, hello, done, worker, resumed)| Visit {
            at,
            hello: at + hello,
            done: at + hello + done,
            worker,
            resumed,
        })
}

fn when(ms: u64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::from_millis(ms)
}

fn line(ms: u64, generation: usize) -> Event {
    let (s, ms) = (ms / 1000, ms % 1000);
    let line = format!(
        r#"{{"ts":"1970-01-01T00:00:{s:02}.{ms:03}Z","event":"identity_loaded","generation":{generation},"serial":"{generation:x}"}}"#
    );
    Event::parse(&line).unwrap()
}

/// Said in the place of a line that found no room.
fn lost(ms: u64) -> Event {
    let (s, ms) = (ms / 1000, ms % 1000);
    let line =
        format!(r#"{{"ts":"1970-01-01T00:00:{s:02}.{ms:03}Z","event":"lines_lost","lines":1}}"#);
    Event::parse(&line).unwrap()
}

/// The log, and for each generation when each worker began to show it, and when its line came.
fn run(swaps: &[Swap]) -> (Vec<Event>, Vec<([u64; WORKERS], u64)>) {
    let (mut now, mut log, mut times) = (0, Vec::new(), Vec::new());
    for (generation, swap) in (1..).zip(swaps) {
        let first = now + swap.pause;
        let logged = first + swap.line;
        log.push(line(logged, generation));
        // The first of all is there before anybody can come.
        let lag = if generation == 1 {
            [0; WORKERS]
        } else {
            swap.lag
        };
        times.push((lag.map(|lag| first + lag), logged));
        now = logged;
    }
    (log, times)
}

fn saw(visit: &Visit, generation: usize) -> Sighting {
    Sighting {
        at: when(visit.at),
        done: when(visit.done),
        serial: format!("{generation:x}"),
        resumed: visit.resumed,
    }
}

fn runs() -> impl Strategy<Value = (u64, Vec<Swap>, Vec<Visit>)> {
    (0..50u64).prop_flat_map(|slack| (Just(slack), vec(swap(slack), 1..8), vec(visit(), 1..40)))
}

proptest! {
    #[test]
    fn an_honest_server_is_never_accused((slack, swaps, visits) in runs(), from in 0..4usize) {
        let (log, times) = run(&swaps);
        let seen = visits.iter().filter_map(|visit| {
            let shown = times.iter().rposition(|(workers, _)| workers[visit.worker] <= visit.hello);
            // A session that is resumed is of any generation before.
            let shown = shown.map(|shown| if visit.resumed { 0 } else { shown });
            Some(saw(visit, shown? + 1))
        });
        let seen: Vec<_> = seen.collect();
        // The log may begin in the middle, and be cut.
        let from = from.min(log.len() - 1);
        let lies = cross_check(&log[from..], &seen, Duration::from_millis(slack));
        prop_assert_eq!(lies, vec![]);
        let without = [&log[..from], &log[from + 1..]].concat();
        let lies = cross_check(&without, &seen, Duration::from_millis(slack));
        let last = format!("{:x}", log.len());
        // Nothing in a log tells that its last line is lost; or, of two, its first.
        let lost_end = from + 1 == log.len();
        let known = lies.iter().all(|lie| match lie {
            Lie::ShownNotLoaded { serial, .. } => lost_end && *serial == last,
            _ => false,
        });
        prop_assert!(known, "{:?}", lies);
        let said = [&log[..from], &[lost(times[from].1)], &log[from + 1..]].concat();
        let lies = cross_check(&said, &seen, Duration::from_millis(slack));
        prop_assert_eq!(lies, vec![], "it says that a line is lost");
    }

    #[test]
    fn who_shows_what_was_replaced_is_accused((slack, swaps, visits) in runs()) {
        let (log, times) = run(&swaps);
        for visit in visits.iter().filter(|visit| !visit.resumed) {
            // The newest that a client who came then must be shown, and one before it.
            let due = times.iter().rposition(|(_, logged)| logged + slack < visit.at);
            let Some(due) = due.filter(|due| *due > 0) else { continue };
            let lies = cross_check(&log, &[saw(visit, due)], Duration::from_millis(slack));
            let caught = lies.iter().any(|lie| matches!(lie, Lie::LoadedNotShown { .. }));
            prop_assert!(caught, "{:?}", lies);
        }
    }
}
