//! What too much to do explains of attempts that failed, and what it does not: what is lost at rotations is lost all the
//! same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::attempt::{Attempt, FailureKind};
use crate::judge::chance::by_chance;
use crate::report::{ClassReport, Evidence, Phase};
use ch11_verification::rotation::Window;

/// With less, chance does not explain that more fails during rotations than between them.
pub(super) const CHANCE: f64 = 0.001;
/// The same of clients that wait for too long. Where there is too much to do, many of them do so at once.
const CHANCE_TO_WAIT: f64 = 0.000_001;

/// So many that wait in vain are no accident.
const MANY: u64 = 10;

/// A client that is late by so many times what is long may be given up by a server that is patient.
const SILENT: u32 = 4;

/// Whether attempts that failed in this way did so for want of time, or as often without a rotation.
pub(super) fn is_load(evidence: &Evidence, class: &ClassReport) -> bool {
    let kind = evidence.kind;
    let counted = |phase: Phase| {
        let failures = class.failures.iter();
        let failures = failures.filter(|of| of.kind == kind && of.phase == phase);
        let all = class.phases.get(&phase).map_or(0, |of| of.attempts);
        (failures.map(|of| of.count).sum::<u64>(), all)
    };
    let (before, during) = (counted(Phase::Before), counted(Phase::During));
    let after = counted(Phase::After);
    match kind {
        FailureKind::Refused
        | FailureKind::HandshakeCut
        | FailureKind::Severed
        | FailureKind::Lost
        | FailureKind::Interrupted
        | FailureKind::Status => {
            let without = (before.0 + after.0, before.1 + after.1);
            let chance = by_chance((during.0, without.0), (during.1, without.1));
            before.0 > 0 && chance >= CHANCE
        }
        _ => false,
    }
}

/// Whether an attempt was due while a rotation was coming through: until its certificate had been shown for as long.
pub(super) fn near(attempt: &Attempt, windows: &[Window], limit: Duration) -> bool {
    let mut windows = windows.iter();
    windows.any(|window| {
        let shown = window.first_new.map_or(window.end, |new| new + limit);
        (window.began..=shown).contains(&attempt.due)
    })
}

/// Whether clients waited for too long at other times as well as while a rotation was coming through. Those that came
/// before the first rotation had less time to.
pub(super) fn waits_anywhere<'a>(
    records: impl Iterator<Item = &'a Attempt>,
    windows: &[Window],
    limit: Duration,
) -> bool {
    let began = windows.first().map_or(Duration::MAX, |first| first.began);
    let records: Vec<_> = records.filter(|of| of.due >= began).collect();
    let (mut hit, mut of) = ((0, 0), (0, 0));
    for record in &records {
        let waited = u64::from(record.failed == Some(FailureKind::Stalled));
        let (hit, of) = match near(record, windows, limit) {
            true => (&mut hit.0, &mut of.0),
            false => (&mut hit.1, &mut of.1),
        };
        *hit += waited;
        *of += 1;
    }
    // One in ten, far from any rotation, has nothing to do with one.
    (hit.1 >= 3 && hit.1 * 10 >= of.1)
        || by_chance(hit, of) >= CHANCE_TO_WAIT
        || comes_in_bursts(&records, windows, limit)
        || at_few_rotations(&records, windows, limit)
}

/// Whether they waited at no more than one rotation in five: what a rotation does to clients, it does to those that come
/// at the others as well.
pub(super) fn at_few_rotations(records: &[&Attempt], windows: &[Window], limit: Duration) -> bool {
    let in_vain = |window: &&Window| {
        let stalled = |of: &&&Attempt| of.failed == Some(FailureKind::Stalled);
        let mut stalled = records.iter().filter(stalled);
        stalled.any(|of| near(of, std::slice::from_ref(*window), limit))
    };
    windows.iter().filter(in_vain).count() * 5 <= windows.len()
}

/// The same of stretches of time, as long as `limit`, instead of clients: those that come in the same one share its
/// fate, so that a few bad moments near a rotation are no more than chance, however many clients came in them.
fn comes_in_bursts(records: &[&Attempt], windows: &[Window], limit: Duration) -> bool {
    let mut stretches: BTreeMap<u128, (bool, bool)> = BTreeMap::new();
    for record in records {
        let number = record.due.as_nanos() / limit.as_nanos().max(1);
        let (hit, is_near) = stretches.entry(number).or_default();
        *hit |= record.failed == Some(FailureKind::Stalled);
        *is_near |= near(record, windows, limit);
    }
    let (mut hit, mut of) = ((0, 0), (0, 0));
    for (was_hit, is_near) in stretches.into_values() {
        let (hit, of) = match is_near {
            true => (&mut hit.0, &mut of.0),
            false => (&mut hit.1, &mut of.1),
        };
        *hit += u64::from(was_hit);
        *of += 1;
    }
    hit.1 >= 3 && by_chance(hit, of) >= CHANCE
}

