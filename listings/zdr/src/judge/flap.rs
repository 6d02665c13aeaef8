//! A server that comes back to what it has replaced: the new certificate, the old one, and the new one again.

use std::time::Duration;

use crate::attempt::{Attempt, Class};
use crate::judge::chance::by_chance;
use crate::judge::findings::{ROTATION, finding, since};
use crate::report::format::count;
use crate::report::{Code, Finding, Plan, Rotation, Severity};
use ch11_verification::rotation::{Window, went_back};

/// With less, chance does not explain it.
const CHANCE: f64 = 0.000_01;

/// The same of each of three things that are all to be so: they follow each other, they come late, and most follow one.
const FOLLOW: f64 = 0.000_1;
const LATER: f64 = 0.01;

/// Which clients' full handshakes are looked at: what each of these is shown is comparable to what it was shown before.
const CLASSES: [Class; 3] = [Class::Full, Class::Resuming, Class::Tls12];

/// Of full handshakes of a rotation: how many showed the old certificate, of how many.
type Shares = [(u64, u64); 2];

/// Where workers learn of new files one after the other, old and new are shown side by side, and the old one no more
/// often as time goes on. So what tells a return is that the old one is shown more often after all handshakes in a row
/// had shown the new one than before; or that those which show it then follow each other, as those of workers that
/// are late do not. Of a single handshake that may be chance: all rotations are counted together.
pub fn of_returns(records: &[Attempt], windows: &[Window]) -> Option<Finding> {
    more_often(records, windows).or_else(|| {
        let mut classes = CLASSES.iter();
        classes.find_map(|class| in_a_stretch(*class, records, windows))
    })
}

/// The numbers of the rotations in which the old certificate was shown again for good. Where workers disagree, the last
/// client may have met the one that is late: those rotations are left out.
pub fn gone_back(
    records: &[Attempt],
    windows: &[Window],
    rotations: &[Rotation],
    plan: &Plan,
) -> Vec<u32> {
    let back = windows.iter().zip(rotations).filter(|(window, of)| {
        let next = windows.get(of.number as usize);
        let disagree = of.converged_ms.is_none() || of.overlap_ms > plan.overlap_ms as f64;
        let turns = disagree && take_turns(records, window, next);
        went_back(records, window, next) && !turns
    });
    back.map(|(_, of)| of.number).collect()
}

/// Whether the new and the old certificate take turns, once the new one was shown: as often as no server goes back.
/// Then workers disagree, and what the last client was shown is chance.
fn take_turns(records: &[Attempt], window: &Window, next: Option<&Window>) -> bool {
    const OFTEN: usize = 3;
    let until = next.map(|next| next.began);
    let shown = shown(records, window, until, |_| true).unwrap_or_default();
    let returns = shown.windows(2).filter(|pair| !pair[0].1 && pair[1].1);
    returns.count() >= OFTEN
}

/// Shown more often once it was replaced than while it was.
fn more_often(records: &[Attempt], windows: &[Window]) -> Option<Finding> {
    let each = numbered(windows, |window, until| {
        let settled = window.converged?;
        let shown = shown(records, window, until, |of| of.class == Class::Full)?;
        let after = shown.partition_point(|(began, _)| *began <= settled);
        let after = olds(&shown[after..]);
        Some((
            [after, olds(&shown[..shown.len() - after.1 as usize])],
            after,
        ))
    });
    judged(&each, windows.len(), CHANCE)
}

/// Shown in a stretch of time in which nothing else is shown, after the new one was. Clients that come at their pace
/// are looked at: those that come one after the other may meet another worker, the one that wakes first.
fn in_a_stretch(class: Class, records: &[Attempt], windows: &[Window]) -> Option<Finding> {
    let within = |window: &Window, until| {
        let shown = shown(records, window, until, |of| of.class == class && of.paced)?;
        // Nothing is known of what would have followed the last of them, were the worker still late.
        let last = shown.iter().rposition(|(_, is_old)| *is_old)?;
        let first = shown.iter().position(|(_, is_old)| !is_old)?;
        // None are within where the old one was shown last just before the new one was shown first.
        let within = shown.get(first..=last).filter(|of| !of.is_empty())?;
        Some((within.to_vec(), olds(&shown)))
    };
    let follow = numbered(windows, |window, until| {
        let (within, all) = within(window, until)?;
        let mut follows: Shares = [(0, 0); 2];
        for pair in within.windows(2) {
            let side = &mut follows[usize::from(!pair[0].1)];
            *side = (side.0 + u64::from(pair[1].1), side.1 + 1);
        }
        Some((follows, all))
    });
    let later = numbered(windows, |window, until| {
        let (within, all) = within(window, until)?;
        let (earlier, later) = within[..within.len() - 1].split_at(within.len() / 2);
        Some(([olds(later), olds(earlier)], all))
    });
    // Where one worker after the other changes, they follow each other at first. Where the share of the late is not the
    // same in all rotations, they do so a little.
    judged(&later, windows.len(), LATER)?;
    let [(old, of), _] = sum(&follow);
    let found = judged(&follow, windows.len(), FOLLOW);
    found.filter(|_| 4 * old >= 3 * of)
}

