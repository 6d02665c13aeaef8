//! What is known of rotations in which no client accepted the new certificate in time, beside that: clients may have
//! rejected what was shown, or it came too late. Of neither it would be right to say that the server overlooks new files.

use std::time::Duration;

use crate::attempt::{Attempt, Class, FailureKind};
use ch11_verification::rotation::Window;

/// So many of the last handshakes of a rotation tell what was shown in the end.
const LAST: usize = 4;

/// What is shown so soon after the next rotation began to be told is shown because of that one.
const SOON: Duration = Duration::from_secs(1);

/// What is known of such rotations.
#[derive(Debug, Default)]
pub struct Missed {
    /// The numbers of those in whose end clients rejected all that was shown.
    pub rejected: Vec<u32>,
    /// How long it took at the longest until one was shown after all, from the moment at which the server was told.
    pub late: Option<Duration>,
    /// Whether each was shown when the next one came, and not before.
    pub one_behind: bool,
}

impl Missed {
    /// Of these rotations.
    pub fn of(records: &[Attempt], windows: &[Window]) -> Self {
        Self {
            rejected: rejected(records, windows),
            late: late(records, windows),
            one_behind: is_one_behind(records, windows),
        }
    }

    /// What a finding adds to "not shown in time". To allow a server more time helps only if time is what it needs.
    pub fn later(&self) -> String {
        if self.one_behind {
            return "; it was shown when the next rotation came: the server is always one behind"
                .to_owned();
        }
        self.late.map_or_else(String::new, |late| {
            let late = late.as_secs_f64();
            format!("; one did after {late:.1} s: `reload_within_ms` in [limits] would allow that")
        })
    }
}

/// When the first client was shown the certificate of this rotation, if that was after its end.
fn shown_late(records: &[Attempt], window: &Window) -> Option<Duration> {
    let new = records.iter().filter(|of| {
        let is_full = of.opened && !of.resumed && of.failed.is_none();
        is_full && of.shown == Some(window.generation)
    });
    let first = new.filter_map(|of| of.handshake_done).min()?;
    (first > window.end).then_some(first)
}

fn late(records: &[Attempt], windows: &[Window]) -> Option<Duration> {
    let missed = windows.iter().filter(|window| window.first_new.is_none());
    let shown = missed.filter_map(|window| {
        let first = shown_late(records, window)?;
        Some(first.saturating_sub(window.notified))
    });
    shown.max()
}

/// Whether all rotations were missed, and each but the last was shown as soon as the next one came. One alone may be
/// chance: a server that polls has to look at some time.
fn is_one_behind(records: &[Attempt], windows: &[Window]) -> bool {
    let by_the_next = |pair: &[Window]| {
        let soon = pair[1].began..=pair[1].notified + SOON;
        shown_late(records, &pair[0]).is_some_and(|first| soon.contains(&first))
    };
    windows.len() > 2
        && windows.iter().all(|window| window.first_new.is_none())
        && windows.windows(2).all(by_the_next)
}

fn rejected(records: &[Attempt], windows: &[Window]) -> Vec<u32> {
    let numbered = windows.iter().zip(1u32..);
    let in_vain = numbered.filter(|(window, _)| {
        let full = records.iter().filter(|of| of.class == Class::Full);
        let within = |of: &&Attempt| of.began >= window.notified && of.done <= window.end;
        let mut within: Vec<_> = full.filter(within).collect();
        within.sort_unstable_by_key(|of| of.done);
        let mut last = within.iter().rev().take(LAST);
        within.len() >= LAST && last.all(|of| of.failed.is_some_and(is_of_shown))
    });
    in_vain.map(|(_, number)| number).collect()
}

