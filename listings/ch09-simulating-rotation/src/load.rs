//! What a fleet asks of its authority, by the lifetime of its leaves, the spread of its schedule and
//! the way in which it tries again. Time is counted, and nobody waits.

use std::ops::Range;
use std::time::Duration;

use ch09_simulating_rotation::schedule::{Schedule, pause};
use fastrand::Rng;

use crate::calendar::{BIRTH, USUAL};
use lab::println;

const AGENTS: u64 = 1000;
const LIFETIMES: [u32; 3] = [1, 24, 160];
const SPREADS: [f64; 4] = [0.0, 0.02, 0.1, 0.3];
/// The part of the lifetime in which the authority answers nobody, where it is away at all.
const AWAY: Range<f64> = 0.6..0.8;
/// The part of the lifetime that is shown, and in how many pieces.
const SHOWN: Range<f64> = 0.5..0.9;
const PIECES: usize = 80;

/// The authority, and what an agent does that has no answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    There,
    /// It waits as the schedule says.
    Pauses,
    /// It asks again after a minute, and so on: what a timer does.
    EveryMinute,
}

impl Case {
    const ALL: [Self; 3] = [Self::There, Self::Pauses, Self::EveryMinute];

    fn name(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::Pauses => "away, pauses",
            Self::EveryMinute => "away, every minute",
        }
    }
}

/// A line for each lifetime, case and spread, and before them what their columns are.
pub(crate) fn show() {
    println!(
        "lifetime | authority | spread | tries | busiest second | last renewal | \
         busiest second in each 200th of the lifetime, from {} to {}",
        SHOWN.start, SHOWN.end
    );
    for hours in LIFETIMES {
        for case in Case::ALL {
            for spread in SPREADS {
                let load = fleet(Duration::from_secs(3600) * hours, case, spread);
                let busiest = load.seconds.iter().max().unwrap_or(&0);
                let pieces: Vec<_> = load.pieces().map(|most| most.to_string()).collect();
                println!(
                    "{hours} h | {} | {spread} | {} | {busiest} | {:.3} | {}",
                    case.name(),
                    load.tries,
                    load.last,
                    pieces.join(" ")
                );
            }
        }
    }
}

/// What came to the authority.
struct Load {
    /// How many tries in each second of the lifetime.
    seconds: Vec<u32>,
    tries: u64,
    /// The part of the lifetime after which the last agent had its next leaf.
    last: f64,
}

impl Load {
    /// The busiest second of each piece that is shown.
    fn pieces(&self) -> impl Iterator<Item = u32> {
        let all = self.seconds.len() as f64;
        let width = (SHOWN.end - SHOWN.start) / PIECES as f64;
        let second = move |piece: usize| ((SHOWN.start + width * piece as f64) * all) as usize;
        let most = move |piece| {
            let seconds = &self.seconds[second(piece)..second(piece + 1)];
            seconds.iter().max().copied().unwrap_or(0)
        };
        (0..PIECES).map(most)
    }
}

/// Agents whose leaves were issued together, each with its own lot.
fn fleet(lifetime: Duration, case: Case, spread: f64) -> Load {
    let schedule = Schedule {
        jitter: spread,
        ..USUAL
    };
    let mut load = Load {
        seconds: vec![0; lifetime.as_secs() as usize],
        tries: 0,
        last: 0.0,
    };
    for agent in 0..AGENTS {
        let mut lot = Rng::with_seed(agent);
        let due = schedule.due((BIRTH, BIRTH + lifetime), &mut lot);
        let mut at = (due - BIRTH).unsigned_abs();
        for failures in 1.. {
            load.tries += 1;
            if let Some(second) = load.seconds.get_mut(at.as_secs() as usize) {
                *second += 1;
            }
            let part = at.div_duration_f64(lifetime);
            if case == Case::There || !AWAY.contains(&part) {
                load.last = load.last.max(part);
                break;
            }
            at += match case {
                Case::EveryMinute => Duration::from_secs(60),
                _ => pause(failures, lifetime, lifetime.saturating_sub(at), &mut lot),
            };
        }
    }
    load
}
