//! What is known where this side was late itself, or where none is served.

use super::*;

/// What of these attempts remains a failure where this side was late like this: when one was due, and when it began.
fn remain_where_late(records: &[Attempt], late: &[(u64, u64)]) -> Vec<Code> {
    let windows = windows();
    let mut behind = Behind::default();
    for (due, began) in late {
        behind.begins(ms(*due), ms(*began));
    }
    let class = measure::class(Class::Full, &Recorder::default(), records, &windows);
    let classes = [class];
    let mut findings = of_classes(&classes);
    let overload = Overload::of(records, (ms(5000), &windows), &behind, PATIENCE);
    overload
        .unwrap()
        .excuse(&mut findings, &classes, (records, &windows));
    findings.retain(|of| of.severity == Severity::Failure);
    findings.iter().map(|of| of.code).collect()
}

#[test]
fn who_is_cut_while_this_side_was_late_is_no_fault_of_the_servers() {
    let at = |cut: fn(u64) -> bool, kind| {
        attempts(25_000, |due| match cut(due) {
            true => (500, Some(kind), 0),
            false => (10, None, 1 + (due / 5000) as u32),
        })
    };
    let late = [(10_000, 11_500), (15_000, 16_500)];
    let once: fn(u64) -> bool = |due| (11_000..11_500).contains(&due);
    let cut = at(once, FailureKind::HandshakeCut);
    assert_eq!(remain_where_late(&cut, &late), []);
    // One that was cut at another time tells that being late is not the cause of it.
    let again = at(
        |due| (11_000..11_500).contains(&due) || due == 20_300,
        FailureKind::HandshakeCut,
    );
    assert_eq!(remain_where_late(&again, &late), [Code::HandshakesFailed]);
    // Whoever is late is not refused for it, nor shown what is wrong.
    for kind in [
        FailureKind::Refused,
        FailureKind::Expired,
        FailureKind::WrongKey,
    ] {
        assert!(
            !remain_where_late(&at(once, kind), &late).is_empty(),
            "{kind}"
        );
    }
}

/// A machine stands still at one rotation of many: then this side is late as well, though not by much.
#[test]
fn where_this_side_was_a_little_late_one_bad_rotation_of_many_is_no_verdict() {
    let ten = (1..=10u32).map(|number| Window {
        generation: number + 1,
        began: ms(5000 * u64::from(number)),
        notified: ms(5000 * u64::from(number)),
        first_new: Some(ms(5000 * u64::from(number) + 100)),
        end: ms(5000 * u64::from(number) + 500),
        ..Window::default()
    });
    let ten: Vec<_> = ten.collect();
    let fails = |bad: &[u64], kind, late| {
        let records = attempts(60_000, |due| {
            match bad.contains(&(due / 5000)) && due % 5000 < 500 {
                true => (5000, Some(kind), 0),
                false => (10, None, 1 + (due / 5000) as u32),
            }
        });
        let class = measure::class(Class::Full, &Recorder::default(), &records, &ten);
        let classes = [class];
        let mut findings = of_classes(&classes);
        let overload = Overload::of_run(&records, (ms(5000), &ten), &late_by(late), PATIENCE);
        if let Some(overload) = overload {
            assert!(overload.is_slight());
            overload.excuse(&mut findings, &classes, (&records, &ten));
        }
        findings.iter().any(|of| of.severity == Severity::Failure)
    };
    let stalled = FailureKind::Stalled;
    assert!(!fails(&[4], stalled, LATE));
    assert!(!fails(&[4, 7], stalled, LATE));
    assert!(fails(&[4, 6, 8], stalled, LATE));
    assert!(fails(&[4], stalled, LATE - ms(1)));
    assert!(fails(&[4], FailureKind::HandshakeCut, LATE));
}

/// A long client is cut while many others wait in vain, whether anything is rotated or not.
#[test]
fn where_one_in_ten_waits_in_vain_a_long_client_tells_nothing() {
    let remain = |in_vain: fn(u64) -> bool, cut, took: u64| {
        let mut records = attempts(25_000, |due| match in_vain(due) {
            true => (5000, Some(FailureKind::Stalled), 0),
            false => (1500, None, 1 + (due / 5000) as u32),
        });
        let windows = windows();
        records.push(Attempt {
            done: ms(10_000 + took),
            failed: Some(cut),
            ..Attempt::opening(Class::Download, ms(10_000))
        });
        let of = |class| measure::class(class, &Recorder::default(), &records, &windows);
        let classes = [of(Class::Download)];
        let mut findings = of_classes(&classes);
        let began = (ms(5000), &windows[..]);
        let overload = Overload::of(&records, began, &Behind::default(), PATIENCE);
        overload
            .unwrap()
            .excuse(&mut findings, &classes, (&records, &windows));
        findings.iter().any(|of| of.severity == Severity::Failure)
    };
    let cut = FailureKind::HandshakeCut;
    assert!(!remain(|due| due % 900 == 0, cut, 1200));
    assert!(!remain(|due| due % 900 == 0, FailureKind::Severed, 1200));
    // It had not waited, few wait in vain, or none but at rotations.
    assert!(remain(|due| due % 900 == 0, cut, 200));
    assert!(remain(|due| due % 7000 == 0, cut, 1200));
    assert!(remain(is_in_rotation, cut, 1200));
    // A server that does not listen has nothing to do with it.
    assert!(remain(|due| due % 900 == 0, FailureKind::Refused, 1200));
}

/// Requests over kept connections, many and in no time, beside those that open one.
#[test]
fn new_connections_that_wait_are_told_beside_kept_ones_that_do_not() {
    let windows = windows();
    let began = (ms(5000), &windows[..]);
    let of = |new: &dyn Fn(u64) -> u64, kept: &dyn Fn(u64) -> u64| {
        let mut all = attempts(25_000, |due| (new(due), None, 1));
        for at in 0..4 {
            let requests = attempts(25_000, |due| (kept(due + at), None, 1));
            all.extend(requests.into_iter().map(|of| Attempt {
                class: Class::Pooled,
                opened: false,
                ..of
            }));
        }
        Overload::of(&all, began, &Behind::default(), PATIENCE)
    };
    let (quick, slow) = (|_: u64| 20, |_: u64| 1500);
    let told = of(&slow, &quick).unwrap().words("the first rotation");
    assert!(
        told.contains("before the first rotation, 41 of 41 attempts"),
        "{told}"
    );
    assert_eq!(of(&quick, &quick), None);
    // What a rotation does to new connections is no load, nor is it where one in five kept ones waits.
    let at_rotations = |due: u64| if is_in_rotation(due) { 1500 } else { 20 };
    assert_eq!(of(&at_rotations, &quick), None);
    assert_eq!(
        of(&quick, &|due| if due % 100 == 0 { 1500 } else { 20 }),
        None
    );
}
