//! What too much to do explains, and what it does not.

use super::*;
use crate::attempt::{Class, Recorder};
use crate::judge::findings::{finding, of_classes, of_rotations};
use crate::judge::measure;
use crate::judge::rejected::Missed;
use crate::report::Plan;

mod late;

const PATIENCE: Duration = Duration::from_secs(5);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// This side, of which one attempt came so late: it was due as the run began.
fn late_by(late: Duration) -> Behind {
    let mut behind = Behind::default();
    behind.begins(Duration::ZERO, late);
    behind
}

/// One attempt in each tenth of a second until `end`, which takes so long, and ends so.
fn attempts(end: u64, how: impl Fn(u64) -> (u64, Option<FailureKind>, u32)) -> Vec<Attempt> {
    let each = (0..end / 100).map(|at| at * 100);
    let each = each.map(|due| {
        let (took, failed, shown) = how(due);
        Attempt {
            began: ms(due),
            done: ms(due + took),
            handshake_done: failed.is_none().then(|| ms(due + took)),
            failed,
            shown: failed.is_none().then_some(shown),
            paced: true,
            ..Attempt::opening(Class::Full, ms(due))
        }
    });
    each.collect()
}

/// Rotations at each fifth second, which take two.
fn windows() -> Vec<Window> {
    let each = (1u32..5).map(|number| Window {
        generation: number + 1,
        began: ms(5000 * u64::from(number)),
        notified: ms(5000 * u64::from(number)),
        end: ms(5000 * u64::from(number) + 2000),
        ..Window::default()
    });
    each.collect()
}

fn is_in_rotation(due: u64) -> bool {
    due >= 5000 && due % 5000 < 2000
}

/// Which failures remain, where there are any.
fn remain(records: &[Attempt]) -> Option<Vec<Code>> {
    let windows = windows();
    let classes = [measure::class(
        Class::Full,
        &Recorder::default(),
        records,
        &windows,
    )];
    let plan = Plan {
        reload_within_ms: 10_000,
        overlap_ms: 1000,
        ..Plan::default()
    };
    let rotations = measure::rotations(records, &windows);
    let mut findings = of_rotations(&rotations, &plan, &[], &Missed::default());
    findings.extend(of_classes(&classes));
    let began = (ms(5000), &windows[..]);
    let overload = Overload::of(records, began, &Behind::default(), PATIENCE)?;
    overload.excuse(&mut findings, &classes, (records, &windows));
    findings.retain(|of| of.severity == Severity::Failure);
    Some(findings.iter().map(|of| of.code).collect())
}

#[test]
fn who_waits_before_the_first_rotation_as_later_waits_for_none() {
    let slow = |due: u64| (1000 + due / 5, None, 1 + (due / 5000) as u32);
    let overloaded = attempts(25_000, |due| match due {
        ..16_000 => slow(due),
        _ => (5000, Some(FailureKind::Stalled), 0),
    });
    assert_eq!(remain(&overloaded), Some(Vec::new()));
}

#[test]
fn what_is_cut_at_each_rotation_fails_however_much_there_is_to_do() {
    for kind in [
        FailureKind::Refused,
        FailureKind::Severed,
        FailureKind::HandshakeCut,
    ] {
        let cut = attempts(25_000, |due| match is_in_rotation(due) {
            true => (10, Some(kind), 0),
            false => (1500, None, 1 + (due / 5000) as u32),
        });
        let remaining = remain(&cut).unwrap();
        assert!(remaining.contains(&Code::of(kind)), "{remaining:?}");
    }
}

/// What remains says nothing of clients that only waited: a cause is not taken for another by them.
#[test]
fn of_a_failure_that_is_explained_in_part_the_rest_remains() {
    let mixed = attempts(25_000, |due| match (is_in_rotation(due), due) {
        (true, _) => (10, Some(FailureKind::Refused), 0),
        (false, 16_000..) => (5000, Some(FailureKind::Stalled), 0),
        (false, _) => (1500, None, 1 + (due / 5000) as u32),
    });
    let windows = windows();
    let class = measure::class(Class::Full, &Recorder::default(), &mixed, &windows);
    let classes = [class];
    let mut found = of_classes(&classes);
    assert_eq!((found.len(), found[0].evidence.len()), (1, 2), "{found:?}");
    let began = (ms(5000), &windows[..]);
    let overload = Overload::of(&mixed, began, &Behind::default(), PATIENCE).unwrap();
    assert!(!overload.excuse(&mut found, &classes, (&mixed, &windows)));
    assert_eq!(found[0].severity, Severity::Failure);
    let left: Vec<_> = found[0].evidence.iter().map(|of| of.kind).collect();
    assert_eq!(left, [FailureKind::Refused]);
    let words = &found[0].words;
    assert!(
        words.ends_with("is overloaded: no answer in time."),
        "{words}"
    );
}

