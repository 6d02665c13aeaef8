//! What does this reader serve in this state?
//!
//! A seed chooses three times a writer and a reader of chapter 5, and some of the states in which the two meet. The chapter's
//! explorer lets both meet on real files, so an answer is what the reader did, rather than what was thought of it. One
//! seed gives each learner the same sheet.

use std::io;
use std::iter;

use ch02_hot_reload::identity::Reason;
use ch05_race_conditions::explorer::{Arena, Served, Subject, World};
use ch05_race_conditions::writer::{Set, Writer};
use fastrand::Rng;

use crate::sheet::{self, Sheet};

/// How many states of each meeting are asked about, where the two meet in so many ways. There are few writers, and some take
/// few steps: what makes each sheet another one is that three meetings come together.
pub const QUESTIONS: [usize; 3] = [5, 1, 1];

/// The sheet of this seed.
///
/// # Errors
/// When no certificates can be made, or no temporary directory.
pub fn sheet(seed: u64) -> io::Result<Sheet> {
    let meetings = drawn(seed).into_iter().zip(QUESTIONS);
    let meetings = meetings.map(|((writer, reader, lot), questions)| {
        let mut meeting = Meeting::between(writer, reader)?;
        meeting.ask(lot, questions);
        Ok(meeting)
    });
    let meetings: Vec<_> = meetings.collect::<io::Result<_>>()?;
    let (mut told, mut questions) = (String::new(), Vec::new());
    for (meeting, number) in meetings.iter().zip(1..) {
        told += &format!("Server {number}. {}\n", meeting.told());
        questions.extend(meeting.shown(number));
    }
    let all: Vec<_> = SERVED.iter().map(|served| served.name()).collect();
    Ok(Sheet {
        chapter: 5,
        seed,
        told: told
            + "Each looks after each step, and after each byte of a file that it reads.\n\
               What is served then, and are the files rejected, and why?\n",
        questions,
        answers: format!(
            "Served is one of: {}.\nA reason is one of those in the event contract, as `pair_mismatch`.\n",
            all.join(", ")
        ),
    })
}

/// Who meets by this seed, and a lot for each meeting, which chooses what is asked. No two meet twice.
pub fn drawn(seed: u64) -> [(Writer, Subject, u64); 3] {
    let mut rng = Rng::with_seed(seed);
    let writers = Writer::all().into_iter();
    let mut pairs: Vec<_> = writers
        .flat_map(|writer| Subject::ALL.map(|reader| (writer, reader)))
        .collect();
    QUESTIONS.map(|_| {
        let (writer, reader) = pairs.swap_remove(rng.usize(..pairs.len()));
        (writer, reader, rng.u64(..))
    })
}

/// Which of so many states are asked about by this lot, in order.
pub fn chosen(lot: u64, states: usize, questions: usize) -> Vec<usize> {
    let mut chosen = Rng::with_seed(lot).choose_multiple(0..states, questions);
    chosen.sort_unstable();
    chosen
}

/// A writer and a reader that meet, and some of the states in which they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
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
    /// A writer and a reader, with a question for each state that a person can name.
    ///
    /// # Errors
    /// When no certificates can be made, or no temporary directory.
    pub fn between(writer: Writer, reader: Subject) -> io::Result<Self> {
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
        Ok(Self {
            writer,
            reader,
            steps,
            questions: states,
        })
    }

    /// Asks so many of its questions and no others, by this lot.
    fn ask(&mut self, lot: u64, questions: usize) {
        let chosen = chosen(lot, self.questions.len(), questions);
        self.questions = chosen
            .iter()
            .map(|at| self.questions[*at].clone())
            .collect();
    }

    /// What is asked.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// As they are shown of the server of this number.
    fn shown(&self, server: usize) -> impl Iterator<Item = sheet::Question> {
        self.questions.iter().map(move |question| {
            let (number, words) = (question.step + 1, &self.steps[question.step].words);
            let rejected = question.rejected.map_or("not rejected".into(), |reason| {
                format!("rejected: {reason}")
            });
            sheet::Question {
                asked: match &question.place {
                    Some(place) => {
                        format!("server {server}, within step {number}, {words}: {place}")
                    }
                    None => format!("server {server}, after step {number}, {words}"),
                },
                answer: format!("served: {}; {rejected}", question.served.name()),
                why: why(question).into_iter().map(str::to_owned).collect(),
            }
        })
    }

    /// What a writer writes whose steps do not say it.
    fn writes(&self) -> &'static str {
        match (self.writer, self.reader) {
            (Writer::Script, _) => ". The\nwriter creates a key that all users can read",
            (Writer::ChainInPlace, _) => {
                ". Leaf\nand key stay, and the issuer's certificate is another one"
            }
            (Writer::TrustInPlace, Subject::ByPath) => {
                ". Of\ntwo trust anchors the second one is replaced"
            }
            (Writer::TrustInPlace, Subject::Ours) => {
                ". Of\ntwo trust anchors the second one is replaced. While their file ends within a\n\
                 block, those of before stay in force"
            }
            (Writer::Agent(_), _) => "",
        }
    }

    /// What is known: the reader, and what the writer does.
    fn told(&self) -> String {
        let reader = match self.reader {
            Subject::ByPath => {
                "The reader of chapter 2, `by_path`, opens each file by its path and\nreads it once."
            }
            Subject::Ours => {
                "The reader of chapter 5, `ours`, is told to refuse a key that other\nusers can read, and asks that before it reads the key."
            }
        };
        let writer = self.writer.name();
        let mut told = format!(
            "{reader}\nIt serves the old set when the writer `{writer}` begins{}:\n\n",
            self.writes()
        );
        for (step, number) in self.steps.iter().zip(1..) {
            let blocks = match step.blocks {
                0 => String::new(),
                1 => ", one PEM block".into(),
                blocks => format!(", {blocks} PEM blocks"),
            };
            told += &format!("  {number:>2}  {}{blocks}\n", step.words);
        }
        told
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
