//! Conversations that a server has ended because of their age, or after so many steps. A maximum age knows nothing of
//! rotations, and is there without them: the server has shown it while nothing was rotated. Where more of these ends
//! fall into rotations than chance explains, a reload has brought them about. So it has where conversations became
//! older before the first one: a setting is lost, for example. Nor does an end at a rotation count as one of these
//! where the conversation was younger than those that ended while nothing was rotated.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::attempt::{Ages, Attempt, Class, FailureKind, OwnEnd, Recorder, is_as_old};
use crate::judge::chance::by_chance;
use crate::judge::timed_out::split;
use ch11_verification::rotation::Window;

/// With less, chance does not explain that more end at rotations.
const CHANCE: f64 = 0.01;
/// An end is found with the next step of a conversation, which comes so much later at the most.
const LATE: Duration = Duration::from_millis(100);
/// By how much the end of a conversation may be found later yet, where much is to be done.
const BUSY: Duration = Duration::from_millis(500);
/// The time of a run is counted in slices of so many milliseconds.
const SLICE: u128 = 10;

/// The age of the oldest conversation of this class that was interrupted.
pub fn oldest(records: &[Attempt], class: Class) -> Option<Duration> {
    let interrupted = records.iter().filter(|of| is_interrupted(of, class));
    interrupted.map(age).max()
}

/// Takes conversations that the server has ended by itself for such as have come to their end. Says how many there were.
pub fn excuse(
    records: &mut [Attempt],
    class: Class,
    own: OwnEnd,
    (recorder, windows): (&Recorder, &[Window]),
) -> usize {
    match own {
        OwnEnd::Ages(ages) => of_age(records, class, ages, windows),
        OwnEnd::Steps(most) => of_steps(records, class, (most, &recorder.steps(class)), windows),
    }
}

/// Of those that had come to the server's own age. What was interrupted earlier remains a failure.
fn of_age(records: &mut [Attempt], class: Class, own: Ages, windows: &[Window]) -> usize {
    let least = least(at_rest(records, class, own, windows), own.youngest);
    let is_old = |of: &Attempt| is_interrupted(of, class) && age(of) >= least;
    if !is_chance(records, windows, is_old) || became_older(records, class, own.youngest, windows) {
        return 0;
    }
    end_well(records, is_old)
}

/// Of those that had as many steps as it takes. What had fewer remains a failure; and so do all, where one that began
/// before the first rotation had more.
fn of_steps(
    records: &mut [Attempt],
    class: Class,
    (most, steps): (u32, &BTreeMap<Duration, u32>),
    windows: &[Window],
) -> usize {
    let had = |of: &Attempt| steps.get(&of.due).copied().unwrap_or_default();
    let is_one = |of: &Attempt| is_interrupted(of, class) && had(of) == most;
    let had_more = early(records, class, windows).any(|of| had(of) > most);
    if had_more || !is_chance(records, windows, is_one) {
        return 0;
    }
    end_well(records, is_one)
}

/// Takes these for such as have come to their end. Says how many they are.
fn end_well(records: &mut [Attempt], is_one: impl Fn(&Attempt) -> bool) -> usize {
    let mut many = 0;
    for of in records.iter_mut().filter(|of| is_one(of)) {
        of.failed = None;
        of.error = None;
        many += 1;
    }
    many
}

/// Leaves out conversations of this class that were interrupted, where there was no time to look whether the server ends
/// them at an age of its own. Says how many there were. Where more of them ended at rotations than chance explains, they
/// stay: no age brings that about.
pub fn leave_out(records: &mut Vec<Attempt>, class: Class, windows: &[Window]) -> usize {
    if !is_chance(records, windows, |of| is_interrupted(of, class)) {
        return 0;
    }
    let all = records.len();
    records.retain(|of| !is_interrupted(of, class));
    all - records.len()
}

/// The ages at which the server has ended conversations while nothing was rotated: those that a look has found, and
/// those of the run.
pub fn at_rest(records: &[Attempt], class: Class, looked: Ages, windows: &[Window]) -> Ages {
    let is_old = |of: &Attempt| is_interrupted(of, class) && is_as_old(age(of), looked.youngest);
    let ended = records.iter().filter(|of| is_old(of));
    let ended = ended.filter(|of| !is_at_one(of, windows));
    ended.map(age).fold(looked, Ages::with)
}