#[test]
fn one_that_was_cut_before_does_not_explain_those_that_rotations_cut() {
    let cut = attempts(25_000, |due| match is_in_rotation(due) || due == 100 {
        true => (10, Some(FailureKind::Severed), 0),
        false => (1500, None, 1 + (due / 5000) as u32),
    });
    assert!(remain(&cut).unwrap().contains(&Code::Severed));
}

#[test]
fn what_is_cut_as_often_without_a_rotation_comes_of_the_load() {
    let cut = attempts(25_000, |due| match due % 700 {
        0 => (1200, Some(FailureKind::HandshakeCut), 0),
        _ => (1500, None, 1 + (due / 5000) as u32),
    });
    assert_eq!(remain(&cut), Some(Vec::new()));
}

#[test]
fn a_certificate_that_is_never_shown_is_not_late() {
    let old = attempts(25_000, |_| (1500, None, 1));
    assert!(remain(&old).unwrap().contains(&Code::NotPickedUp));
}

/// It keeps up until it is rotated, and has less and less time from then on.
#[test]
fn who_waits_long_after_the_new_certificate_was_shown_waits_for_none() {
    let windows: Vec<_> = windows().into_iter().take(1).collect();
    let windows = [Window {
        first_new: Some(ms(5300)),
        end: ms(20_000),
        ..windows[0].clone()
    }];
    let judged = |records: &[Attempt]| {
        let class = measure::class(Class::Full, &Recorder::default(), records, &windows);
        let classes = [class];
        let mut found = of_classes(&classes);
        let began = (ms(5000), &windows[..]);
        let overload = Overload::of(records, began, &Behind::default(), PATIENCE);
        if let Some(overload) = overload {
            overload.excuse(&mut found, &classes, (records, &windows));
        }
        found.iter().any(|of| of.severity == Severity::Failure)
    };
    let ramp = attempts(25_000, |due| match due {
        ..5000 => (300, None, 1),
        5000..15_000 => (300 + (due - 5000) / 2, None, 2),
        _ => (5000, Some(FailureKind::Stalled), 0),
    });
    assert!(!judged(&ramp));
    // One of three workers hangs from the reload on: those that are answered do not wait.
    let hangs = attempts(25_000, |due| match due >= 5000 && due % 300 == 0 {
        true => (5000, Some(FailureKind::Stalled), 0),
        false => (300, None, if due < 5000 { 1 } else { 2 }),
    });
    assert!(judged(&hangs));
}

#[test]
fn what_a_scenario_finds_is_explained_only_where_nobody_was_answered_in_time() {
    let windows = windows();
    let last = windows.last().unwrap();
    let found = |code, kind: Option<FailureKind>| {
        let evidence = kind.map(|kind| Evidence {
            class: Class::Full,
            kind,
            phase: None,
            at_ms: None,
            said: String::new(),
        });
        Finding {
            evidence: evidence.into_iter().collect(),
            ..crate::judge::findings::finding(Severity::Failure, code, "", String::new())
        }
    };
    let slow = attempts(25_000, |_| (1500, None, 1));
    let began = (ms(5000), &windows[..]);
    let overload = Overload::of(&slow, began, &Behind::default(), PATIENCE).unwrap();
    let stalled = [found(Code::LastGoodLost, Some(FailureKind::Stalled))];
    let cut = [found(Code::LastGoodLost, Some(FailureKind::Refused))];
    let old = [found(Code::NotRecovered, None)];
    assert!(overload.explains_all(&stalled, (&slow, last), &[]));
    assert!(!overload.explains_all(&cut, (&slow, last), &[]));
    // Many were served in the end, and shown the old certificate.
    assert!(!overload.explains_all(&old, (&slow, last), &[]));
    assert!(overload.explains_all(&old, (&slow[..150], last), &[]));
    // What each rotation does may stand beside it, and is nothing that too much to do explains.
    let both = [stalled, cut.clone()].concat();
    assert!(!overload.explains_all(&both, (&slow, last), &[]));
    let daily = [FailureKind::Refused];
    assert!(overload.explains_all(&both, (&slow, last), &daily));
    assert!(!overload.explains_all(&cut, (&slow, last), &daily));
}

