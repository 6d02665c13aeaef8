//! What is wanted of `Agent`. Each function is a check, and its comment says what has to hold.
//!
//! Lots are lots: the bounds are so wide that fair ones miss them less than once in a thousand million runs.

use std::time::Duration;

use super::exercise::{AT, Agent, SPREAD};

const LIFETIME: Duration = Duration::from_secs(24 * 3600);
const MACHINES: usize = 1000;
const RENEWALS: usize = 8;

/// A fleet that starts together: for each machine, after which parts of their lifetimes its leaves are renewed.
fn fleet() -> Vec<Vec<f64>> {
    let machines = (0..MACHINES).map(|number| Agent::new(&format!("web-{number}")));
    let renewals = machines.map(|mut agent| {
        let due = (0..RENEWALS).map(|_| agent.due(LIFETIME).div_duration_f64(LIFETIME));
        due.collect()
    });
    renewals.collect()
}

/// How many of the fleet fall into each of so many equal pieces of the spread at this renewal.
fn pieces(fleet: &[Vec<f64>], renewal: usize, pieces: usize) -> Vec<usize> {
    let mut counts = vec![0; pieces];
    for machine in fleet {
        let within = (machine[renewal] - AT) / SPREAD + 0.5;
        let piece = (within * pieces as f64) as usize;
        counts[piece.min(pieces - 1)] += 1;
    }
    counts
}

/// Each renewal falls within the spread.
pub fn each_renewal_falls_within_the_spread() {
    // A rounding error is no fault.
    let (from, to) = (AT - SPREAD / 2.0 - 1e-9, AT + SPREAD / 2.0 + 1e-9);
    for part in fleet().into_iter().flatten() {
        assert!(
            (from..=to).contains(&part),
            "A renewal is due after {part:.4} of the lifetime. The spread is a tenth of it, around two thirds: after {from:.4} at the \
             earliest, and {to:.4} at the latest. An alarm is derived from that (chapter 7)."
        );
    }
}

/// Each renewal draws anew.
pub fn each_renewal_draws_anew() {
    let fleet = fleet();
    let same = |parts: &&Vec<f64>| parts.iter().all(|part| (part - parts[0]).abs() < 1e-9);
    let stuck = fleet.iter().find(same);
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
    let fleet = fleet();
    for renewal in 0..RENEWALS {
        let busiest = pieces(&fleet, renewal, 100).into_iter().max();
        let busiest = busiest.unwrap_or_default();
        assert!(
            busiest <= 50,
            "At renewal number {}, {busiest} of {MACHINES} agents are due within the same hundredth of the spread; ten would be its share. \
             They were started in the same second, from the same image. With one seed for all, each draws the same lot.",
            renewal + 1
        );
    }
}

/// The whole spread is used, evenly.
pub fn the_whole_spread_is_used_evenly() {
    let fleet = fleet();
    for renewal in 0..RENEWALS {
        for (count, piece) in pieces(&fleet, renewal, 10).into_iter().zip(1..) {
            assert!(
                count >= 30,
                "{count} of {MACHINES} agents are due in the {piece}. tenth of the spread at renewal number {}; a hundred would be its share. \
                 What is left unused makes the rest of the spread busier.",
                renewal + 1
            );
        }
    }
}
