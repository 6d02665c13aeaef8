//! What the course teaches: its stages, and the pages that help.

use serde::{Deserialize, Serialize};

use crate::attempt::FailureKind;
use crate::gate::scenario::Scenario;
use crate::judge::findings::since;
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
                Scenario::TornKinds,
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
            Self::Serves => {
                "The server is started. Clients shake hands and download. Nothing is rotated."
            }
            Self::Rotates => {
                "The files are replaced while clients connect and downloads run: first each file in one \
                 piece, then by a writer that pauses in the middle of each file. No handshake may fail, and \
                 nothing may be cut."
            }
            Self::ByAnyWriter => {
                "The same, with each tool and strategy of chapter 9 that can write such files. Each rotates \
                 more than once, because some servers notice only the first rename."
            }
            Self::Refuses => {
                "Invalid files are written. The server must go on with the last valid ones, and load the next \
                 valid ones by itself."
            }
            Self::CannotBeRaced => {
                "Files change at bad moments: before the server starts, while it starts, five times in a row. \
                 They are missing for a while, have an old date or the same leaf, or hang when they are read."
            }
            Self::SaysWhatItDoes => {
                "The server's log is compared with what clients were shown: it must have an event for each \
                 identity that was shown and a reason for each that was rejected, and no line may hold a \
                 key."
            }
            Self::KnowsItsClients => {
                "The list of authorities for clients gains one, loses one, and is written slowly. Clients of a \
                 listed authority must be accepted, and all others rejected."
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
            (Self::Rotates, Code::NotPickedUp) if finding.words.contains(&since(1)) => &NOT_SEEN,
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
        | Code::ConnectionsLeft
        | Code::ProcessorGrows
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
    SERVE: "Before a server can rotate, it has to serve: one chain, one key, the answer that clients ask for, \
            and a line in its output when it listens.", "src/capstone.md", "What it has to do";
    PROCESS: "Something ended together with the old certificate. Which of these must outlive a certificate: the \
              process, the listener, the connections?", "src/ch02-hot-reload.md", "How it works";
    NOT_SEEN: "The files are new, but handshakes show the old certificate. In a handshake, which code asks for the \
               certificate, and which code answers?", "src/ch03-handshake-hook.md", "How it works";
    CLIENT_AUTH: "The old configuration asked clients for a certificate, and the new one does not. What belongs to a \
                  generation besides its certificate?",
                 "src/ch04-dynamic-contexts.md", "Symptom: client authentication is gone after a reload";
    HALF_WRITTEN: "The writer replaces two files, one after the other, and does not say when it has finished. How can a \
                   reader find out?", "src/ch05-race-conditions.md", "Two looks that agree";
    WORKERS: "A part of the server has the new certificate, and a part has the old one. How many copies of the \
              certificate does the server keep?",
             "src/ch06-in-flight-requests.md", "Workers that disagree";
    WATCH: "The server saw some changes and missed others. What does your watch follow: a name, or the file that \
            had this name at the start?",
           "src/ch05-race-conditions.md", "Who wakes the reader";
    STABLE: "Writers replace the two files in different orders, and stop between any two steps. Which orders does \
             your server expect?",
            "src/ch09-simulating-rotation.md", "A tool is an order of steps";
    WATCH_ENDED: "After the first invalid file, the server no longer looks at its files. Which task looks again, and what \
                  can end it?",
             "src/ch07-graceful-degradation.md", "Last known good";
    LAST_GOOD: "The server gave up the old identity before it had a valid new one. In which order does it read, \
                validate and publish?", "src/ch07-graceful-degradation.md", "Last known good";
    LESS: "The new chain parses, but has fewer certificates than the old one. How can a reader tell a chain that \
           was shortened on purpose from one that was cut?", "src/ch05-whole-sets.md", "Less than before";
    VALIDATE: "The server published a certificate that its clients reject. Which of the clients' checks can it make \
              before it publishes?",
              "src/ch02-hot-reload.md", "Reload";
    NO_FILES: "Handshakes waited for a file. What does a handshake need that the server does not keep in memory?",
              "src/ch03-handshake-hook.md", "The way it naturally goes wrong";
    ORDER: "Two reloads ran at once, and the older files were published last. What puts reloads in order?",
           "src/ch02-hot-reload.md", "Two generations are alive at once";
    HINT_ONLY: "The server was not notified, or was notified too early. Without a notification, what does it compare, \
                and how often?", "src/ch03-handshake-hook.md", "The watch is a hint, the poll is the truth";
    EVENTS: "Some of what the server does is not in its log. Which events does the contract require, and which \
             fields?",
            "src/event-contract.md", "Reasons";
    LOG: "The log says one thing, and clients are shown another. Does the server write the line before the swap \
          or after it?",
         "src/ch10-log-analysis.md", "A log is a claim";
    KEY_IN_LOG: "A line of the output holds bytes of a private key. When a file does not parse, which part of it do \
                 your error messages repeat?", "src/event-contract.md", "Reasons";
    RESUMED: "A client resumed a session although its authority had been removed. What else must be removed together \
              with an authority?",
             "src/ch08-second-look.md", "One generation";
    RETURNING: "In a resumed session no certificate is shown. For how long may clients resume without a full handshake?",
               "src/ch06-returning-clients.md", "A stamp in the session";
    START: "Should a server wait if its first certificate is not there yet?",
           "src/ch02-hot-reload.md", "The process now owns a lifecycle";
    LIFECYCLE: "A process that is never restarted keeps all that it does not free. What does each generation leave \
                behind?",
               "src/ch02-hot-reload.md", "Two generations are alive at once";
    TRUST: "The list of authorities is a file like the others, and each authority that is missing locks clients \
            out. When does your server accept a shorter list?", "src/ch08-trust-rotation.md", "Files ask, the server answers";
}

/// What the course does not ask, and the book has.
pub const ON: &[Hint] = &[
    Hint {
        words: "When does a connection that stays open for weeks get the new certificate?",
        page: "src/ch06-in-flight-requests.md",
        heading: "Retirement",
    },
    Hint {
        words: "What should a server do if no renewal comes, and its certificate expires at noon?",
        page: "src/ch07-graceful-degradation.md",
        heading: "A budget, not a date",
    },
    Hint {
        words: "How is the authority itself replaced?",
        page: "src/ch08-trust-rotation.md",
        heading: "A root has four stages",
    },
    Hint {
        words: "Which questions does a person on call ask the log?",
        page: "src/ch10-log-analysis.md",
        heading: "What a person on call asks",
    },
];
