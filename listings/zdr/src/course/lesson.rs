//! What the course teaches: its stages, and the pages that help.

use serde::{Deserialize, Serialize};

use crate::attempt::FailureKind;
use crate::gate::scenario::Scenario;
use crate::report::{Code, Finding};
use crate::server::spec::Spec;

/// A stage of the course. Each opens the next.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lesson {
    /// It starts, and serves.
    Serves,
    /// It rotates under load.
    Rotates,
    /// It does so with any writer.
    ByAnyWriter,
    /// It rejects invalid files.
    Refuses,
    /// It has no unlucky moment.
    CannotBeRaced,
    /// Its log and the wire agree.
    SaysWhatItDoes,
    /// It follows the trust in its clients.
    KnowsItsClients,
}

impl Lesson {
    /// The stages for this server, in order.
    pub fn of(spec: &Spec) -> Vec<Self> {
        let mut lessons = vec![
            Self::Serves,
            Self::Rotates,
            Self::ByAnyWriter,
            Self::Refuses,
            Self::CannotBeRaced,
            Self::SaysWhatItDoes,
        ];
        lessons.extend(spec.client_auth.then_some(Self::KnowsItsClients));
        lessons
    }

    /// Its scenarios.
    pub fn scenarios(self) -> &'static [Scenario] {
        match self {
            Self::Serves | Self::ByAnyWriter | Self::SaysWhatItDoes => &[],
            // Between the two files of any real writer there is time. Here there is more of it.
            Self::Rotates => &[Scenario::SlowWrite],
            Self::Refuses => &[
                Scenario::Torn,
                Scenario::Truncated,
                Scenario::Mismatched,
                Scenario::Expired,
                Scenario::NotYetValid,
                Scenario::WrongName,
                Scenario::WrongCa,
                Scenario::Missing,
                Scenario::Unreadable,
                Scenario::Shrunk,
                Scenario::Garbage,
            ],
            Self::CannotBeRaced => &[
                Scenario::RemoveCreate,
                Scenario::Burst,
                Scenario::Rollback,
                Scenario::SameDate,
                Scenario::InPlace,
                Scenario::ChainOnly,
                Scenario::OtherLifetimes,
                Scenario::OtherIntermediate,
                Scenario::OtherRoot,
                Scenario::SameKey,
                Scenario::OtherKeyKind,
                Scenario::HalfOpen,
                Scenario::Unchanged,
                Scenario::AbsentAtStart,
                Scenario::ChangedAtStart,
                Scenario::Stalled,
            ],
            Self::KnowsItsClients => &[
                Scenario::TrustAdded,
                Scenario::TrustRemoved,
                Scenario::TrustHalfWritten,
            ],
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serves => "It serves",
            Self::Rotates => "It rotates",
            Self::ByAnyWriter => "By any writer",
            Self::Refuses => "It refuses",
            Self::CannotBeRaced => "It cannot be raced",
            Self::SaysWhatItDoes => "It says what it does",
            Self::KnowsItsClients => "It knows its clients",
        }
    }

    /// What is done.
    pub fn what(self) -> &'static str {
        match self {
            Self::Serves => "It is started. Clients shake hands and download. Nothing is rotated.",
            Self::Rotates => {
                "The files are replaced while clients come and downloads run, and once by a writer \
                 that pauses in the middle of each file. No handshake may fail, nothing may be cut."
            }
            Self::ByAnyWriter => {
                "The same by each tool and strategy of chapter 9 that its files allow, and by each \
                 of them more than once: the second rename counts, too."
            }
            Self::Refuses => {
                "Invalid files are written. It goes on with the last valid ones, and comes back once \
                 the files are valid again."
            }
            Self::CannotBeRaced => {
                "Files come in an unlucky moment: removed for a while, five at once, with an old \
                 date, with no new leaf, before the start, during it, or they hang."
            }
            Self::SaysWhatItDoes => {
                "Its events are compared with the wire: each identity that is shown was logged, \
                 each invalid one was rejected with a reason, and no line holds a key."
            }
            Self::KnowsItsClients => {
                "Authorities for clients are added, removed, and written slowly. Trusted clients are \
                 accepted, and all others are rejected."
            }
        }
    }

    /// Whether the stage judges a finding like this one. What the server writes to its log is left
    /// to the stage that is about it.
    pub fn judges(self, code: Code) -> bool {
        let log = matches!(code, Code::LogLies | Code::KeyInLog | Code::LogIncomplete);
        !log || self == Self::SaysWhatItDoes
    }

    /// Where to read on after a finding, the worst of these.
    pub fn hint(self, finding: &Finding, findings: &[Finding]) -> &'static Hint {
        let in_scenario = |scenario: Scenario| finding.scenario == scenario.name();
        let any = |scenarios: &[Scenario]| scenarios.iter().any(|one| in_scenario(*one));
        match (self, finding.code) {
            (Self::Serves, _) => &SERVE,
            (_, Code::KeyInLog) => &KEY_IN_LOG,
            (Self::SaysWhatItDoes, Code::LogIncomplete) => &EVENTS,
            (Self::SaysWhatItDoes, Code::LogLies) => &LOG,
            (Self::Rotates, _) if in_scenario(Scenario::SlowWrite) => &HALF_WRITTEN,
            (Self::Rotates, _) if findings.iter().any(of_halves) => &HALF_WRITTEN,
            (_, Code::WorkersDisagree) => &WORKERS,
            (Self::Rotates, Code::NotPickedUp) if finding.words.contains("number 1:") => &NOT_SEEN,
            (Self::Rotates, Code::NotPickedUp) => &WATCH,
            (Self::Rotates, Code::LetIn) => &CLIENT_AUTH,
            (Self::Rotates | Self::SaysWhatItDoes, _) => &PROCESS,
            (Self::ByAnyWriter, Code::NotPickedUp) => &WATCH,
            (Self::ByAnyWriter, _) => &STABLE,
            (Self::Refuses, Code::Stopped | Code::NotRecovered) => &WATCH_ENDED,
            (Self::Refuses, Code::LastGoodLost | Code::HandshakesFailed) => &LAST_GOOD,
            (Self::Refuses, _) if any(&[Scenario::Shrunk, Scenario::Truncated]) => &LESS,
            (Self::Refuses, _) => &VALIDATE,
            (Self::CannotBeRaced, Code::HandshakeWaitsForFiles) => &NO_FILES,
            (Self::CannotBeRaced, Code::WentBack) => &ORDER,
            (Self::CannotBeRaced, _) => &HINT_ONLY,
            (Self::KnowsItsClients, Code::ResumedWithoutTrust) => &RESUMED,
            (Self::KnowsItsClients, _) => &TRUST,
        }
    }
}

