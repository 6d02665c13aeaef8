//! What a judgement says of attempts and rotations that are written down here.

use std::time::Duration;

use ch11_verification::attempt::{Attempt, Class};
use ch11_verification::judge::{Share, judge};
use ch11_verification::rotation::Window;
use clap::ValueEnum;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A handshake that was due at this moment, took 3 ms with its request, and was shown a generation.
fn full(due: u64, shown: u32) -> Attempt {
    Attempt {
        handshake_done: Some(ms(due + 1)),
        done: ms(due + 3),
        shown: Some(shown),
        paced: true,
        ..Attempt::opening(Class::Full, ms(due))
    }
}

fn failed(attempt: Attempt) -> Attempt {
    Attempt {
        failed: Some("cut"),
        ..attempt
    }
}

fn download(from: u64, until: u64) -> Attempt {
    Attempt {
        class: Class::Download,
        done: ms(until),
        paced: false,
        ..full(from, 1)
    }
}

/// A rotation in progress from `began` to `end`, whose certificate was shown 5 ms after it began.
fn window(generation: u32, began: u64, end: u64) -> Window {
    Window {
        generation,
        serial: format!("{generation:x}"),
        began: ms(began),
        notified: ms(began + 1),
        first_new: Some(ms(began + 5)),
        converged: Some(ms(end)),
        end: ms(end),
        complaint: None,
    }
}

fn two() -> [Window; 2] {
    [window(2, 100, 150), window(3, 300, 350)]
}

fn share(failed: u64, of: u64) -> Share {
    Share { failed, of }
}

#[test]
fn only_attempts_that_met_a_rotation_were_at_risk() {
    // One met the first rotation at its end, one began in the second; the others met none.
    let attempts = [
        full(10, 1),
        full(98, 1),
        full(200, 2),
        full(320, 3),
        full(400, 3),
    ];
    let risk = judge(&attempts, &two()).risk;
    assert_eq!((risk.all, risk.during), (share(0, 5), share(0, 2)));
    assert!(risk.during.below() > risk.all.below());
}

#[test]
fn a_download_was_at_risk_in_each_rotation_that_it_crossed_and_failed_in_one() {
    let whole = download(0, 500);
    let cut_in_the_second = failed(download(0, 310));
    let judgement = judge(&[whole, cut_in_the_second], &two());
    assert_eq!(judgement.risk.all, share(1, 2));
    assert_eq!(judgement.risk.during, share(1, 4));
    assert_eq!(judgement.risk.rotations, share(1, 2));
}

#[test]
fn failures_that_share_a_rotation_are_one_failed_rotation() {
    let attempts: Vec<_> = (0..40)
        .map(|number| failed(full(101 + number, 1)))
        .collect();
    let risk = judge(&attempts, &two()).risk;
    assert_eq!((risk.during, risk.rotations), (share(40, 40), share(1, 2)));
}

#[test]
fn a_failure_between_rotations_is_downtime_but_not_a_rotations() {
    let judgement = judge(&[failed(full(200, 2)), full(310, 3)], &two());
    assert_eq!(judgement.zero_downtime(), Some(false));
    let risk = judgement.risk;
    assert_eq!(
        (risk.all.failed, risk.during.failed, risk.rotations.failed),
        (1, 0, 0)
    );
}

#[test]
fn where_nothing_was_at_risk_nothing_is_known() {
    assert_eq!(judge(&[], &[]).zero_downtime(), None);
    assert_eq!(
        judge(&[full(10, 1), full(400, 3)], &two()).zero_downtime(),
        None
    );
    assert_eq!(
        judge(&[full(10, 1), full(110, 2)], &two()).zero_downtime(),
        Some(true)
    );
    let said = judge(&[], &[]).to_string();
    assert!(said.starts_with("no verdict"), "{said}");
}

#[test]
fn a_rotation_is_at_fault_though_no_attempt_failed() {
    let never = Window {
        first_new: None,
        converged: None,
        ..window(2, 100, 150)
    };
    let some_only = Window {
        converged: None,
        ..window(3, 300, 350)
    };
    let back = window(4, 500, 550);
    let good = window(5, 700, 750);
    // The last handshake before the next rotation shows the generation that had been replaced.
    let attempts = [
        full(110, 1),
        full(320, 3),
        full(510, 4),
        full(600, 3),
        full(710, 5),
    ];
    let judgement = judge(&attempts, &[never, some_only, back, good]);
    let faults: Vec<_> = judgement.faults.into_iter().collect();
    let expected = [
        (2, "was never shown"),
        (3, "was shown by some handshakes only"),
        (4, "was shown, and then the old one again"),
    ];
    assert_eq!(faults, expected);
}

/// A session that is resumed tells of the day when it began, and a failure is counted as one.
#[test]
fn only_full_handshakes_that_succeed_tell_that_the_old_one_is_back() {
    let resumed = Attempt {
        resumed: true,
        ..full(160, 1)
    };
    let windows = [window(2, 100, 150)];
    let judgement = judge(&[full(110, 2), resumed, failed(full(170, 1))], &windows);
    assert!(judgement.faults.is_empty(), "{judgement}");
}

#[test]
fn new_after_is_from_the_first_write_to_the_end_of_the_handshake() {
    assert_eq!(judge(&[], &two()).new_after, [ms(5), ms(5)]);
}

#[test]
fn a_bound_is_rounded_up() {
    // 5.816 %. "Below 5.8 %" would be wrong.
    let attempts: Vec<_> = (0..50).map(|number| full(100 + number % 40, 1)).collect();
    let said = judge(&attempts, &two()).to_string();
    let all = "none of 50 attempts in all failed (below 5.9 %)";
    assert!(said.contains(all), "{said}");
}

/// The names are in the order of the classes, and are those of reports and of the command line.
#[test]
fn a_class_has_one_name() {
    for class in Class::value_variants() {
        let on_the_command_line = class.to_possible_value().unwrap();
        assert_eq!(on_the_command_line.get_name(), class.name());
        let in_reports = serde_json::to_value(class).unwrap();
        assert_eq!(in_reports, class.name());
    }
}
