//! What do `/live`, `/ready` and the alerts say at this moment?
//!
//! A seed chooses what happens to a server of chapter 7 within a day or so. Its keeper looks at real files, in virtual time;
//! its own endpoints are asked, and the chapter's rules say which alerts fire.

mod scene;
mod why;

use std::io;
use std::time::Duration;

use fastrand::Rng;

use crate::sheet::{Question, Sheet};
use crate::virtual_time;

use scene::HOUR;

pub use scene::{Happens, Said, Scene};

/// How many moments are asked about.
const QUESTIONS: usize = 5;

/// The sheet of this seed.
///
/// # Errors
/// When no certificate can be made, or no temporary directory.
pub fn sheet(seed: u64) -> io::Result<Sheet> {
    let scene = drawn(seed);
    let said = virtual_time(scene.play())??;
    let question = |said: &Said| Question {
        asked: format!("at {}", clock(said.at)),
        answer: said.words(),
        why: why::why(said),
    };
    Ok(Sheet {
        chapter: 7,
        seed,
        told: told(&scene),
        questions: said.iter().map(question).collect(),
        answers:
            "An answer is two numbers of HTTP, and the names of the alerts that fire, or none.\n"
                .into(),
    })
}

/// What happens by this seed, and when it is asked.
pub fn drawn(seed: u64) -> Scene {
    let mut rng = Rng::with_seed(seed);
    let mut all = Happens::ALL;
    rng.shuffle(&mut all);
    // On whole hours; asked is at half past, so that nothing is on its way.
    let many = 2 + rng.usize(..2);
    let mut hours = rng.choose_multiple(1..20, many);
    hours.sort_unstable();
    // Before the first of it, there is one moment to ask about.
    let first = hours[0] - 1;
    let happens = hours.into_iter().zip(all).collect();
    let mut asked = rng.choose_multiple(first..26, QUESTIONS);
    asked.sort_unstable();
    let asked = asked.into_iter().map(|hour| HOUR * hour + HOUR / 2);
    Scene {
        happens,
        asked: asked.collect(),
    }
}

fn told(scene: &Scene) -> String {
    let mut told = String::from(
        "A server of chapter 7 serves a leaf that is valid for 24 hours, from 0:00 on.\n\
         Its agent renews after half of that, and tries every two hours while it is due.\n\
         The server looks at its files each 5 minutes; without a look for 1,000 s it\n\
         counts its watcher as dead. It is scraped each quarter of an hour. This happens,\n\
         450 s after the hour that is named, and nothing else: where no renewal is\n\
         listed, the agent brings none. A new leaf is valid from its hour on. All hours\n\
         are of a clock that is never set. Each look asks the trust anchors about what is\n\
         served, too, also when that has expired. Once the watcher is dead, its last look\n\
         stands.\n\n",
    );
    for (hour, happens) in &scene.happens {
        told += &format!("  {:>5}  {}\n", clock(HOUR * *hour), happens.words());
    }
    told + "\nWhat do /live and /ready say, and which alerts fire?\n"
}

/// Hours and minutes since the beginning.
fn clock(at: Duration) -> String {
    let minutes = at.as_secs() / 60;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}
