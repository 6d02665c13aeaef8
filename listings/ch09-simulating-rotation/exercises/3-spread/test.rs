//! What is wanted of `Agent`. Each function is a check, and its comment says what has to hold.
//!
//! For most checks the agents of a fleet share this process. The last one gives each machine a process of its own.
//! Lots are lots: the bounds are so wide that fair ones miss them less than once in a thousand million runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exercise_bench::each_process;

use super::exercise::Agent;

/// As the starter has them: an alarm is derived from them, so they are not the agent's to choose.
const AT: f64 = 2.0 / 3.0;
const SPREAD: f64 = 0.1;

const LIFETIMES: [(Duration, &str); 2] = [
    (Duration::from_secs(24 * 3600), "24 hours"),
    (Duration::from_secs(3600), "an hour"),
];
const MACHINES: usize = 1000;
const RENEWALS: usize = 8;

/// For each machine of a fleet, after which parts of their lifetimes its leaves are renewed.
type Fleet = Vec<Vec<f64>>;

/// For each lifetime, a fleet that starts together.
fn fleets() -> impl Iterator<Item = (Fleet, &'static str)> {
    LIFETIMES.into_iter().map(|(lifetime, name)| {
        let machines = (0..MACHINES).map(|number| {
            // The number stands at the end, or a name is one of several that begin alike.
            Agent::new(&match name {
                "an hour" => format!("web-{}.rack-{}.example.com", number % 20, number / 20),
                _ => format!("web-{number}"),
            })
        });
        let renewals = machines.map(|mut agent| {
            let due = (0..RENEWALS).map(|_| agent.due(lifetime).div_duration_f64(lifetime));
            due.collect()
        });
        (renewals.collect(), name)
    })
}

/// Into which of so many equal pieces of the spread this part falls.
fn piece(part: f64, pieces: usize) -> usize {
    let within = (part - AT) / SPREAD + 0.5;
    ((within * pieces as f64) as usize).min(pieces - 1)
}

/// How many of the fleet fall into each of so many equal pieces of the spread at this renewal.
fn pieces(fleet: &[Vec<f64>], renewal: usize, pieces: usize) -> Vec<usize> {
    let mut counts = vec![0; pieces];
    for machine in fleet {
        counts[piece(machine[renewal], pieces)] += 1;
    }
    counts
}

/// How many of the fleet draw the same lots at all renewals.
fn alike(fleet: &[Vec<f64>]) -> usize {
    let mut alike = BTreeMap::<Vec<u64>, usize>::new();
    for machine in fleet {
        *alike
            .entry(machine.iter().map(|part| part.to_bits()).collect())
            .or_default() += 1;
    }
    alike.into_values().max().unwrap_or_default()
}

/// Each renewal falls within the spread.
pub fn each_renewal_falls_within_the_spread() {
    // A rounding error is no fault.
    let (from, to) = (AT - SPREAD / 2.0 - 1e-9, AT + SPREAD / 2.0 + 1e-9);
    let of_all = fleets().flat_map(|(fleet, name)| fleet.into_iter().map(move |due| (due, name)));
    for (part, name) in of_all.flat_map(|(due, name)| due.into_iter().map(move |part| (part, name)))
    {
        assert!(
            (from..=to).contains(&part),
            "A renewal is due after {part:.4} of the lifetime, which is {name}. The spread is a tenth of it, around two thirds: after {from:.4} at the \
             earliest, and {to:.4} at the latest. An alarm is derived from that (chapter 7)."
        );
    }
    // The authority may shorten the lifetime, and lengthen it again.
    let mut agent = Agent::new("web-1");
    let [(day, _), (hour, _)] = LIFETIMES;
    for lifetime in [day, hour, day] {
        let due = agent.due(lifetime);
        let part = due.div_duration_f64(lifetime);
        assert!(
            (from..=to).contains(&part),
            "One agent was asked for a leaf of 24 hours, then for one of an hour, then for one of 24 hours again: authorities change their lifetimes. The one that lives for {} s is due after {} s. \
             Each time, `due` is given the lifetime of the next leaf: what was given before is of another leaf.",
            lifetime.as_secs(),
            due.as_secs()
        );
    }
}

