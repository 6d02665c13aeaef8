//! Requests that met the end of a server's own time-out and were asked again. A time-out knows nothing of rotations:
//! where more of them were lost at rotations than chance explains, those were cut.

use std::time::Duration;

use crate::attempt::{Attempt, Class};
use crate::judge::chance::by_chance;
use ch11_verification::rotation::Window;

/// With less, chance does not explain that more are lost at rotations. What is excused for it is lost all the same, so this
/// is more than elsewhere: three that are lost near rotations alone are none.
const CHANCE: f64 = 0.01;

/// The attempts of a run, and those of `again` that are failures all the same: where a connection had been idle for less
/// than any that the server ends by itself, and where rotations have cut them. Without a rotation that is known, such as
/// where something else rotates, all are.
pub fn with_lost(
    mut records: Vec<Attempt>,
    again: Vec<(Attempt, Duration)>,
    ends_idle: impl Fn(Duration) -> bool,
    windows: &[Window],
) -> Vec<Attempt> {
    let is_excused = |idle: Duration| !windows.is_empty() && ends_idle(idle);
    let (again, mut lost): (Vec<_>, Vec<_>) =
        again.into_iter().partition(|(_, idle)| is_excused(*idle));
    let idle = again.iter().map(|(_, idle)| *idle).max();
    let idle = idle.unwrap_or_default();
    // What a rotation has done to a connection is found when it is used again.
    let at_one = |of: &Attempt| {
        let mut windows = windows.iter();
        windows.any(|at| at.began <= of.done && of.due <= at.end + idle)
    };
    let since_first = |of: &Attempt| windows.first().is_some_and(|at| at.began <= of.done);
    let differs = |is_meant: &dyn Fn(&Attempt) -> bool| {
        let hit = split(again.iter().map(|(of, _)| of), is_meant);
        let pooled = records.iter().filter(|of| of.class == Class::Pooled);
        let of = split(pooled, is_meant);
        by_chance(hit, (of.0 + hit.0, of.1 + hit.1)) < CHANCE
    };
    let ways: [&dyn Fn(&Attempt) -> bool; 2] = [&at_one, &since_first];
    let cut = ways.into_iter().find(|way| differs(*way));
    if let Some(is_meant) = cut {
        lost.extend(again.into_iter().filter(|(of, _)| is_meant(of)));
    }
    if !lost.is_empty() {
        records.extend(lost.into_iter().map(|(of, _)| of));
        // In the order in which they ended.
        records.sort_by_key(|of| of.done);
    }
    records
}

/// How many are meant, and how many are not.
pub(super) fn split<'a>(
    attempts: impl Iterator<Item = &'a Attempt>,
    is_meant: &dyn Fn(&Attempt) -> bool,
) -> (u64, u64) {
    attempts.fold((0, 0), |(meant, others), of| match is_meant(of) {
        true => (meant + 1, others),
        false => (meant, others + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::FailureKind;

    const IDLE: Duration = Duration::from_millis(160);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A request at this moment.
    fn request(at: u64) -> Attempt {
        Attempt {
            opened: false,
            paced: true,
            ..Attempt::opening(Class::Pooled, ms(at))
        }
    }

    /// One rotation in each second, from the second one on, which takes 50 ms.
    fn windows() -> Vec<Window> {
        let each = (2..8).map(|second| Window {
            began: ms(1000 * second),
            end: ms(1000 * second + 50),
            ..Window::default()
        });
        each.collect()
    }

    /// How many requests fail, of 50 in a second, where these met the end of a time-out.
    fn failed(again: impl IntoIterator<Item = u64>) -> usize {
        of_server(again, true)
    }

    /// The same of a server that may have no time-out.
    fn of_server(again: impl IntoIterator<Item = u64>, ends_idle: bool) -> usize {
        let lost = |at| Attempt {
            failed: Some(FailureKind::Lost),
            ..request(at)
        };
        let again: Vec<_> = again.into_iter().map(|at| (lost(at), IDLE)).collect();
        let records = (0..8000).step_by(20).map(request).collect();
        let records = with_lost(records, again, |_| ends_idle, &windows());
        assert!(records.is_sorted_by_key(|of| of.done));
        records.iter().filter(|of| of.failed.is_some()).count()
    }

    #[test]
    fn what_a_time_out_ends_at_any_time_is_no_failure() {
        assert_eq!(failed([]), 0);
        assert_eq!(failed((0..8000).step_by(90)), 0);
        // Some of few are near a rotation by chance.
        assert_eq!(failed([300, 1700, 2100, 4500, 5900]), 0);
    }

    #[test]
    fn what_is_lost_at_rotations_above_all_was_cut_by_them() {
        // Also what is found when the new certificate is shown already.
        let cut = || (2..8).flat_map(|second| [20, 100, 190].map(|at| 1000 * second + at));
        assert_eq!(failed(cut()), 18);
        assert_eq!(failed([2100, 4100, 6100]), 3);
        // What a time-out has ended beside is none of them.
        assert_eq!(failed(cut().chain([500, 1500, 3600])), 18);
    }

    /// The first ones of a server may be lost before it is known that it ends connections by itself.
    #[test]
    fn what_is_lost_at_a_server_that_has_no_time_out_is_a_failure() {
        assert_eq!(of_server([300, 1700], false), 2);
        assert_eq!(of_server([300, 1700], true), 0);
        // Who only watches does not know whether a reload has ended them.
        let again = vec![(request(300), IDLE)];
        assert_eq!(with_lost(Vec::new(), again, |_| true, &[]).len(), 1);
    }

    #[test]
    fn what_is_lost_since_the_first_rotation_alone_is_no_time_out() {
        assert_eq!(failed((2300..8000).step_by(100)), 57);
    }
}