/// How many of these are old, of how many.
fn olds(of: &[(Duration, bool)]) -> (u64, u64) {
    let old = of.iter().filter(|(_, is_old)| *is_old).count();
    (old as u64, of.len() as u64)
}

/// What is said of each rotation, beside its number.
type Each = Vec<(usize, Shares, (u64, u64))>;

/// What `of` says of each rotation and of the moment at which the next one begins.
fn numbered(
    windows: &[Window],
    of: impl Fn(&Window, Option<Duration>) -> Option<(Shares, (u64, u64))>,
) -> Each {
    let each = windows.iter().enumerate().filter_map(|(at, window)| {
        let (shares, said) = of(window, windows.get(at + 1).map(|next| next.began))?;
        Some((at + 1, shares, said))
    });
    each.collect()
}

/// When each of these full handshakes began, and whether it showed the old certificate: from the first that showed
/// the new one on, in their order.
fn shown(
    records: &[Attempt],
    window: &Window,
    until: Option<Duration>,
    is_one: impl Fn(&Attempt) -> bool,
) -> Option<Vec<(Duration, bool)>> {
    let first = window.first_new?;
    let full = |of: &&Attempt| is_one(of) && of.opened && !of.resumed && of.failed.is_none();
    let within = |of: &&Attempt| of.began >= first && until.is_none_or(|until| of.done < until);
    let full = records.iter().filter(full).filter(within);
    let shown = full.filter_map(|of| Some((of.began, of.shown? < window.generation)));
    let mut shown: Vec<_> = shown.collect();
    shown.sort_unstable();
    Some(shown)
}

/// The shares of all rotations.
fn sum(each: &Each) -> Shares {
    each.iter().fold([(0, 0); 2], |all, (_, of, _)| {
        [0, 1].map(|at| (all[at].0 + of[at].0, all[at].1 + of[at].1))
    })
}

