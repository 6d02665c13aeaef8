//! A server, or a machine, that has too much to do: clients wait, whether anything is rotated or not. What comes of
//! that says nothing about a rotation, so it is no failure. What no load explains remains one.

use std::time::Duration;

use crate::attempt::{Attempt, FailureKind};
use crate::judge::explained::{is_given_up, is_load, near, waits_anywhere};
use crate::report::format::{count, millis};
use crate::report::{ClassReport, Code, Evidence, Finding, Severity};
use ch11_verification::rotation::Window;

/// So many of a class's last handshakes tell what it is shown in the end.
const LAST: usize = 12;

/// What tells that there was too much to do before anything was rotated, or for this side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overload {
    /// A client that waits for as long is not served as usual.
    limit: Duration,
    /// How many attempts that were answered had waited for as long, and of how many.
    waited: (u64, u64),
    /// Whether that was before the first rotation, or when a new certificate had been shown for as long.
    before: bool,
    /// How late this side was.
    late: Duration,
}

impl Overload {
    /// Whether one in four attempts had to wait before the first rotation `began`, or this side was as `late`; or one
    /// in four after the new certificate of one of these `windows` had been shown for a while, until the next began:
    /// the reload is over then. What is long for a client depends on its `patience`. Only those count that were
    /// answered: some that never are say nothing of the others.
    pub fn of(
        records: &[Attempt],
        (began, windows): (Duration, &[Window]),
        late: Duration,
        patience: Duration,
    ) -> Option<Self> {
        let limit = (patience / 5).min(Duration::from_secs(1));
        let answered = |of: &&Attempt| of.failed.is_none() && of.paced && !of.class.is_long();
        let tally = |counts: &dyn Fn(&Attempt) -> bool| {
            let counted = records.iter().filter(answered).filter(|of| counts(of));
            counted.fold((0_u64, 0_u64), |(waited, of), record| {
                let waits = record.done.saturating_sub(record.due) >= limit;
                (waited + u64::from(waits), of + 1)
            })
        };
        let before = before(records, began, limit);
        let rotated = !windows.is_empty();
        let after = tally(&|of| rotated && of.due > began && !near(of, windows, limit));
        let (waited, is_before) = match too_much(before) {
            true => (before, true),
            false => (after, false),
        };
        (too_much(waited) || late >= limit).then_some(Self {
            limit,
            waited: if too_much(waited) { waited } else { (0, 0) },
            before: is_before,
            late,
        })
    }

    /// Takes for a warning what too much to do explains. Whether there was any such failure.
    pub fn excuse(
        &self,
        findings: &mut [Finding],
        classes: &[ClassReport],
        seen: (&[Attempt], &[Window]),
    ) -> bool {
        let came_through = came_through(seen.0, seen.1);
        let mut any = false;
        for found in findings {
            let fails = found.severity == Severity::Failure;
            if !fails || !self.explains(found, classes, seen, came_through) {
                continue;
            }
            found.severity = Severity::Warning;
            found.words = format!("Not held against its rotation: {}", found.words);
            any = true;
        }
        any
    }

    /// Whether too much to do explains a failure.
    fn explains(
        &self,
        found: &Finding,
        classes: &[ClassReport],
        (records, windows): (&[Attempt], &[Window]),
        came_through: bool,
    ) -> bool {
        let Some(first) = found.evidence.first() else {
            let timed = [
                Code::NotPickedUp,
                Code::WorkersDisagree,
                Code::HandshakesFailed,
            ];
            return timed.contains(&found.code) && came_through;
        };
        let Some(class) = classes.iter().find(|of| of.class == first.class) else {
            return false;
        };
        let of_class = || records.iter().filter(|of| of.class == class.class);
        found.evidence.iter().all(|seen| match seen.kind {
            FailureKind::Stalled => waits_anywhere(of_class(), windows, self.limit),
            _ => is_load(seen, class) || is_given_up(seen.kind, of_class(), windows, self.limit),
        })
    }