/// All wait, and most in vain. One is cut: `when`, after `took`.
fn one_is_cut(when: u64, took: u64) -> Vec<Attempt> {
    attempts(25_000, |due| match due {
        due if due == when => (took, Some(FailureKind::HandshakeCut), 0),
        ..5000 => (1500, None, 1),
        due if due % 500 == 0 => (1500, None, 1 + (due / 5000) as u32),
        _ => (5000, Some(FailureKind::Stalled), 0),
    })
}

/// A server gives up clients for which it has no time. That is not known of one that had just come, or that was
/// cut while a rotation was coming through.
#[test]
fn who_is_given_up_after_a_long_wait_far_from_a_rotation_was_not_cut_by_one() {
    assert_eq!(remain(&one_is_cut(7600, 2000)), Some(Vec::new()));
    for (when, took) in [(7600, 200), (7600, 2700), (5600, 1200), (3600, 2000)] {
        let remaining = remain(&one_is_cut(when, took)).unwrap();
        assert!(!remaining.is_empty(), "{when}, {took}");
    }
}

/// All that waited together are given up together. A server that cuts does so after each rotation.
#[test]
fn many_that_are_cut_in_one_moment_were_given_up() {
    let cut = |after: &'static [u64]| {
        attempts(25_000, move |due| match due {
            ..5000 => (1500, None, 1),
            due if after.iter().any(|at| (at + 2400..at + 2700).contains(&due)) => {
                (2000, Some(FailureKind::Lost), 0)
            }
            _ => (1500, None, 1 + (due / 5000) as u32),
        })
    };
    assert_eq!(remain(&cut(&[5000])), Some(Vec::new()));
    let remaining = remain(&cut(&[5000, 10_000, 15_000])).unwrap();
    assert_eq!(remaining, [Code::RequestsFailed]);
}

/// Those that come in the same bad moment share its fate: one such moment near a rotation is chance where there are
/// as many far from them.
#[test]
fn a_bad_moment_near_one_rotation_is_none_of_its_own() {
    let bad = |near: &'static [u64], far: &'static [u64]| {
        attempts(45_000, move |due| match due {
            due if near.iter().any(|at| (*at..=at + 2000).contains(&due)) => {
                (5000, Some(FailureKind::Stalled), 0)
            }
            due if far.contains(&due) => (5000, Some(FailureKind::Stalled), 0),
            due => (1500, None, 1 + (due.min(24_900) / 5000) as u32),
        })
    };
    let far: &[u64] = &[8300, 13_500, 18_800, 28_000, 33_000];
    assert_eq!(remain(&bad(&[10_000], far)), Some(Vec::new()));
    for (near, far) in [
        (&[5000, 10_000, 15_000, 20_000][..], &far[..3]),
        (&[10_000], &far[..2]),
    ] {
        let remaining = remain(&bad(near, far)).unwrap();
        assert_eq!(remaining, [Code::HandshakesFailed], "{near:?}, {far:?}");
    }
}

#[test]
fn who_waits_at_rotations_alone_waits_for_them() {
    let fast = |due: u64| (10, None, 1 + (due / 5000) as u32);
    let waits = attempts(25_000, |due| match is_in_rotation(due) {
        true => (5000, Some(FailureKind::Stalled), 0),
        false => fast(due),
    });
    assert_eq!(remain(&waits), None);
    // Nor where others wait before, too, but not for as long.
    let waits = attempts(25_000, |due| match is_in_rotation(due) {
        true => (5000, Some(FailureKind::Stalled), 0),
        false => (1500, None, 1 + (due / 5000) as u32),
    });
    assert!(remain(&waits).unwrap().contains(&Code::HandshakesFailed));
}

/// Clients that wait while the server takes its time to reload wait for the rotation.
#[test]
fn who_waits_for_a_slow_reload_is_no_overload() {
    let windows = [Window {
        first_new: Some(ms(15_000)),
        end: ms(15_000),
        ..windows()[0].clone()
    }];
    let of = |records: &[Attempt]| {
        Overload::of(records, (ms(5000), &windows), &Behind::default(), PATIENCE)
    };
    let waits = |from: u64, until: u64| {
        attempts(25_000, |due| match (from..until).contains(&due) {
            true => (1500, None, 1),
            false => (10, None, 1),
        })
    };
    assert_eq!(of(&waits(5000, 16_000)), None);
    assert!(of(&waits(16_100, 20_000)).is_some());
    // Two are no load.
    let few = [attempts(200, |_| (1500, None, 1)), Vec::new()];
    assert_eq!(few.map(|few| of(&few)), [None, None]);
}