/// Whether an attempt failed by what was shown to it. A certificate that has expired may be the old one.
fn is_of_shown(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::UnknownIssuer
            | FailureKind::WrongChain
            | FailureKind::WrongKey
            | FailureKind::WrongName
            | FailureKind::NotYetValid
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::findings::of_rotations;
    use crate::judge::measure;
    use crate::report::{Code, Plan};

    fn attempt(at: u64, failed: Option<FailureKind>) -> Attempt {
        let mut attempt = Attempt::opening(Class::Full, Duration::from_millis(at));
        attempt.done = Duration::from_millis(at + 5);
        attempt.failed = failed;
        attempt
    }

    /// One rotation, from 100 to 200 ms.
    fn window() -> Window {
        let ms = Duration::from_millis;
        Window {
            began: ms(90),
            notified: ms(100),
            end: ms(200),
            ..Window::default()
        }
    }

    /// Which of that one rotation, whose handshakes fail so.
    fn of(failed: &dyn Fn(u64) -> Option<FailureKind>) -> Vec<u32> {
        let records: Vec<_> = (5..25)
            .map(|at| attempt(at * 10, failed(at * 10)))
            .collect();
        rejected(&records, &[window()])
    }

    #[test]
    fn what_clients_reject_in_the_end_is_something_new() {
        assert_eq!(
            of(&|at| (at > 130).then_some(FailureKind::UnknownIssuer)),
            [1]
        );
    }

    #[test]
    fn what_they_accept_or_what_expired_may_be_the_old_one() {
        for failed in [None, Some(FailureKind::Expired), Some(FailureKind::Stalled)] {
            assert!(of(&|_| failed).is_empty(), "{failed:?}");
        }
        let for_a_moment = |at| (at < 150).then_some(FailureKind::WrongKey);
        assert!(of(&for_a_moment).is_empty());
    }

    #[test]
    fn few_handshakes_and_those_after_the_end_tell_nothing() {
        let failed = |many: u64| {
            let unknown = Some(FailureKind::UnknownIssuer);
            let each: Vec<_> = (0..many).map(|at| attempt(120 + at, unknown)).collect();
            rejected(&each, &[window()])
        };
        assert_eq!((failed(3), failed(4)), (vec![], vec![1]));
        // What is accepted later may be that of the next rotation.
        let until_its_end = |at| {
            (130..200)
                .contains(&at)
                .then_some(FailureKind::UnknownIssuer)
        };
        assert_eq!(of(&until_its_end), [1]);
    }

    #[test]
    fn what_clients_reject_is_not_said_to_be_overlooked() {
        let rotations = measure::rotations(&[], &[Window::default()]);
        let plan = Plan::default();
        let codes = |rejected: &[u32]| -> Vec<Code> {
            let missed = Missed {
                rejected: rejected.to_vec(),
                ..Missed::default()
            };
            let found = of_rotations(&rotations, &plan, &[], &missed);
            found.iter().map(|of| of.code).collect()
        };
        assert_eq!(codes(&[]), [Code::NotPickedUp]);
        assert_eq!(codes(&[1]), [Code::UnfitShown]);
    }

    #[test]
    fn one_that_is_shown_later_is_late() {
        let ms = Duration::from_millis;
        let windows = [1u32, 2].map(|number| Window {
            generation: number + 1,
            notified: ms(10_000 * u64::from(number)),
            end: ms(10_000 * u64::from(number) + 9_000),
            ..Window::default()
        });
        let shown = |at, shown| Attempt {
            shown: Some(shown),
            handshake_done: Some(ms(at)),
            ..Attempt::opening(Class::Full, ms(at))
        };
        let old = shown(11_000, 1);
        assert_eq!(late(std::slice::from_ref(&old), &windows), None);
        assert_eq!(late(&[old, shown(25_000, 2)], &windows), Some(ms(15_000)));
        // One that resumes its session is shown nothing, and one that fails has not accepted it.
        let resumed = Attempt {
            resumed: true,
            ..shown(25_000, 2)
        };
        let failed = Attempt {
            failed: Some(FailureKind::WrongKey),
            ..shown(25_000, 2)
        };
        for other in [resumed, failed, shown(15_000, 2)] {
            assert_eq!(
                late(std::slice::from_ref(&other), &windows),
                None,
                "{other:?}"
            );
        }
    }

    /// Handshakes that show these generations at these milliseconds, while three rotations take ten seconds each.
    fn three(shown: &[(u64, u32)]) -> Missed {
        let ms = Duration::from_millis;
        let windows = [1u32, 2, 3].map(|number| Window {
            generation: number + 1,
            began: ms(10_000 * u64::from(number) - 10),
            notified: ms(10_000 * u64::from(number)),
            end: ms(10_000 * u64::from(number) + 9_900),
            ..Window::default()
        });
        let records: Vec<_> = shown
            .iter()
            .map(|&(at, shown)| Attempt {
                shown: Some(shown),
                handshake_done: Some(ms(at)),
                ..Attempt::opening(Class::Full, ms(at))
            })
            .collect();
        Missed::of(&records, &windows)
    }

    #[test]
    fn more_time_does_not_help_a_server_that_is_one_behind() {
        let behind = three(&[(10_100, 1), (20_100, 2), (30_100, 3)]);
        assert!(behind.one_behind);
        let words = behind.later();
        assert!(words.contains("one behind"), "{words}");
        assert!(!words.contains("reload_within_ms"), "{words}");
    }

    #[test]
    fn one_that_needs_time_or_came_with_the_next_once_is_not_behind() {
        for shown in [
            &[(22_000, 2), (32_000, 3)][..],
            &[(20_100, 2), (32_000, 3)],
            &[(20_100, 2)],
        ] {
            let late = three(shown);
            assert!(!late.one_behind, "{shown:?}");
            assert!(late.later().contains("reload_within_ms"), "{shown:?}");
        }
        assert_eq!(three(&[(10_100, 1)]).later(), "");
    }
}
