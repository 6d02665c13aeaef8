//! When does this agent renew, and does it renew before its leaf expires?
//!
//! A seed chooses how an agent of chapter 9 renews, some failures, and some outages. Answers come from the chapter's own
//! schedule: a range is what a hundred thousand lots are drawn from, and an outage is one that the agent lives through,
//! in virtual time, with files that are really away.

mod agent;
mod outage;

use std::io;
use std::time::Duration;

use ch09_simulating_rotation::schedule::Schedule;
use fastrand::Rng;

use crate::sheet::{Question, Sheet};
use crate::virtual_time;

use agent::{between, span};

pub use agent::{Agent, Failure};
pub use outage::{Came, Outage};

/// How many outages are asked about.
const OUTAGES: usize = 2;

/// The sheet of this seed.
///
/// # Errors
/// When no certificate can be made, or no temporary directory.
pub fn sheet(seed: u64) -> io::Result<Sheet> {
    let mut rng = Rng::with_seed(seed);
    let agent = Agent::drawn(&mut rng);
    let mut questions = vec![when(&agent)];
    questions.extend(Failure::drawn(&mut rng, &agent).map(|failure| after(&agent, failure)));
    let mut came = Came::ALL;
    rng.shuffle(&mut came);
    for came in came.into_iter().take(OUTAGES) {
        let outage = Outage::drawn(&mut rng, &agent, came);
        let lived = virtual_time(outage.lived_through(&agent, rng.u64(..)))??;
        questions.push(outage.question(&agent, lived));
    }
    Ok(Sheet {
        chapter: 9,
        seed,
        told: told(&agent),
        questions,
        answers: format!(
            "Times count from the issue of the leaf. A pause has a shortest and a longest length.\n\
             What comes of an outage is one of:\n{}",
            Came::ALL
                .map(|came| format!("  {}\n", came.words()))
                .concat()
        ),
    })
}

fn when(agent: &Agent) -> Question {
    let [first, last] = agent.renews();
    let Schedule { at, jitter } = agent.schedule;
    let (at, spread) = (percent(at), percent(jitter));
    let half = agent.lifetime.mul_f64(jitter / 2.0);
    let mut why = vec![match spread {
        0 => format!("It is due after {at} % of the lifetime, and nothing is spread."),
        _ => format!(
            "It is due after {at} % of the lifetime, and spread over {spread} % of it, half of that before: {} each way.",
            span(half)
        ),
    }];
    if at * 2 + spread > 180 {
        why.push(
            "No renewal is later than nine tenths of the lifetime. A spread that would go beyond is moved rather than \
             cut, so it is as wide as before."
                .into(),
        );
    }
    Question {
        asked: "when is the leaf renewed?".into(),
        answer: between(first, last),
        why,
    }
}

fn after(agent: &Agent, failure: Failure) -> Question {
    let [shortest, longest] = agent.waits(failure);
    let Failure { failures, left } = failure;
    let hundredth = agent.lifetime / 100;
    let doubled = hundredth * (1 << (failures - 1));
    let (bound, of) = match left.is_zero() {
        true => (agent.lifetime / 10, "a tenth of the lifetime"),
        false => (left / 2, "half of what is left"),
    };
    let hour = Duration::from_secs(3600);
    let least = match doubled.min(bound).min(hour) {
        least if least == doubled => "The bound changes nothing.",
        least if least == bound => "The bound is shorter, so it counts.",
        _ => "An hour is less than both, and no pause is longer.",
    };
    let tries = match failures {
        1 => "a failure".into(),
        failures => format!("{failures} failures in a row"),
    };
    let state = match left.is_zero() {
        true => "the leaf expired".into(),
        false => format!("{} left", span(left)),
    };
    Question {
        asked: format!("after {tries}, with {state}: how long is the pause?"),
        answer: between(shortest, longest),
        why: vec![
            format!(
                "A hundredth of the lifetime, doubled with each failure after the first, is {}. The bound is {of}: {}. {least}",
                span(doubled),
                span(bound)
            ),
            "Half of the pause is drawn by lot.".into(),
        ],
    }
}

fn told(agent: &Agent) -> String {
    let Schedule { at, jitter } = agent.schedule;
    format!(
        "An agent of chapter 9 renews a leaf that is valid for {}. It is told:\n\n  \
         --at {at} --jitter {jitter}\n\n\
         Both are parts of the lifetime. Half of the jitter lies before the time that\n\
         `--at` names, half of it after. No renewal is later than nine tenths of the\n\
         lifetime: a spread that would end later begins earlier, and stays as wide.\n\n\
         After a failure it waits for a hundredth of the lifetime; twice as long after\n\
         each further one; for half of what is left at most, or a tenth of the lifetime\n\
         where nothing is left; and for an hour at most. Half of it is drawn by lot.\n\n\
         When does it renew, and how long does it wait? And where the folder of its files\n\
         is away for a while, is the leaf renewed before it expires?\n",
        match agent.lifetime.as_secs() / 3600 {
            1 => "an hour".into(),
            24 => "24 hours".into(),
            hours => format!("{hours} hours"),
        }
    )
}

fn percent(part: f64) -> u64 {
    (part * 100.0).round() as u64
}
