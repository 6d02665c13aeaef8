//! What does this reader serve in this state?
//!
//! A seed chooses a writer and a reader of chapter 5, and some of the states in which the two meet. The chapter's
//! explorer lets both meet on real files, so an answer is what the reader did, rather than what was thought of it. One
//! seed gives each learner the same sheet.

use std::io;
use std::iter;

use ch02_hot_reload::identity::Reason;
use ch05_race_conditions::explorer::{Arena, Served, Subject, World};
use ch05_race_conditions::writer::{Set, Writer};
use fastrand::Rng;

use crate::sheet::{self, Sheet};

/// How many states are asked about, where the two meet in so many ways.
const QUESTIONS: usize = 5;

/// A writer and a reader that meet, and some of the states in which they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    seed: u64,
    writer: Writer,
    reader: Subject,
    steps: Vec<Step>,
    questions: Vec<Question>,
}

/// A step of the writer: in words, and the PEM blocks that it writes where the server reads them as they come.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    words: String,
    blocks: usize,
}

/// A state, and what the reader does in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    step: usize,
    /// How far the step is. Nothing where it is done.
    place: Option<String>,
    /// What is served after the reader has looked.
    pub served: Served,
    /// Why the files were rejected, where they were.
    pub rejected: Option<&'static str>,
}

impl Meeting {
    /// The meeting of this seed.
    ///
    /// # Errors
    /// When no certificates can be made, or no temporary directory.
    pub fn of(seed: u64) -> io::Result<Self> {
        let mut rng = Rng::with_seed(seed);
        let writers = Writer::all();
        let writer = writers[rng.usize(..writers.len())];
        let reader = Subject::ALL[rng.usize(..Subject::ALL.len())];
        Self::between(seed, writer, reader)
    }

    /// As [`Meeting::of`], for a writer and a reader that are chosen.
    ///
    /// # Errors
    /// As [`Meeting::of`].
    pub fn between(seed: u64, writer: Writer, reader: Subject) -> io::Result<Self> {
        let world = World::new()?;
        let found = Arena::new(writer, reader, &world)?.after_each_step()?;
        let set = world.new_for(writer);
        let (mut steps, mut states) = (Vec::new(), Vec::new());
        for of_step in found.stretches.chunk_by(|a, b| a.step == b.step) {
            let each = of_step
                .iter()
                .flat_map(|one| iter::repeat_n(one, one.states));
            let each: Vec<_> = each.collect();
            let (blocks, places) = places(set, &of_step[0].step, each.len());
            states.extend(places.into_iter().map(|(after, place)| Question {
                step: steps.len(),
                place,
                served: each[after - 1].served,
                rejected: each[after - 1].refused,
            }));
            let words = of_step[0].step.clone();
            steps.push(Step { words, blocks });
        }
        let mut chosen = Rng::with_seed(seed).choose_multiple(0..states.len(), QUESTIONS);
        chosen.sort_unstable();
        Ok(Self {
            seed,
            writer,
            reader,
            steps,
            questions: chosen.into_iter().map(|at| states[at].clone()).collect(),
        })
    }

    /// What is asked.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// As it is shown.
    pub fn sheet(&self) -> Sheet {
        let questions = self.questions.iter().map(|question| {
            let (number, words) = (question.step + 1, &self.steps[question.step].words);
            let rejected = question.rejected.map_or("not rejected".into(), |reason| {
                format!("rejected: {reason}")
            });
            sheet::Question {
                asked: match &question.place {
                    Some(place) => format!("within step {number}, {words}: {place}"),
                    None => format!("after step {number}, {words}"),
                },
                answer: format!("served: {}; {rejected}", question.served.name()),
                why: why(question).into_iter().map(str::to_owned).collect(),
            }
        });
        let all: Vec<_> = SERVED.iter().map(|served| served.name()).collect();
        Sheet {
            chapter: 5,
            seed: self.seed,
            told: self.told(),
            questions: questions.collect(),
            answers: format!(
                "Served is one of: {}.\nA reason is one of those in the event contract, as `pair_mismatch`.\n",
                all.join(", ")
            ),
        }
    }