/// A conversation that was younger than this when it ended had not come to its age. Few ends show less than all of what a
/// server spreads them by: the youngest may be as much younger than these as they differ.
fn least(known: Ages, own: Duration) -> Duration {
    let spread = known.oldest.saturating_sub(known.youngest);
    let least = known.youngest.saturating_sub(spread + LATE);
    least.max(own * 4 / 5)
}

/// Whether no more of these ended at rotations than chance explains.
fn is_chance(records: &[Attempt], windows: &[Window], is_one: impl Fn(&Attempt) -> bool) -> bool {
    let at_one = |of: &Attempt| is_at_one(of, windows);
    let hit = split(records.iter().filter(|of| is_one(of)), &at_one);
    let (during, between) = slices(records, windows);
    by_chance(hit, (during + hit.0, between + hit.1)) >= CHANCE
}

/// Whether it ended at a rotation.
fn is_at_one(of: &Attempt, windows: &[Window]) -> bool {
    let mut windows = windows.iter();
    windows.any(|at| at.began <= of.done && of.done <= at.end + LATE)
}

/// Whether a conversation that began before the first rotation has become older than this by far. The server had no such
/// age then.
fn became_older(records: &[Attempt], class: Class, own: Duration, windows: &[Window]) -> bool {
    early(records, class, windows).any(|of| !is_as_old(own + BUSY, age(of)))
}

/// The conversations that began before the first rotation.
fn early<'a>(
    records: &'a [Attempt],
    class: Class,
    windows: &[Window],
) -> impl Iterator<Item = &'a Attempt> + use<'a> {
    let first = windows.first().map_or(Duration::ZERO, |at| at.began);
    records
        .iter()
        .filter(move |of| of.class == class && of.began < first)
}

fn is_interrupted(of: &Attempt, class: Class) -> bool {
    of.class == class && of.failed == Some(FailureKind::Interrupted)
}

fn age(of: &Attempt) -> Duration {
    of.done.saturating_sub(of.began)
}

