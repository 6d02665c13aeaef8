//! Sessions that end with each rotation, where they were resumed before.
//!
//! A ticket is used once (RFC 9846, appendix C.4): until its client has got another, it has one less. Where clients are
//! served slowly or let down, they may have none left, and make full handshakes that are not the server's wish.

use crate::attempt::{Attempt, Class, FailureKind};
use crate::judge::measure::ms;
use crate::report::{Code, Rotation};

/// rustls keeps so many tickets of one server.
const KEPT: usize = 8;

/// What became of the sessions of clients that came back, if most rotations have ended them.
pub(super) fn lost(records: &[Attempt], rotations: &[Rotation]) -> Option<(Code, String)> {
    let returning = Returning::of(records);
    let served: Vec<_> = returning.served().collect();
    let came = |from: f64, until: f64| {
        let in_time = move |of: &&&Attempt| (from..until).contains(&ms(of.began));
        served.iter().filter(in_time)
    };
    // A client that came before the first one was served had nothing to resume.
    let first = served.iter().map(|record| ms(record.done));
    let before = || {
        came(
            first.clone().fold(f64::MAX, f64::min),
            rotations[0].began_ms,
        )
    };
    let all = before().count();
    let resumed = before().filter(|record| record.resumed).count();
    if all < 5 || resumed * 10 < all * 8 {
        return None;
    }
    // Each of those that resumed at once had a ticket. Of what may have come later, and in another order, half counts.
    let at_once = |of: &&&Attempt| of.resumed.then(|| returning.open(of) + 1);
    let early = before().filter_map(|of| at_once(&of)).max();
    let later = served.iter().filter_map(|of| at_once(&of)).max();
    let had = early.max(later.map(|most| most / 2))?.min(KEPT);
    let had_one = |of: &Attempt| returning.open(of) + returning.missing(of) < had;
    let (mut lost, mut judged) = (0, 0);
    for (at, rotation) in rotations.iter().enumerate() {
        let next = rotations.get(at + 1).map_or(f64::MAX, |next| next.began_ms);
        let mut full = came(rotation.began_ms, next).filter(|record| !record.resumed);
        let new = rotation.notified_ms + rotation.first_new_ms.unwrap_or_default();
        let paid = full.clone().any(|record| had_one(record));
        // A rotation after which no client came back tells nothing. Nor does one after which some had no ticket.
        let resumes = full.next().is_none() && came(new, next).next().is_some();
        judged += usize::from(paid || resumes);
        lost += usize::from(paid);
    }
    let words = format!(
        "After {lost} of {judged} rotations, returning clients had to make a full handshake. Before the first \
         rotation, {resumed} of {all} resumed their session."
    );
    (judged >= 3 && lost * 10 >= judged * 8).then_some((Code::TicketsLost, words))
}

/// The attempts of clients that come back.
struct Returning<'a> {
    /// In the order in which they began.
    attempts: Vec<&'a Attempt>,
    /// How long the longest took.
    longest: f64,
    /// How many tickets were missing from which moment on, in the order of time.
    missing: Vec<(f64, usize)>,
}

impl<'a> Returning<'a> {
    fn of(records: &'a [Attempt]) -> Self {
        let of_class = records.iter().filter(|of| of.class == Class::Resuming);
        let mut attempts: Vec<_> = of_class.collect();
        attempts.sort_by_key(|of| of.done);
        let mut missing = vec![(0.0, 0)];
        for of in &attempts {
            let last = missing.last().map_or(0, |(_, last)| *last);
            let now = match of.failed {
                // Who finds nobody at the port has shown no ticket.
                Some(FailureKind::Refused) => continue,
                Some(_) => (last + 1).min(KEPT),
                // A full handshake brings one that none was given for.
                None if !of.resumed => last.saturating_sub(1),
                None => continue,
            };
            missing.push((ms(of.done), now));
        }
        attempts.sort_by_key(|of| of.began);
        let took = attempts.iter().map(|of| ms(of.done) - ms(of.began));
        Self {
            longest: took.fold(0.0, f64::max),
            attempts,
            missing,
        }
    }

    fn served(&self) -> impl Iterator<Item = &'a Attempt> {
        let served = self.attempts.iter().copied();
        served.filter(|of| of.failed.is_none())
    }

    /// How many others were in progress when this one began.
    fn open(&self, of: &Attempt) -> usize {
        let others = self
            .attempts
            .partition_point(|other| other.began < of.began);
        let others = self.attempts[..others].iter().rev();
        let others = others.take_while(|other| ms(other.began) + self.longest > ms(of.began));
        others.filter(|other| other.done > of.began).count()
    }

    /// How many tickets were gone by then with attempts that had failed.
    fn missing(&self, of: &Attempt) -> usize {
        let until = self.missing.partition_point(|(at, _)| *at <= ms(of.began));
        let last = until.checked_sub(1).and_then(|at| self.missing.get(at));
        last.map_or(0, |(_, missing)| *missing)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// One that comes back at this moment, and takes so long.
    fn back(at: u64, took: u64, resumed: bool) -> Attempt {
        let ms = Duration::from_millis;
        Attempt {
            done: ms(at + took),
            resumed,
            ..Attempt::opening(Class::Resuming, ms(at))
        }
    }

    /// One rotation in each second, from the second one on. Clients that come back each 20 ms have resumed before the first.
    fn found(later: impl IntoIterator<Item = Attempt>) -> bool {
        let rotations = (1..=5).map(|number| Rotation {
            number,
            began_ms: f64::from(number) * 1000.0,
            notified_ms: f64::from(number) * 1000.0,
            serial: String::new(),
            first_new_ms: None,
            last_old_ms: None,
            overlap_ms: 0.0,
            converged_ms: None,
            complaint: None,
        });
        let rotations: Vec<_> = rotations.collect();
        let before = (0..50).map(|at| back(at * 20, 5, at > 0));
        let records: Vec<_> = before.chain(later).collect();
        lost(&records, &rotations).is_some()
    }

    /// From the second second on, each client that comes in the first half of one waits for its end, in the order in
    /// which they came. `outcome` is of its number in there.
    fn paused(outcome: impl Fn(u64) -> Attempt) -> impl Iterator<Item = Attempt> {
        (50..300).map(move |at| match at % 50 {
            number @ ..25 => Attempt {
                failed: outcome(number).failed,
                ..back(at * 20, 500 - number * 20, outcome(number).resumed)
            },
            _ => back(at * 20, 5, true),
        })
    }

    #[test]
    fn what_waits_for_a_reload_may_have_no_ticket_left() {
        let full_from = |first: u64| move |number| back(0, 0, number < first);
        assert!(!found(paused(full_from(25))), "all resume");
        // As many as were kept resume, or one for each client that came at once.
        assert!(!found(paused(full_from(8))));
        assert!(!found(paused(full_from(1))));
        assert!(found(paused(full_from(0))), "the first had one");
    }

    #[test]
    fn what_has_failed_has_used_its_ticket() {
        // Those that wait fail, and the next one has none.
        let after = |failed: Option<FailureKind>| {
            let waits = paused(move |_| Attempt {
                failed,
                ..back(0, 0, true)
            });
            let first = |of: &Attempt| of.began.as_millis() % 1000 == 500;
            let waits = waits.map(move |of| Attempt {
                resumed: !first(&of),
                ..of
            });
            found(waits)
        };
        assert!(!after(Some(FailureKind::Stalled)));
        assert!(!after(Some(FailureKind::HandshakeCut)));
        assert!(after(Some(FailureKind::Refused)), "it has shown none");
    }
}