    /// Takes a scenario's failures for what they are where too much to do explains all of them: of what it found,
    /// nothing is left but that. `last` is the rotation after which all should have been well.
    pub fn explains_all(&self, found: &[Finding], records: &[Attempt], last: &Window) -> bool {
        let came_through = came_through(records, std::slice::from_ref(last));
        let mut failures = found.iter().filter(|of| of.severity == Severity::Failure);
        let in_time = |of: &Evidence| of.kind == FailureKind::Stalled;
        let late = |found: &Finding| match found.evidence.is_empty() {
            false => found.evidence.iter().all(in_time),
            true => {
                let awaited = matches!(found.code, Code::NotPickedUp | Code::NotRecovered);
                awaited && came_through
            }
        };
        let any = found.iter().any(|of| of.severity == Severity::Failure);
        any && failures.all(late)
    }

    /// Why there is no verdict, and what to change. `since` says what it was before.
    pub fn words(&self, since: &str) -> String {
        let limit = millis(self.limit.as_secs_f64() * 1000.0);
        let late = millis(self.late.as_secs_f64() * 1000.0);
        let (waited, of) = (count(self.waited.0), count(self.waited.1));
        let (who, what) = match self.waited.0 {
            0 => (
                "this machine",
                format!("the clients of this check came up to {late} late"),
            ),
            _ => (
                "the server, or this machine,",
                match self.before {
                    true => format!(
                        "before {since} {waited} of {of} attempts had waited for {limit} or longer"
                    ),
                    false => format!(
                        "{waited} of {of} attempts waited for {limit} or longer although the new certificate was \
                         shown already"
                    ),
                },
            ),
        };
        format!(
            "{who} is overloaded ({what}), and what failed later can come of that. Ask for less load (`--rate`, \
             `--pool`, `--downloads`, `--classes`), or run the check while this machine has less to do"
        )
    }
}

/// Whether one in four had to wait, and more than a few.
fn too_much((waited, of): (u64, u64)) -> bool {
    waited >= 3 && waited * 4 >= of
}

/// How many attempts had waited before the first rotation, answered or not, and of how many.
fn before(records: &[Attempt], began: Duration, limit: Duration) -> (u64, u64) {
    let paced = records.iter().filter(|of| of.paced && !of.class.is_long());
    let before = paced.filter(|of| of.due + limit <= began);
    let waits = |of: &Attempt| of.done.min(began).saturating_sub(of.due) >= limit;
    before.fold((0, 0), |(waited, of), record| {
        (waited + u64::from(waits(record)), of + 1)
    })
}

/// Whether all that is known of the end speaks for the last certificate: the last handshakes of each class show it,
/// or there were too few to tell.
fn came_through(records: &[Attempt], windows: &[Window]) -> bool {
    let Some(last) = windows.last() else {
        return false;
    };
    let mut shown: Vec<_> = records
        .iter()
        .filter(|of| of.opened && !of.resumed && of.failed.is_none() && of.began >= last.notified)
        .filter_map(|of| Some((of.class, of.began, of.shown?)))
        .collect();
    shown.sort_unstable_by_key(|(class, began, _)| (*class, *began));
    shown.chunk_by(|one, other| one.0 == other.0).all(|of| {
        let end = &of[of.len().saturating_sub(LAST)..];
        of.len() < LAST || end.iter().all(|(.., shown)| *shown >= last.generation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::{Class, Recorder};
    use crate::judge::findings::{of_classes, of_rotations};
    use crate::judge::measure;
    use crate::report::Plan;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
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
        let mut findings = of_rotations(&measure::rotations(records, &windows), &plan, &[]);
        findings.extend(of_classes(&classes));
        let began = (ms(5000), &windows[..]);
        let overload = Overload::of(records, began, Duration::ZERO, PATIENCE)?;
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
            let overload = Overload::of(records, began, Duration::ZERO, PATIENCE);
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
        let overload = Overload::of(&slow, began, Duration::ZERO, PATIENCE).unwrap();
        let stalled = [found(Code::LastGoodLost, Some(FailureKind::Stalled))];
        let cut = [found(Code::LastGoodLost, Some(FailureKind::Refused))];
        let old = [found(Code::NotRecovered, None)];
        assert!(overload.explains_all(&stalled, &slow, last));
        assert!(!overload.explains_all(&cut, &slow, last));
        // Many were served in the end, and shown the old certificate.
        assert!(!overload.explains_all(&old, &slow, last));
        assert!(overload.explains_all(&old, &slow[..150], last));
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
}