#[test]
fn a_check_that_is_late_itself_is_overload_and_says_whose() {
    let quick = attempts(25_000, |_| (10, None, 1));
    let of = |late| Overload::of(&quick, (ms(5000), &windows()), &late_by(late), PATIENCE);
    assert_eq!(of(ms(999)), None);
    let words = of(ms(1000)).unwrap().words("the first rotation");
    assert!(words.starts_with("this machine is overloaded"), "{words}");
    assert!(words.contains("1.00 s late"), "{words}");
}

#[test]
fn what_has_nothing_to_do_with_time_remains() {
    let quick = attempts(25_000, |due| (10, None, 1 + (due / 5000) as u32));
    let windows = windows();
    let overload =
        Overload::of(&quick, (ms(5000), &windows), &late_by(ms(2000)), PATIENCE).unwrap();
    let severity = |code: Code| {
        let mut found = [finding(Severity::Failure, code, "rotation", String::new())];
        overload.excuse(&mut found, &[], (&quick, &windows));
        found[0].severity
    };
    assert_eq!(severity(Code::NotPickedUp), Severity::Warning);
    assert_eq!(severity(Code::Stopped), Severity::Failure);
    let last = windows.last().unwrap();
    assert!(
        !overload.explains_all(&[], (&quick, last), &[]),
        "there is nothing to explain"
    );
}

/// A server that stops answering has nothing to do with how busy it was until then.
#[test]
fn who_was_answered_late_at_any_time_tells_of_too_much_to_do_and_who_never_was_does_not() {
    let ever = |how: &dyn Fn(u64) -> (u64, Option<FailureKind>, u32)| {
        Overload::ever(&attempts(10_000, how), &Behind::default(), PATIENCE)
    };
    let stalled = (5000, Some(FailureKind::Stalled), 0);
    let slow = ever(&|due| if due < 5000 { (1500, None, 1) } else { stalled });
    let words = slow.unwrap().words("the scenario began");
    assert!(
        words.contains("50 of 50 attempts waited for 1.00 s or longer)"),
        "{words}"
    );
    assert_eq!(
        ever(&|due| if due < 5000 { (10, None, 1) } else { stalled }),
        None
    );
    let late = Overload::ever(&[], &late_by(ms(1000)), PATIENCE);
    assert!(
        late.unwrap()
            .words("")
            .starts_with("this machine is overloaded")
    );
}

/// Clients that wait while a rotation comes through, and at no other time, wait for it, whether in vain or not.
#[test]
fn a_server_whose_rotations_alone_keep_clients_waiting_has_not_too_much_to_do() {
    let windows = windows();
    let began = (ms(5000), &windows[..]);
    let waits = |behind: &Behind, how: &dyn Fn(u64) -> (u64, Option<FailureKind>)| {
        let records = attempts(25_000, |due| {
            let (took, failed) = how(due);
            (took, failed, 1 + (due / 5000) as u32)
        });
        rotations_keep_waiting(&records, began, behind, PATIENCE)
    };
    let at_rotations = |took, failed| {
        move |due| match is_in_rotation(due) {
            true => (took, failed),
            false => (10, None),
        }
    };
    let on_time = Behind::default();
    assert!(waits(&on_time, &at_rotations(1500, None)));
    assert!(waits(
        &on_time,
        &at_rotations(5000, Some(FailureKind::Stalled))
    ));
    assert!(!waits(&on_time, &at_rotations(300, None)));
    assert!(!waits(&on_time, &|_| (1500, None)), "they wait at any time");
    let late = late_by(ms(1000));
    assert!(
        !waits(&late, &at_rotations(1500, None)),
        "this side was late"
    );
}

/// A scenario begins with a rotation in which nothing is wrong. Who waits for that one alone is no sign of too much to do.
#[test]
fn who_waits_for_the_rotation_before_a_scenario_does_not_tell_of_too_much_to_do() {
    let window = [Window {
        first_new: Some(ms(4000)),
        ..windows()[0].clone()
    }];
    let window = window.map(|of| Window {
        began: ms(1000),
        ..of
    });
    let until = |records: &[Attempt], waited_for: &[Window]| {
        let until = (ms(5000), waited_for);
        Overload::until(records, until, &Behind::default(), PATIENCE).is_some()
    };
    let reload = attempts(5000, |due| match due {
        1000..4000 => (1500, None, 1),
        _ => (10, None, 2),
    });
    assert!(until(&reload, &[]));
    assert!(!until(&reload, &window));
    let always = attempts(9000, |_| (1500, None, 1));
    assert!(until(&always, &window), "they wait at any time");
}