/// What there is to say where the first share is larger than the second by more than chance.
fn judged(each: &Each, rotations: usize, chance: f64) -> Option<Finding> {
    let [one, other] = sum(each);
    if by_chance((one.0, other.0), (one.1, other.1)) >= chance {
        return None;
    }
    let returned: Vec<_> = each.iter().filter(|(.., said)| said.0 > 0).collect();
    let (first, ..) = returned.first()?;
    let (old, of) = each
        .iter()
        .fold((0, 0), |all, (.., said)| (all.0 + said.0, all.1 + said.1));
    let words = format!(
        "{} of {rotations} rotations {}: the server had changed to the new certificate, then {} of {} \
         handshakes showed the old one again.",
        returned.len(),
        since(first),
        count(old),
        count(of)
    );
    Some(finding(Severity::Failure, Code::WentBack, ROTATION, words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::measure;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Six rotations, one each second: twelve quick handshakes, and from then on one in each tenth of a second.
    fn found(is_old: impl Fn(u64) -> bool) -> Option<Finding> {
        each(Class::Full, 100, is_old)
    }

    /// The same, with one of a class in each so many milliseconds.
    fn each(class: Class, every: u64, is_old: impl Fn(u64) -> bool) -> Option<Finding> {
        let (records, windows) = made(class, every, is_old);
        of_returns(&records, &windows)
    }

    fn made(class: Class, every: u64, is_old: impl Fn(u64) -> bool) -> (Vec<Attempt>, Vec<Window>) {
        let (mut records, mut windows) = (Vec::new(), Vec::new());
        for number in 0..6 {
            let began = 1000 * u64::from(number);
            let quick = (1..=12).map(|at| at * 2);
            let quick = quick.map(|at| (at, Class::Full, false));
            let paced = (1..1000 / every).map(|at| (at * every, class, true));
            for (at, class, paced) in quick.chain(paced) {
                records.push(Attempt {
                    done: ms(began + at + 1),
                    paced,
                    shown: Some(number + 2 - u32::from(is_old(at))),
                    ..Attempt::opening(class, ms(began + at))
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
        (records, windows)
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
    fn the_old_certificate_that_comes_back_for_a_moment_is_found() {
        // Three of 48 handshakes of a rotation show it, which is no more than chance, were they anywhere.
        let early = [(Class::Full, 100), (Class::Full, 160)];
        let late = CLASSES.map(|class| [(class, 330), (class, 700)]);
        for (class, from) in early.into_iter().chain(late.into_iter().flatten()) {
            let found = each(class, 20, |at| (from..from + 60).contains(&at));
            let words = found.map(|found| found.words);
            let of_all = words.is_some_and(|words| words.starts_with("6 of 6 rotations"));
            assert!(of_all, "{class}, {from} ms");
        }
    }

    /// One after the other, as from a client that waits, they meet the first worker; not where many come at once.
    #[test]
    fn a_worker_that_is_late_and_not_the_first_to_be_woken_shows_no_stretch() {
        for until in [150, 400, 1000] {
            for (many, of) in [(1, 2), (1, 3), (1, 7), (2, 6)] {
                let is_old = |at: u64| at > 24 && at < until && at / 20 % of < many;
                let (records, windows) = made(Class::Full, 20, is_old);
                let found = in_a_stretch(Class::Full, &records, &windows);
                assert_eq!(found, None, "{many} of {of} until {until} ms");
            }
        }
        // Eight workers that change one after the other.
        let (records, windows) = made(Class::Full, 20, |at| at * 7919 % 8 > at / 40);
        assert_eq!(in_a_stretch(Class::Full, &records, &windows), None);
        // One in many, in each rotation.
        assert_eq!(each(Class::Full, 20, |at| at == 300), None);
    }

    /// What the last client is shown is then chance: with one worker of four that keeps the old one, a quarter.
    #[test]
    fn workers_that_disagree_take_turns_and_a_server_that_goes_back_does_not() {
        let turns = |is_old: &dyn Fn(u64) -> bool| {
            let (records, windows) = made(Class::Full, 20, is_old);
            take_turns(&records, &windows[1], windows.get(2))
        };
        assert!(turns(&|at| at / 20 % 4 == 3));
        assert!(!turns(&|at| at > 500), "for good");
        assert!(
            !turns(&|at| at > 900 || at == 300),
            "for a moment, and for good"
        );
        assert!(!turns(&|_| false), "not at all");
    }

    #[test]
    fn rotations_in_which_nothing_came_back_are_not_counted() {
        let (mut records, windows) = made(Class::Full, 100, |at| (200..=400).contains(&at));
        for record in records.iter_mut().filter(|of| of.began < ms(1000)) {
            record.shown = Some(2);
        }
        let found = of_returns(&records, &windows).unwrap();
        let said = "5 of 6 rotations (first: rotation 2): ";
        assert!(found.words.starts_with(said), "{}", found.words);
    }

    #[test]
    fn three_returns_are_turns_and_two_are_none() {
        let turns = |moments: &[u64]| {
            let (records, windows) = made(Class::Full, 20, |at| moments.contains(&at));
            take_turns(&records, &windows[1], windows.get(2))
        };
        assert!(turns(&[300, 500, 700]));
        assert!(!turns(&[300, 500]));
    }

    /// Three of four that follow an old one show it as well, where a stretch of three and one of two come late.
    #[test]
    fn most_of_those_that_follow_each_other_are_a_stretch() {
        let found = |late: &[u64]| {
            let (records, windows) = made(Class::Full, 20, |at| late.contains(&at));
            in_a_stretch(Class::Full, &records, &windows).is_some()
        };
        assert!(found(&[640, 660, 680, 760, 780]));
        assert!(!found(&[640, 660, 760, 780]), "two of three");
    }

    /// The last client before each rotation is shown the old certificate in both cases.
    #[test]
    fn a_server_is_not_said_to_go_back_where_one_of_its_workers_keeps_the_old_certificate() {
        let back = |is_old: &dyn Fn(u64) -> bool| {
            let (mut records, windows) = made(Class::Full, 20, is_old);
            for record in &mut records {
                record.handshake_done = Some(record.done);
            }
            let rotations = measure::rotations(&records, &windows);
            let plan = Plan {
                overlap_ms: 500,
                ..Plan::default()
            };
            gone_back(&records, &windows, &rotations, &plan)
        };
        assert_eq!(back(&|at| at / 20 % 4 == 1), Vec::<u32>::new());
        assert_eq!(back(&|at| at > 500), [1, 2, 3, 4, 5, 6]);
    }

    /// It had not begun to be shown to those that come at their pace.
    #[test]
    fn the_old_certificate_that_is_shown_before_the_new_one_alone_is_none_that_comes_back() {
        for late in [20, 40, 60] {
            assert_eq!(each(Class::Full, 20, |at| (20..=late).contains(&at)), None);
        }
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
