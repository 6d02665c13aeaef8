//! Who gets in at each step of a rotation of trust?
//!
//! A seed chooses a server, the order in which its operator takes the steps, and three clients. After each step each client
//! calls, by a real handshake in memory with the chapter's server. What came of some of these calls is asked.

mod scene;
mod why;

use std::io;

use fastrand::Rng;

use crate::sheet::{Question, Sheet};
use crate::virtual_time;

pub use scene::{Call, Caller, Outcome, Scene, Server, Step};

/// How many calls are asked about.
const QUESTIONS: usize = 5;

/// The sheet of this seed.
///
/// # Errors
/// When no certificate can be made, or no temporary directory.
pub fn sheet(seed: u64) -> io::Result<Sheet> {
    let scene = drawn(seed);
    let calls = virtual_time(scene.play())??;
    let mut rng = Rng::with_seed(seed);
    let mut chosen = rng.choose_multiple(0..calls.len(), QUESTIONS);
    chosen.sort_unstable();
    let question = |at: usize| {
        let call = &calls[at];
        let when = match call.step {
            0 => "before the first step".into(),
            step => format!("after step {step}"),
        };
        Question {
            asked: format!("{when}, client {} calls", call.client + 1),
            answer: call.outcome.words().into(),
            why: why::why(&scene, call),
        }
    };
    Ok(Sheet {
        chapter: 8,
        seed,
        told: told(&scene),
        questions: chosen.into_iter().map(question).collect(),
        answers: answers(),
    })
}

/// What happens by this seed.
pub fn drawn(seed: u64) -> Scene {
    use Step::{ListA, ListB, ListBoth, Quiet, Reissue};
    let mut rng = Rng::with_seed(seed);
    let two_trusts = rng.u8(..4) == 0;
    let orders: &[&[Step]] = match two_trusts {
        true => &[
            &[ListBoth, ListB, Quiet],
            &[ListBoth, Reissue, ListB, Quiet],
            &[ListB, Quiet, ListBoth],
        ],
        false => &[
            &[ListBoth, Reissue, ListB, Quiet],
            &[Reissue, ListBoth, ListB, Quiet],
            &[ListBoth, ListB, Reissue, Quiet],
            &[ListBoth, Reissue, ListB, ListBoth],
            &[ListBoth, Reissue, ListA, ListB],
        ],
    };
    Scene {
        two_trusts,
        server: Server::ALL[rng.usize(..Server::ALL.len())],
        steps: orders[rng.usize(..orders.len())].to_vec(),
        callers: callers(&mut rng, two_trusts),
    }
}

fn callers(rng: &mut Rng, two_trusts: bool) -> Vec<Caller> {
    let of = |leaf, trusts: &[&'static str], resumes| Caller {
        leaf,
        trusts: trusts.to_vec(),
        resumes,
    };
    let (a, b) = (Some("Root A"), Some("Root B"));
    let mut all = match two_trusts {
        true => vec![
            of(a, &["Public Root"], true),
            of(a, &["Public Root"], false),
            of(b, &["Public Root"], false),
            of(Some("Public Root"), &["Public Root"], false),
        ],
        false => vec![
            of(a, &["Root A"], false),
            of(a, &["Root A"], true),
            of(a, &["Root A", "Root B"], false),
            of(a, &["Root A", "Root B"], true),
            of(b, &["Root A", "Root B"], true),
            of(b, &["Root B"], false),
            of(None, &["Root A", "Root B"], false),
        ],
    };
    rng.shuffle(&mut all);
    all.truncate(3);
    all
}

fn told(scene: &Scene) -> String {
    let (server, apart) = (scene.server.words(), scene.two_trusts);
    let begins = match apart {
        true => {
            "The server's leaf is under Public Root. Its clients are judged by a file of\n\
             their own, which lists Root A."
        }
        false => {
            "The server's leaf is under Root A. One file lists the roots by which its\n\
             clients and its own chain are judged: Root A."
        }
    };
    let mut told = format!("{server}\n{begins}\nThen, in this order:\n\n");
    for (step, number) in scene.steps.iter().zip(1..) {
        told += &format!("  {number:>2}  {}\n", step.words(apart));
    }
    told += "\nThe server looks at its files after each step. Three clients call:\n\n";
    for (caller, number) in scene.callers.iter().zip(1..) {
        told += &format!("  client {number}  {}\n", caller.words());
    }
    told + "\nEach calls before the first step and after each step, in this order, and hangs\n\
            up. What comes of these calls?\n"
}

fn answers() -> String {
    let words = Outcome::ALL.map(|outcome| format!("  {}\n", outcome.words()));
    format!("The answers that there are:\n{}", words.concat())
}