    /// What is known: the reader, and what the writer does.
    fn told(&self) -> String {
        let reader = match self.reader {
            Subject::ByPath => {
                "The reader of chapter 2, `by_path`, opens each file by its path and reads it\nonce."
            }
            Subject::Ours => {
                "The reader of chapter 5, `ours`, is told to refuse a key that other users can\nread."
            }
        };
        let writer = self.writer.name();
        let mut told =
            format!("{reader}\nIt serves the old set when the writer `{writer}` begins:\n\n");
        for (step, number) in self.steps.iter().zip(1..) {
            let blocks = match step.blocks {
                0 => String::new(),
                1 => ", one PEM block".into(),
                blocks => format!(", {blocks} PEM blocks"),
            };
            told += &format!("  {number:>2}  {}{blocks}\n", step.words);
        }
        told + "\nThe server looks after each step, and after each byte of a file that it reads.\n\
                What is served then, and are the files rejected, and why?\n"
    }
}

/// The PEM blocks that a step writes where the server can read them, and the places in it that a person can name: each as
/// the number of the state, counted from 1.
fn places(set: &Set, step: &str, states: usize) -> (usize, Vec<(usize, Option<String>)>) {
    let text = match step.strip_prefix("write ") {
        Some("tls.crt") => set.chain.clone(),
        Some("tls.key") => set.key.clone(),
        Some("tls.pem") => set.chain.clone() + &set.key,
        Some("ca.crt") => set.roots.clone(),
        _ => String::new(),
    };
    let begins: Vec<_> = text
        .match_indices("-----BEGIN ")
        .map(|(at, _)| at)
        .collect();
    let mut places = Vec::new();
    // A state is a byte where the server reads the file. Where it does not yet, only the end has a name.
    if text.len() == states {
        let blocks = begins.len();
        for (begin, number) in begins.iter().zip(1..) {
            let end = text[*begin..]
                .find("-----END")
                .map_or(states, |length| begin + length);
            places.push((
                (begin + end) / 2,
                Some(format!("in the middle of block {number} of {blocks}")),
            ));
            if let Some(next) = begins.get(number) {
                places.push((*next, Some(format!("after block {number} of {blocks}"))));
            }
        }
        places.push((states, None));
        return (blocks, places);
    }
    (0, vec![(states, None)])
}

/// What may be served, in the words of the chapter.
const SERVED: [Served; 5] = [
    Served::Old,
    Served::New,
    Served::Cut,
    Served::Mixed,
    Served::Exposed,
];

/// Why a reader does so, in lines.
pub fn why(question: &Question) -> Vec<&'static str> {
    let kept = match question.served {
        Served::Old => "The last good set goes on being served.",
        _ => "What was served before goes on being served.",
    };
    match (question.rejected, question.served) {
        (Some(reason), _) => vec![because(reason), kept],
        (None, Served::Old) => vec!["What the server reads is what it serves already."],
        (None, Served::New) => vec!["The new set is whole and valid, so it is served."],
        (None, Served::Cut) => vec![
            "A file ends between two PEM blocks. What is there is shorter and still",
            "valid, and this reader asks for no more.",
        ],
        (None, Served::Mixed) => {
            vec!["Parts of two sets fit together, and this reader does not see it."]
        }
        (None, Served::Exposed) => vec![
            "The new set is whole and valid, and other users can read its key at",
            "this moment.",
        ],
    }
}

/// What a reason means in such a state; nothing for one that no state has.
pub fn because(reason: &str) -> &'static str {
    let reason = Reason::ALL.into_iter().find(|one| one.name() == reason);
    match reason {
        Some(Reason::Missing) => "A file was removed, and its new one is not created yet.",
        Some(Reason::Truncated) => {
            "A file is empty, or its last PEM block does not end: a writer is at work."
        }
        Some(Reason::Malformed) => "What is in a file is no whole certificate or key.",
        Some(Reason::PairMismatch) => {
            "The certificate and the key are of two generations: a torn pair."
        }
        Some(Reason::ChainBroken) => "The certificates that are there lead to no trust anchor.",
        Some(Reason::ChainShrunk) => {
            "The chain is shorter than the one that is served: it may be half written."
        }
        Some(Reason::TrustShrunk) => {
            "A trust anchor in force is gone from the file: it may be half written."
        }
        Some(Reason::InsecureMode) => "Other users can read the key at this moment.",
        Some(Reason::Torn) => "The files were different at each look.",
        _ => "",
    }
}