/// What may become of a client that is late, or of one for which there is no time.
fn is_of_time(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Stalled
            | FailureKind::HandshakeCut
            | FailureKind::Severed
            | FailureKind::Lost
            | FailureKind::Interrupted
    )
}

/// Whether all that failed in this way did so while this side did not come to what was due: then it may have come too
/// late to what the server said as well, and have been given up for that. `stretches` are in the order of time.
pub(super) fn while_late<'a>(
    kind: FailureKind,
    mut records: impl Iterator<Item = &'a Attempt>,
    stretches: &[[Duration; 2]],
) -> bool {
    let was_late = |of: &Attempt| {
        let next = stretches.partition_point(|[_, until]| *until < of.due);
        stretches
            .get(next)
            .is_some_and(|[from, _]| *from <= of.done)
    };
    is_of_time(kind) && records.all(|of| of.failed != Some(kind) || was_late(of))
}

/// Whether those that failed in this way are long at it, and so few that they tell nothing by themselves, while one in
/// ten of all clients, of whatever class, waited in vain far from any rotation.
pub(super) fn while_none_is_served<'a>(
    kind: FailureKind,
    of_class: impl Iterator<Item = &'a Attempt>,
    records: &[Attempt],
    windows: &[Window],
    limit: Duration,
) -> bool {
    let mut failed = of_class.filter(|of| of.failed == Some(kind));
    let is_long = |of: &Attempt| of.class.is_long() && of.done.saturating_sub(of.due) >= limit;
    if !is_of_time(kind) || !failed.all(is_long) {
        return false;
    }
    let began = windows.first().map_or(Duration::MAX, |first| first.began);
    let far = |of: &&Attempt| of.due >= began && of.paced && !near(of, windows, limit);
    let (mut in_vain, mut all) = (0, 0);
    for record in records.iter().filter(far) {
        in_vain += u64::from(record.failed == Some(FailureKind::Stalled));
        all += 1;
    }
    in_vain >= MANY && in_vain * 10 >= all
}

