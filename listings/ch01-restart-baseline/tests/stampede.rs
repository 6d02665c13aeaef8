//! The fleet in virtual time: the same figures in each run, on each machine.

use std::time::Duration;

use ch01_restart_baseline::stampede::{Fleet, Toll, renew_by_restart};

#[test]
fn one_node_alone_waits_for_nobody() {
    let toll = renew_by_restart(Fleet {
        nodes: 1,
        ..Fleet::default()
    });
    let alone = Duration::from_secs(23);
    let expected = Toll {
        most_down: 1,
        most_waiting: 0,
        longest_down: alone,
        all_down: alone,
    };
    assert_eq!(toll, expected);
}

#[test]
fn a_hundred_issued_together_fall_together() {
    let toll = renew_by_restart(Fleet::default());
    let expected = Toll {
        most_down: 100,
        most_waiting: 90,
        longest_down: Duration::from_secs(20 + 10 * 3),
        all_down: Duration::from_secs(23),
    };
    assert_eq!(toll, expected);
}

/// The control: the harm comes from the common moment, not from the restarts as such.
#[test]
fn a_hundred_issued_a_minute_apart_do_not() {
    let toll = renew_by_restart(Fleet {
        apart: Duration::from_secs(60),
        ..Fleet::default()
    });
    let expected = Toll {
        most_down: 1,
        most_waiting: 0,
        longest_down: Duration::from_secs(23),
        all_down: Duration::ZERO,
    };
    assert_eq!(toll, expected);
}
