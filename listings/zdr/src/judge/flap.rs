//! A server that comes back to what it has replaced: the new certificate, the old one, and the new one again.

use crate::attempt::{Attempt, Class};
use crate::judge::chance::by_chance;
use crate::judge::findings::{ROTATION, finding, since};
use crate::report::format::count;
use crate::report::{Code, Finding, Severity};
use ch11_verification::rotation::Window;

/// With less, chance does not explain it.
const CHANCE: f64 = 0.000_01;

/// Where workers learn of new files one after the other, old and new are shown side by side, and the old one no more
/// often as time goes on. So what tells a return is that the old one is shown more often after all handshakes in a row
/// had shown the new one than before. Of a single handshake that may be chance: all rotations are counted together.
pub fn of_returns(records: &[Attempt], windows: &[Window]) -> Option<Finding> {
    let each = windows.iter().enumerate().filter_map(|(at, window)| {
        let until = windows.get(at + 1).map(|next| next.began);
        let (first, settled) = (window.first_new?, window.converged?);
        let (mut before, mut after) = ((0, 0), (0, 0));
        for record in records {
            let full = record.class == Class::Full && record.opened && !record.resumed;
            let (Some(shown), true) = (record.shown, full && record.failed.is_none()) else {
                continue;
            };
            if record.began < first || until.is_some_and(|until| record.done >= until) {
                continue;
            }
            let side = if record.began <= settled {
                &mut before
            } else {
                &mut after
            };
            side.0 += u64::from(shown < window.generation);
            side.1 += 1;
        }
        Some((at + 1, before, after))
    });
    let each: Vec<_> = each.collect();
    let sum = |of: (u64, u64), more: (u64, u64)| (of.0 + more.0, of.1 + more.1);
    let (before, after) = each.iter().fold(((0, 0), (0, 0)), |all, of| {
        (sum(all.0, of.1), sum(all.1, of.2))
    });
    let returned: Vec<_> = each.iter().filter(|(.., after)| after.0 > 0).collect();
    let (first, ..) = returned.first()?;
    if by_chance((after.0, before.0), (after.1, before.1)) >= CHANCE {
        return None;
    }
    let words = format!(
        "{} of {} rotations {}: the server had changed to the new certificate, then {} of {} \
         handshakes showed the old one again.",
        returned.len(),
        windows.len(),
        since(first),
        count(after.0),
        count(after.1)
    );
    Some(finding(Severity::Failure, Code::WentBack, ROTATION, words))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Six rotations, one each second: twelve quick handshakes, and from then on one in each tenth of a second.
    fn found(is_old: impl Fn(u64) -> bool) -> Option<Finding> {
        let (mut records, mut windows) = (Vec::new(), Vec::new());
        for number in 0..6 {
            let began = 1000 * u64::from(number);
            let quick = (1..=12).map(|at| at * 2);
            for at in quick.chain((1..10).map(|at| at * 100)) {
                records.push(Attempt {
                    done: ms(began + at + 1),
                    shown: Some(number + 2 - u32::from(is_old(at))),
                    ..Attempt::opening(Class::Full, ms(began + at))
                });
            }
            windows.push(Window {
                generation: number + 2,
                began: ms(began),
                first_new: Some(ms(began + 2)),
                converged: Some(ms(began + 25)),
                end: ms(began + 25),
                ..Window::default()
            });
        }
        of_returns(&records, &windows)
    }

    #[test]
    fn the_old_certificate_that_comes_back_for_less_than_the_overlap_is_found() {
        let found = found(|at| (200..=400).contains(&at)).unwrap();
        assert!(
            found.words.starts_with("6 of 6 rotations"),
            "{}",
            found.words
        );
    }

    #[test]
    fn workers_that_change_one_after_the_other_do_not_come_back() {
        // One of three is late: each third handshake shows the old one.
        assert_eq!(found(|at| at < 600 && at % 3 == 0), None);
        // One in many, which nobody met in the first twelve handshakes.
        assert_eq!(found(|at| at == 300), None);
        assert_eq!(found(|_| false), None);
    }
}