/// The server gave up a handshake itself, or showed halves of two: what it held was not whole.
fn of_halves(finding: &Finding) -> bool {
    match finding.code {
        Code::HandshakesFailed => finding.words.contains(FailureKind::Alert.words()),
        code => matches!(code, Code::UnfitShown | Code::WrongChain),
    }
}

/// Where to read on after a warning.
pub fn advice(code: Code) -> Option<&'static Hint> {
    match code {
        Code::ResumesForEver | Code::TicketsLost => Some(&RETURNING),
        Code::DidNotStart => Some(&START),
        Code::MemoryGrows
        | Code::ProcessesLeft
        | Code::DescriptorsGrow
        | Code::SlowWhileReloading => Some(&LIFECYCLE),
        _ => None,
    }
}

/// A page of the book, a heading on it, and the question to take there.
#[derive(Debug)]
pub struct Hint {
    /// A question, or a fact. Never the code.
    pub words: &'static str,
    /// The page, from the root of the repository.
    pub page: &'static str,
    /// A heading on it.
    pub heading: &'static str,
}

macro_rules! hints {
    ($($name:ident: $words:literal, $page:literal, $heading:literal;)*) => {
        $(const $name: Hint = Hint { words: $words, page: $page, heading: $heading };)*

        /// All of them.
        pub const HINTS: &[&Hint] = &[$(&$name),*];
    };
}

