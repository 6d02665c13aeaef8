//! Which certificate does this client hold now?
//!
//! A seed chooses how a server of chapter 6 retires connections and keeps sessions, what happens to it, and three clients. Its
//! files, its handshakes and its drains are real; only the time is virtual. What a client holds is what it was shown.

mod scene;
mod why;

use std::io;

use ch06_in_flight_requests::tickets::Tickets;
use fastrand::Rng;

use crate::sheet::{Question, Sheet};
use crate::virtual_time;

pub use scene::{Answer, By, Client, Happens, Rules, Scene};

/// How many answers are asked for.
const QUESTIONS: usize = 5;

/// How many things happen.
const HAPPENS: usize = 5;

/// The sheet of this seed.
///
/// # Errors
/// When no certificate can be made, or no temporary directory.
pub fn sheet(seed: u64) -> io::Result<Sheet> {
    let scene = drawn(seed);
    let answers = virtual_time(scene.play())??;
    // Before anything has happened, all hold the first.
    let later: Vec<_> = answers.iter().filter(|answer| answer.step > 0).collect();
    let mut chosen = Rng::with_seed(seed).choose_multiple(0..later.len(), QUESTIONS);
    chosen.sort_unstable();
    let question = |at: usize| {
        let answer = later[at];
        Question {
            asked: format!("after step {}, client {}", answer.step, answer.client + 1),
            answer: format!(
                "the certificate of generation {}, {}",
                answer.generation,
                answer.by.words()
            ),
            why: why::why(&scene, answer),
        }
    };
    let words = By::ALL.map(|by| format!("  {}\n", by.words()));
    Ok(Sheet {
        chapter: 6,
        seed,
        told: told(&scene),
        questions: chosen.into_iter().map(question).collect(),
        answers: format!(
            "An answer is the number of a generation, and how the client comes to it:\n{}",
            words.concat()
        ),
    })
}

/// What happens by this seed.
pub fn drawn(seed: u64) -> Scene {
    let mut rng = Rng::with_seed(seed);
    let rules = Rules {
        lag: rng.u64(..3),
        connection_minutes: rng.choice([None, Some(30)]).flatten(),
        session_minutes: rng.choice([None, Some(30)]).flatten(),
        tickets: match rng.u8(..3) {
            0 => Tickets::Discard,
            _ => Tickets::KeepUnlessTrustChanged,
        },
    };
    // Leaves are valid for an hour, so not more of it passes.
    let mut happens = vec![Happens::Rotates, Happens::Rotates, Happens::TimePasses];
    let more = [Happens::Rotates, Happens::TimePasses, Happens::Discards];
    happens.extend(rng.choose_multiple(more, HAPPENS - happens.len()));
    rng.shuffle(&mut happens);
    let mut clients = Client::ALL.to_vec();
    rng.shuffle(&mut clients);
    clients.truncate(3);
    Scene {
        rules,
        happens,
        clients,
    }
}

fn told(scene: &Scene) -> String {
    let Rules {
        lag,
        connection_minutes,
        session_minutes,
        tickets,
    } = scene.rules;
    let behind = match lag {
        0 => "Only the newest generation may be held: a connection of an older one".into(),
        1 => "A connection may be one generation behind the newest; an older one".into(),
        lag => format!("A connection may be {lag} generations behind the newest; an older one"),
    };
    let life = |minutes: Option<u64>| match minutes {
        Some(minutes) => format!("{minutes} minutes"),
        None => "a day".into(),
    };
    let keeps = match tickets {
        Tickets::Discard => "Each rotation discards all sessions.",
        Tickets::Keep | Tickets::KeepUnlessTrustChanged => {
            "A rotation discards no sessions, since no root is taken away."
        }
    };
    let mut told = format!(
        "A server of chapter 6 serves generation 1.\n\n  {behind}\n  is asked to leave, and cut after 30 s. HTTP/1.1 asks with an\n  \
         answer: within the 30 s, an idle connection answers one\n  \
         more request, and goes then. A session of such a generation\n  is not resumed.\n  \
         A connection lives for {} at most: then it is asked as well.\n  \
         A session may be resumed for {}, from the handshake in which it began.\n  {keeps}\n\nThen, in this order:\n\n",
        life(connection_minutes),
        life(session_minutes)
    );
    for (happens, number) in scene.happens.iter().zip(1..) {
        told += &format!("  {number:>2}  {}\n", happens.words());
    }
    told += "\nThree clients have come before the first step:\n\n";
    for (client, number) in scene.clients.iter().zip(1..) {
        told += &format!("  client {number}  {}\n", client.words());
    }
    told + "\nThe steps take no time, but for the minutes that pass. At once after each step,\n\
            each of them asks for a byte. Which certificate does it hold then, and how did\n\
            it come to it?\n"
}