/// Whether those of a class that failed in this way had waited for too long, far from any rotation, and are few
/// beside those that waited in vain, or came to that in few moments: a server gives up clients for which it has no
/// time, as it gives up those that say nothing. Where this side was as `late` itself, any number may have said nothing
/// for too long.
pub(super) fn is_given_up<'a>(
    kind: FailureKind,
    records: impl Iterator<Item = &'a Attempt>,
    windows: &[Window],
    (limit, late): (Duration, Duration),
) -> bool {
    let (mut given_up, mut in_vain, mut moments) = (0_u64, 0_u64, BTreeSet::new());
    for record in records {
        in_vain += u64::from(record.failed == Some(FailureKind::Stalled));
        if record.failed != Some(kind) {
            continue;
        }
        let waited = record.done.saturating_sub(record.due) >= limit;
        let ended = Attempt {
            due: record.done,
            ..record.clone()
        };
        if !waited || !record.paced || record.class.is_long() || near(&ended, windows, limit) {
            return false;
        }
        given_up += 1;
        moments.insert(record.done.as_nanos() / limit.as_nanos().max(1));
    }
    // One moment may lie in two stretches, or in more.
    let follows = |moment: &&u128| {
        moment
            .checked_sub(1)
            .is_some_and(|of| moments.contains(&of))
    };
    let moments = moments.len() - moments.iter().filter(follows).count();
    let few = given_up * 10 <= in_vain || moments * 2 <= windows.len();
    let silent = late >= SILENT * limit;
    let cut = [
        FailureKind::Refused,
        FailureKind::HandshakeCut,
        FailureKind::Severed,
        FailureKind::Lost,
    ];
    cut.contains(&kind) && given_up > 0 && (few || silent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Class;

    const LIMIT: Duration = Duration::from_secs(1);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn attempt(due: u64, took: u64, failed: Option<FailureKind>) -> Attempt {
        Attempt {
            done: ms(due + took),
            failed,
            paced: true,
            ..Attempt::opening(Class::Full, ms(due))
        }
    }

    /// One rotation, which comes through from the fifth second to the seventh.
    fn windows() -> [Window; 1] {
        [Window {
            began: ms(5000),
            first_new: Some(ms(6000)),
            end: ms(6500),
            ..Window::default()
        }]
    }

    /// One attempt in each tenth of a second of 20, of which these wait in vain.
    fn waits(in_vain: impl Fn(u64) -> bool) -> bool {
        let each = (0..200).map(|at| at * 100);
        let each = each.map(|due| attempt(due, 900, in_vain(due).then_some(FailureKind::Stalled)));
        waits_anywhere(each.collect::<Vec<_>>().iter(), &windows(), LIMIT)
    }

    /// Ten rotations, one in each tenth second, which take one.
    fn ten() -> Vec<Window> {
        let each = (0..10).map(|number| Window {
            began: ms(10_000 * number),
            first_new: Some(ms(10_000 * number + 500)),
            end: ms(10_000 * number + 1000),
            ..Window::default()
        });
        each.collect()
    }

    #[test]
    fn who_waits_in_vain_at_few_of_many_rotations_waits_for_none() {
        for (hit, is_load) in [(1, true), (2, true), (3, false), (10, false)] {
            let each = (0..1000).map(|at| at * 100);
            let in_vain = |due: u64| due / 10_000 < hit && due % 10_000 < 1000;
            let each =
                each.map(|due| attempt(due, 900, in_vain(due).then_some(FailureKind::Stalled)));
            let each: Vec<_> = each.collect();
            assert_eq!(waits_anywhere(each.iter(), &ten(), LIMIT), is_load, "{hit}");
        }
    }

    #[test]
    fn who_waits_in_vain_far_from_a_rotation_waits_for_none() {
        let at_the_rotation = |due: u64| (5000..7000).contains(&due);
        assert!(!waits(at_the_rotation), "and at no other time");
        // In two bad seconds, which are one in ten of all that come later.
        assert!(waits(
            |due| at_the_rotation(due) || (15_000..17_000).contains(&due)
        ));
        assert!(!waits(
            |due| at_the_rotation(due) || (15_000..16_200).contains(&due)
        ));
        // Of so few nothing can be told.
        assert!(waits(|due| [5500, 6500, 15_000].contains(&due)));
        assert!(!waits(|due| at_the_rotation(due) || due == 15_000));
    }

    /// A rotation may have hurt it until its new certificate had been shown for as long as a wait is long.
    #[test]
    fn what_was_due_soon_after_the_new_certificate_was_shown_is_near() {
        for (due, is_near) in [(4999, false), (5000, true), (7000, true), (7001, false)] {
            assert_eq!(
                near(&attempt(due, 0, None), &windows(), LIMIT),
                is_near,
                "{due}"
            );
        }
    }

    #[test]
    fn who_is_given_up_had_waited_far_from_a_rotation_and_was_cut() {
        const CUT: FailureKind = FailureKind::Severed;
        let late_by = |late: u64, kind: FailureKind, in_vain: usize, cut: &[Attempt]| {
            let in_vain = (0..in_vain)
                .map(|at| attempt(20_000 + at as u64, 5000, Some(FailureKind::Stalled)));
            let all: Vec<_> = in_vain.chain(cut.iter().cloned()).collect();
            is_given_up(kind, all.iter(), &windows(), (LIMIT, ms(late)))
        };
        let is_given_up = |kind, in_vain, cut: &[Attempt]| late_by(0, kind, in_vain, cut);
        let one = attempt(20_000, 2000, Some(CUT));
        assert!(is_given_up(CUT, 10, std::slice::from_ref(&one)));
        assert!(
            !is_given_up(CUT, 9, std::slice::from_ref(&one)),
            "too few wait"
        );
        // However many, where this side was late itself.
        assert!(late_by(4000, CUT, 0, std::slice::from_ref(&one)));
        assert!(!late_by(3999, CUT, 0, std::slice::from_ref(&one)));
        assert!(!is_given_up(CUT, 10, &[]), "none is");
        let corrupt = attempt(20_000, 2000, Some(FailureKind::Corrupt));
        assert!(
            !is_given_up(FailureKind::Corrupt, 10, &[corrupt]),
            "not cut"
        );
        let not_so = [
            ("had not waited", attempt(20_000, 999, Some(CUT))),
            ("at a rotation", attempt(4000, 1500, Some(CUT))),
            (
                "had no moment to come",
                Attempt {
                    paced: false,
                    ..one.clone()
                },
            ),
            (
                "is long by itself",
                Attempt {
                    class: Class::Download,
                    ..one
                },
            ),
        ];
        for (why, attempt) in not_so {
            assert!(!late_by(4000, CUT, 10, &[attempt]), "{why}");
        }
    }

    #[test]
    fn who_is_long_at_it_is_cut_for_want_of_time_where_many_wait_in_vain() {
        let long = Attempt {
            class: Class::Download,
            ..attempt(20_000, 2000, Some(FailureKind::Severed))
        };
        let explained = |many: u64, paced: bool| {
            let in_vain = (0..many).map(|at| Attempt {
                paced,
                ..attempt(20_000 + at, 5000, Some(FailureKind::Stalled))
            });
            let records: Vec<_> = in_vain.collect();
            let of_class = std::iter::once(&long);
            while_none_is_served(FailureKind::Severed, of_class, &records, &windows(), LIMIT)
        };
        assert!(explained(10, true));
        assert!(!explained(9, true), "too few wait");
        assert!(!explained(10, false), "they had no moment to come");
    }

    #[test]
    fn a_moment_that_lies_in_two_stretches_is_one() {
        const CUT: FailureKind = FailureKind::Severed;
        let is_given_up = |moments: u64| {
            let ended = |at| [5900, 6100].map(|ms| 10_000 * at + ms);
            let each = (0..moments).flat_map(ended);
            let each: Vec<_> = each.map(|ms| attempt(ms - 2000, 2000, Some(CUT))).collect();
            is_given_up(CUT, each.iter(), &ten(), (LIMIT, Duration::ZERO))
        };
        assert!(is_given_up(5));
        assert!(!is_given_up(6), "too many moments");
    }
}