/// Each renewal draws anew.
pub fn each_renewal_draws_anew() {
    let fleet: Fleet = fleets().flat_map(|(fleet, _)| fleet).collect();
    let same = |parts: &&Vec<f64>| parts.iter().all(|part| (part - parts[0]).abs() < 1e-9);
    // One agent in thousands draws the same by chance, where lots are few.
    let stuck = fleet.iter().filter(same).nth(MACHINES / 100);
    assert!(
        stuck.is_none(),
        "An agent renewed {RENEWALS} leaves, and was due after {:.4} of the lifetime each time. Two agents that ask their authority at one \
         moment do so at every renewal from then on, and one with a small lot renews more often than the others forever. Let `due` draw, \
         and calculate with `f64`: divided as whole numbers, every lot is 0.",
        stuck.map_or(0.0, |parts| parts[0])
    );
}

/// A fleet that started together renews apart, at the first renewal and at each later one.
pub fn a_fleet_that_started_together_renews_apart() {
    for (fleet, name) in fleets() {
        for renewal in 0..RENEWALS {
            let busiest = pieces(&fleet, renewal, 100).into_iter().max();
            let busiest = busiest.unwrap_or_default();
            assert!(
                busiest <= 50,
                "Leaves of {name}: at renewal number {}, {busiest} of {MACHINES} agents are due within the same hundredth of the spread; ten \
                 would be its share. They were started in the same second, from the same image. With one seed for all, and with the time of the start as the seed, each draws the same \
                 lot; and lots that are rounded to whole minutes are the same for many. Machines are called `web-7`, or `web-7.rack-12.example.com`: take the whole name.",
                renewal + 1
            );
        }
        let moments: BTreeSet<_> = fleet.iter().map(|due| due[0].to_bits()).collect();
        // In whole seconds there are about 944.
        assert!(
            name == "an hour" || moments.len() >= MACHINES * 9 / 10,
            "Leaves of {name}: at the first renewal, {MACHINES} agents are due at {} different moments, though the spread has 8,640 s. A lot that is one of a hundred, and a moment that is rounded to whole minutes, makes as many crowds, and each of them grows with the fleet: \
             draw as finely as an `f64` does.",
            moments.len()
        );
        let alike = alike(&fleet);
        assert!(
            alike < 2,
            "Leaves of {name}: {alike} of {MACHINES} agents are due at the same moments, at each of {RENEWALS} renewals and at all that follow. They draw from one \
             seed. With the time of the start as the seed, this happens to all that start in the same millisecond."
        );
    }
}

/// Agents that came at the same moment once do not come together ever after.
pub fn who_came_together_once_parts() {
    for (fleet, _) in fleets() {
        let at = |machine: &Vec<f64>, renewal: usize| piece(machine[renewal], 100);
        let (mut together, mut again) = (0, 0);
        for (number, one) in fleet.iter().enumerate() {
            for other in fleet[number + 1..]
                .iter()
                .filter(|other| at(other, 0) == at(one, 0))
            {
                together += 1;
                again += usize::from(at(one, 1) == at(other, 1));
            }
        }
        assert!(
            again * 5 <= together,
            "{together} pairs of agents are due within the same hundredth of the spread at their first renewal, and {again} of these pairs at \
             the second one, too. A clash of two comes back at every renewal: each moves on by the same step. A lot that is drawn anew forgets \
             the one before."
        );
    }
}

/// The whole spread is used, evenly.
pub fn the_whole_spread_is_used_evenly() {
    for (fleet, _) in fleets() {
        for renewal in 0..RENEWALS {
            for (count, piece) in pieces(&fleet, renewal, 10).into_iter().zip(1..) {
                assert!(
                    count >= 30,
                    "{count} of {MACHINES} agents are due in the {piece}. tenth of the spread at renewal number {}; a hundred would be its \
                     share. What is left unused makes the rest of the spread busier.",
                    renewal + 1
                );
            }
        }
    }
}

/// Machines that run the same program, each in a process of its own, draw apart.
pub fn each_process_draws_lots_of_its_own() {
    let (lifetime, _) = LIFETIMES[0];
    let this = (module_path!(), "each_process_draws_lots_of_its_own");
    let drawn = each_process(this, ["web-0", "web-1"], |machine| {
        let mut agent = Agent::new(machine);
        let part = |_| agent.due(lifetime).div_duration_f64(lifetime);
        let parts = (0..RENEWALS).map(part).map(|part| format!("{part:.6}"));
        parts.collect::<Vec<_>>().join(", ")
    });
    assert!(
        drawn[0] != drawn[1],
        "The program was started twice, for the machines web-0 and web-1, and both are due after the same parts of their lifetimes: {}. What the agents of \
         one process share (a generator, a count, the number of the process, which is 1 in each container) tells those of one process apart, and begins in each process anew, with the same seed: a thousand machines are a \
         thousand processes. The seed has to be another one on each machine.",
        drawn[0]
    );
}