hints! {
    SERVE: "Before it rotates, it serves: one chain, one key, the answer that is asked for, and a word when \
            it listens.", "src/capstone.md", "What it has to do";
    PROCESS: "Something of the old certificate ended with it. What has to outlive a certificate: the process, \
              the listener, the connections?", "src/ch02-hot-reload.md", "How it works";
    NOT_SEEN: "The files are new, and handshakes show the old ones. What asks for the certificate in a \
               handshake, and what answers?", "src/ch03-handshake-hook.md", "How it works";
    CLIENT_AUTH: "The new configuration does not ask what the old one asked. What else belongs to a generation?",
                 "src/ch04-dynamic-contexts.md", "Symptom: client authentication is gone after a reload";
    HALF_WRITTEN: "There are two files, and a writer takes its time. How can a reader know that it is done, \
                   when it does not say so?", "src/ch05-race-conditions.md", "Two looks that agree";
    WORKERS: "Some of it swapped, and some of it did not. How many copies of the certificate are there?",
             "src/ch06-in-flight-requests.md", "Workers that disagree";
    WATCH: "It saw some changes and not others. What does your watch hold on to: a name, or the file that bore it?",
           "src/ch05-race-conditions.md", "Who wakes the reader";
    STABLE: "Each of these writers is in some order between two files. Which orders did you think of?",
            "src/ch09-simulating-rotation.md", "A tool is an order of steps";
    WATCH_ENDED: "The first file that it could not use ended something. What goes on looking?",
             "src/ch07-graceful-degradation.md", "Last known good";
    LAST_GOOD: "It let go of what it had before it had something better. In which order do you read, judge \
                and publish?", "src/ch07-graceful-degradation.md", "Last known good";
    LESS: "What it shows parses, and is less than it was. Can a reader tell a shorter chain from a chain \
           that is cut?", "src/ch05-whole-sets.md", "Less than before";
    VALIDATE: "It published what its clients refuse. Could it have asked their questions first?",
              "src/ch02-hot-reload.md", "Reload";
    NO_FILES: "Clients waited for a file. What does a handshake need that is not in memory?",
              "src/ch03-handshake-hook.md", "The way it naturally goes wrong";
    ORDER: "The older one won. What decides which of two reloads publishes last?",
           "src/ch02-hot-reload.md", "Two generations are alive at once";
    HINT_ONLY: "Nothing notified it, or the notification came too early. What does it compare, and how often, when \
                nothing notifies it?", "src/ch03-handshake-hook.md", "The watch is a hint, the poll is the truth";
    EVENTS: "It logs some of what it does. Which events does the contract want, and with what in them?",
            "src/event-contract.md", "Reasons";
    LOG: "Its log says one thing, and clients see another. When is the line written: before the swap or after?",
         "src/ch10-log-analysis.md", "A log is a claim";
    KEY_IN_LOG: "A line of its output holds what must stay secret. What do your errors repeat of a file that \
                 does not parse?", "src/event-contract.md", "Reasons";
    RESUMED: "A session outlived the trust on which it was founded. What has to go along with an authority?",
             "src/ch08-second-look.md", "One generation";
    RETURNING: "A session that is resumed shows no certificate. How long may it go on so?",
               "src/ch06-returning-clients.md", "A stamp in the session";
    START: "May a server begin before its first certificate?",
           "src/ch02-hot-reload.md", "The process now owns a lifecycle";
    LIFECYCLE: "A process that lives longer pays longer. What does each generation leave behind?",
               "src/ch02-hot-reload.md", "Two generations are alive at once";
    TRUST: "The list of authorities is a file like the others, and less on it locks clients out. \
            When do you believe it?", "src/ch08-trust-rotation.md", "Files ask, the server answers";
}

/// What the course does not ask, and the book has.
pub const ON: &[Hint] = &[
    Hint {
        words: "How do connections that live for weeks learn of a new certificate?",
        page: "src/ch06-in-flight-requests.md",
        heading: "Retirement",
    },
    Hint {
        words: "What do you do when nothing new comes, and the last good one ends at noon?",
        page: "src/ch07-graceful-degradation.md",
        heading: "A budget, not a date",
    },
    Hint {
        words: "How is the authority itself replaced?",
        page: "src/ch08-trust-rotation.md",
        heading: "A root has four stages",
    },
    Hint {
        words: "What does somebody on call ask your log?",
        page: "src/ch10-log-analysis.md",
        heading: "What a person on call asks",
    },
];
