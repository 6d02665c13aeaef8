//! Bounds are of what was at risk: attempts during rotations, kept connections times the rotations that
//! they met, and rotations.

use std::time::Duration;

use ch11_verification::rotation::Window;
use zdr::attempt::{Attempt, Class, FailureKind, Kept, Recorder};
use zdr::compare::merge::merge;
use zdr::judge::measure::class;
use zdr::judge::verdict::verdict;
use zdr::report::Report;
use zdr::report::at_risk::AtRisk;
use zdr::report::text::summary;

use super::sample;

fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn windows() -> [Window; 3] {
    [1, 2, 3].map(|generation| {
        let began = u64::from(generation) * 1000;
        Window {
            generation: generation + 40,
            serial: String::new(),
            began: at(began),
            notified: at(began),
            first_new: Some(at(began + 20)),
            converged: Some(at(began + 50)),
            end: at(began + 50),
            complaint: None,
        }
    })
}

fn attempt(class: Class, due: u64, done: u64, failed: Option<FailureKind>) -> Attempt {
    Attempt {
        class,
        due: at(due),
        began: at(due),
        handshake_done: None,
        done: at(done),
        failed,
        error: None,
        shown: None,
        resumed: false,
        opened: class == Class::Download,
        paced: true,
    }
}

fn kept(class: Class, from: u64, until: u64, lost: bool) -> Kept {
    Kept {
        class,
        from: at(from),
        until: at(until),
        lost,
    }
}

fn of(class_of: Class, recorder: &Recorder, attempts: &[Attempt]) -> AtRisk {
    let report = class(class_of, recorder, attempts, &windows());
    report.at_risk.expect("it is known")
}

#[test]
fn requests_count_where_they_met_a_rotation() {
    let recorder = Recorder::default();
    let many: Vec<_> = (0..400)
        .map(|n| attempt(Class::Pooled, n * 10, n * 10 + 1, None))
        .collect();
    let at_risk = of(Class::Pooled, &recorder, &many);
    assert_eq!((at_risk.attempts.of, at_risk.attempts.failed), (18, 0));
    assert!(at_risk.attempts.failed_below > 0.15, "{at_risk:?}");
    assert_eq!((at_risk.rotations.of, at_risk.rotations.failed), (3, 0));
    // The pool was there in all of them; one connection from the second on, and one was lost in it.
    for connection in [
        kept(Class::Pooled, 0, 4000, false),
        kept(Class::Pooled, 1500, 4000, false),
        kept(Class::Pooled, 0, 2010, true),
        kept(Class::Pooled, 0, 500, true),
        kept(Class::Http2, 0, 4000, false),
    ] {
        recorder.put_kept(connection);
    }
    let crossings = of(Class::Pooled, &recorder, &many).connections;
    let crossings = crossings.map(|of| (of.of, of.failed));
    assert_eq!(crossings, Some((3 + 2 + 2, 1)));
}

#[test]
fn a_download_counts_for_each_rotation_that_it_crossed() {
    let whole = attempt(Class::Download, 0, 4000, None);
    let cut = attempt(Class::Download, 0, 2010, Some(FailureKind::Severed));
    let recorder = Recorder::default();
    let at_risk = of(Class::Download, &recorder, &[whole, cut]);
    assert_eq!((at_risk.attempts.of, at_risk.attempts.failed), (5, 1));
    assert_eq!(at_risk.connections, Some(at_risk.attempts));
    // By the number of the rotation, and not by its generation.
    assert_eq!(at_risk.harmed.into_iter().collect::<Vec<_>>(), [2]);
}

#[test]
fn the_headline_has_the_bounds_of_what_was_at_risk() {
    let mut report = sample::healthy();
    report.verdict = verdict(&report);
    let words = &report.verdict.words;
    let expected = "Failed during rotations: none of 1,500 attempts (below 0.20 %), none of 120 crossings by \
                    kept connections (below 2.5 %), none of 5 rotations (below 46 %). In all, none of 14,400 \
                    attempts failed.";
    assert!(words.contains(expected), "{words}");
    assert!(
        !words.contains("0.021"),
        "the bound over all attempts: {words}"
    );
    let text: Vec<_> = summary(&report)
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    assert!(text.join(" ").contains("fail independently of each other"));
}

/// Only one generator rotates, and the others do not know when.
#[test]
fn of_several_generators_those_that_only_load_are_not_among_what_was_at_risk() {
    let pods = sample::pods();
    let merged = merge(pods.to_vec()).expect("they are of one run");
    let words = &merged.verdict.words;
    assert!(words.contains("generator that only loads"), "{words}");
    let alone = pods[1].verdict.at_risk.as_ref().map(|of| of.rotations.of);
    let rotations = merged.verdict.at_risk.map(|of| of.rotations.of);
    assert_eq!((rotations, alone), (Some(5), Some(5)), "not added");
}

#[test]
fn where_no_attempt_met_a_rotation_that_is_said() {
    let mut report: Report = sample::healthy();
    for class in &mut report.classes {
        let at_risk = class.at_risk.as_mut().expect("it is known");
        at_risk.attempts.of = 0;
    }
    let words = verdict(&report).words;
    assert!(words.contains("No attempt met a rotation"), "{words}");
}
