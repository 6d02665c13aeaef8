//! What clients reject is not the old certificate: of a server that shows it, it would be wrong to say that it overlooks
//! new files.

use crate::attempt::{Attempt, Class, FailureKind};
use ch11_verification::rotation::Window;

/// So many of the last handshakes of a rotation tell what was shown in the end.
const LAST: usize = 4;

/// The numbers of the rotations in whose end clients rejected all that was shown.
pub fn rejected(records: &[Attempt], windows: &[Window]) -> Vec<u32> {
    let numbered = windows.iter().zip(1u32..);
    let in_vain = numbered.filter(|(window, _)| {
        let full = records.iter().filter(|of| of.class == Class::Full);
        let within = |of: &&Attempt| of.began >= window.notified && of.done <= window.end;
        let mut within: Vec<_> = full.filter(within).collect();
        within.sort_unstable_by_key(|of| of.done);
        let last = within.iter().rev().take(LAST);
        within.len() >= LAST
            && last
                .into_iter()
                .all(|of| of.failed.is_some_and(is_of_shown))
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
    use std::time::Duration;

    fn attempt(at: u64, failed: Option<FailureKind>) -> Attempt {
        let mut attempt = Attempt::opening(Class::Full, Duration::from_millis(at));
        attempt.done = Duration::from_millis(at + 5);
        attempt.failed = failed;
        attempt
    }

    /// Which of one rotation from 100 to 200 ms, whose handshakes fail so.
    fn of(failed: &dyn Fn(u64) -> Option<FailureKind>) -> Vec<u32> {
        let ms = Duration::from_millis;
        let window = Window {
            began: ms(90),
            notified: ms(100),
            end: ms(200),
            ..Window::default()
        };
        let records: Vec<_> = (5..25)
            .map(|at| attempt(at * 10, failed(at * 10)))
            .collect();
        rejected(&records, &[window])
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
    fn what_clients_reject_is_not_said_to_be_overlooked() {
        let rotations = measure::rotations(&[], &[Window::default()]);
        let plan = Plan::default();
        let codes = |rejected: &[u32]| -> Vec<Code> {
            let found = of_rotations(&rotations, &plan, &[], rejected);
            found.iter().map(|of| of.code).collect()
        };
        assert_eq!(codes(&[]), [Code::NotPickedUp]);
        assert_eq!(codes(&[1]), [Code::UnfitShown]);
    }
}