/// For how many slices of time the server was rotated, and for how many it was not.
fn slices(records: &[Attempt], windows: &[Window]) -> (u64, u64) {
    let all = records.iter().map(|of| of.done).max().unwrap_or_default();
    let during = windows
        .iter()
        .map(|at| (at.end + LATE).saturating_sub(at.began));
    let during = during.sum::<Duration>().min(all);
    let count = |time: Duration| (time.as_millis() / SLICE) as u64;
    (count(during), count(all - during))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// One rotation in each second, from the second one on, which takes 50 ms.
    fn windows() -> Vec<Window> {
        let each = (2..12).map(|second| Window {
            began: ms(1000 * second),
            end: ms(1000 * second + 50),
            ..Window::default()
        });
        each.collect()
    }

    /// Conversations, each of which began and was interrupted so late, and a client that came last.
    fn interrupted(conversations: &[(u64, u64)]) -> Vec<Attempt> {
        let interrupted = conversations.iter().map(|(began, done)| Attempt {
            done: ms(*done),
            failed: Some(FailureKind::Interrupted),
            error: Some("eof".into()),
            ..Attempt::opening(Class::Held, ms(*began))
        });
        let end = Attempt {
            done: ms(14_000),
            ..Attempt::opening(Class::Full, ms(13_990))
        };
        interrupted.chain([end]).collect()
    }

    /// How many of these remain failures, where the server ends each conversation at this age.
    fn failed(own: u64, conversations: &[(u64, u64)]) -> usize {
        let mut records = interrupted(conversations);
        let own = Ages {
            youngest: ms(own),
            oldest: ms(own + 20),
        };
        let excused = of_age(&mut records, Class::Held, own, &windows());
        let failed = records.iter().filter(|of| of.failed.is_some()).count();
        assert_eq!(failed + excused, conversations.len());
        failed
    }

    #[test]
    fn what_ends_at_the_age_that_a_server_has_of_its_own_is_no_failure() {
        let each = [(0, 2710), (2710, 5420), (5420, 8130), (8130, 10_840)];
        assert_eq!(failed(2700, &each), 0);
        // It spreads them.
        assert_eq!(failed(3000, &[(0, 2500), (0, 3400)]), 0);
        // By the way, the oldest tells how long to look.
        let held = |done| Attempt {
            done: ms(done),
            failed: Some(FailureKind::Interrupted),
            ..Attempt::opening(Class::Held, ms(100))
        };
        let records = [held(3100), held(1100)];
        assert_eq!(oldest(&records, Class::Held), Some(ms(3000)));
        assert_eq!(oldest(&records, Class::Grpc), None);
    }

    #[test]
    fn an_age_that_is_there_since_the_first_rotation_alone_is_a_failure() {
        let since: [(u64, u64); 3] = [(2100, 3010), (3030, 3950), (4030, 4940)];
        assert_eq!(failed(900, &since), 0);
        // As old as no other became later.
        let with = |first: (u64, u64)| failed(900, &[&[first][..], &since[..]].concat());
        assert_eq!(with((0, 2010)), 4);
        // Where much is to be done, the end is found late.
        assert_eq!(with((0, 1600)), 0);
        // What begins later tells nothing of the time before.
        assert_eq!(with((2100, 4110)), 0);
    }

    #[test]
    fn what_a_reload_has_cut_is_a_failure_whatever_age_the_server_has() {
        let cut = (2..12).map(|second| (1000 * second - 900, 1000 * second + 20));
        let cut: Vec<_> = cut.collect();
        assert_eq!(failed(3000, &cut), 10);
        // Beside those that had come to their age.
        let both = [(0, 3010), (3010, 4020), (4020, 7230)];
        assert_eq!(failed(3000, &both), 1);
        // As old, and at rotations alone: that is no chance.
        assert_eq!(failed(900, &cut), 10);
    }

    #[test]
    fn what_ends_at_a_rotation_is_as_old_as_what_ended_without_one() {
        // Two have come to their age while nothing was rotated.
        let with = |of: (u64, u64)| failed(3000, &[(300, 3320), (3400, 6410), of]);
        assert_eq!(with((5110, 8020)), 0, "nearly so old");
        assert_eq!(with((5420, 8020)), 1, "a tenth younger");
        // Where the server spreads them, that is no younger than some.
        let spread = |of: (u64, u64)| failed(3000, &[(300, 3620), (3400, 6210), of]);
        assert_eq!(spread((5420, 8020)), 0);
        assert_eq!(spread((5720, 8020)), 1, "more than a fifth younger");
    }

    /// Each with the number of its steps.
    fn excused(most: u32, conversations: &[(u64, u64, u32)]) -> usize {
        let of = conversations.iter().map(|(began, done, _)| (*began, *done));
        let mut records = interrupted(&of.collect::<Vec<_>>());
        let recorder = Recorder::default();
        for (began, _, steps) in conversations {
            recorder.put_steps(Class::Held, ms(*began), *steps);
        }
        let own = OwnEnd::Steps(most);
        excuse(&mut records, Class::Held, own, (&recorder, &windows()))
    }

    #[test]
    fn what_ends_after_as_many_steps_as_a_server_takes_is_no_failure() {
        let quick = [(0, 410, 20), (420, 830, 20), (2950, 3360, 20)];
        let slow = [(10, 2010, 20), (2100, 4120, 20)];
        let both = [&quick[..], &slow[..]].concat();
        assert_eq!(excused(20, &both), 5);
        // One that a reload has cut.
        let with = |of: (u64, u64, u32)| excused(20, &[&both[..], &[of]].concat());
        assert_eq!(with((4800, 5010, 9)), 5);
        // Before the first rotation, some had more.
        assert_eq!(with((20, 900, 43)), 0);
        // At rotations alone: that is no chance.
        let cut = (2..12).map(|at| (1000 * at - 400, 1000 * at + 20, 20));
        assert_eq!(excused(20, &cut.collect::<Vec<_>>()), 0);
    }

    #[test]
    fn what_nobody_could_look_at_is_no_failure_and_no_success() {
        let left = |conversations: &[(u64, u64)]| {
            let mut records = interrupted(conversations);
            let left_out = leave_out(&mut records, Class::Held, &windows());
            (left_out, records.len())
        };
        assert_eq!(left(&[(0, 2710), (2710, 5420), (5420, 8130)]), (3, 1));
        assert_eq!(left(&[]), (0, 1));
        // At rotations alone: no age does that.
        let cut: Vec<_> = (2..12)
            .map(|at| (1000 * at - 900, 1000 * at + 20))
            .collect();
        assert_eq!(left(&cut), (0, 11));
    }
}
