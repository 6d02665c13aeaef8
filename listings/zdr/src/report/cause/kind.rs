//! What can be wrong with a server, and what to do about it.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gate::code::Code;
use crate::gate::scenario::Scenario;

/// What is wrong, the most harmful first. The set is closed: scripts may match on it.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Eq,
    JsonSchema,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// Bytes of a private key are in its output.
    KeyExposed,
    /// It accepts clients that it must reject.
    LetsIn,
    /// Its answers hold wrong bytes.
    WrongBytes,
    /// Its process ends.
    Ends,
    /// It refuses clients while it reloads.
    RefusesClients,
    /// It answers, and fails handshakes while its files change.
    FailsHandshakes,
    /// After a reload it refuses some clients, keeps them on the old certificate, or gives them less than others.
    ForgetsSettings,
    /// It cuts connections when it reloads.
    CutsConnections,
    /// It answers requests with errors when it reloads.
    AnswersErrors,
    /// It shows invalid certificates while valid files rotate.
    ShowsInvalid,
    /// It does not show the new certificate.
    NeverShowsNew,
    /// It shows old certificates beside the new one, or after it.
    ShowsOld,
    /// It loses its last valid identity when files are damaged.
    LosesLastGood,
    /// It does not come back once its files are valid again.
    DoesNotRecover,
    /// It reads files that are still being written, or stops following them.
    ReadsTooEarly,
    /// It overlooks valid renewals.
    OverlooksRenewals,
    /// It misses files that appear or change around its start.
    MissesStart,
    /// Handshakes or reloads wait for something that may never come.
    Waits,
    /// It does not follow changes to the list of its clients' authorities.
    FollowsNoTrust,
    /// It publishes complete files that no client accepts.
    DoesNotValidate,
    /// Its log and its handshakes disagree.
    LogLies,
}

/// A cause in words.
pub(crate) struct About {
    /// What is wrong.
    pub(crate) what: &'static str,
    /// What to do.
    pub(crate) advice: &'static str,
    /// The page that is about it, and the heading.
    pub(crate) page: &'static str,
}

impl CauseKind {
    /// What a failure of this code, in this scenario, comes from, taken by itself.
    pub(crate) fn of(code: Code, scenario: &str) -> Self {
        match code {
            Code::KeyInLog => Self::KeyExposed,
            Code::LetIn | Code::ResumedWithoutTrust => Self::LetsIn,
            Code::Corrupt => Self::WrongBytes,
            Code::Stopped => Self::Ends,
            Code::LogLies | Code::LogIncomplete => Self::LogLies,
            Code::Severed | Code::RequestsFailed => Self::CutsConnections,
            Code::WentBack | Code::WorkersDisagree => Self::ShowsOld,
            code => match <Scenario as ValueEnum>::from_str(scenario, false) {
                Ok(scenario) => Self::of_scenario(code, scenario),
                Err(_) => Self::of_rotation(code),
            },
        }
    }

    fn of_scenario(code: Code, scenario: Scenario) -> Self {
        match scenario {
            // The files were still valid: the rotation before the scenario is the one that was not shown.
            _ if code == Code::NotPickedUp && scenario.sabotage().is_some() => {
                Self::OverlooksRenewals
            }
            Scenario::Expired
            | Scenario::NotYetValid
            | Scenario::WrongName
            | Scenario::WrongCa
            | Scenario::Shrunk
                if code != Code::NotRecovered =>
            {
                Self::DoesNotValidate
            }
            _ if code == Code::NotRecovered => Self::DoesNotRecover,
            Scenario::SlowWrite | Scenario::RemoveCreate => Self::ReadsTooEarly,
            Scenario::AbsentAtStart | Scenario::ChangedAtStart => Self::MissesStart,
            Scenario::Stalled | Scenario::HalfOpen => Self::Waits,
            Scenario::TrustAdded | Scenario::TrustRemoved | Scenario::TrustHalfWritten => {
                Self::FollowsNoTrust
            }
            // What was valid is still there: others were served meanwhile, or it had come again.
            _ if code == Code::HandshakesFailed => Self::of_rotation(code),
            _ if scenario.sabotage().is_some() => Self::LosesLastGood,
            _ if code == Code::NotPickedUp => Self::OverlooksRenewals,
            _ => Self::of_rotation(code),
        }
    }

    fn of_rotation(code: Code) -> Self {
        match code {
            Code::UnfitShown | Code::WrongChain => Self::ShowsInvalid,
            Code::NotPickedUp | Code::NotRecovered => Self::NeverShowsNew,
            Code::TurnedAway => Self::FollowsNoTrust,
            Code::DidNotStart => Self::MissesStart,
            _ => Self::RefusesClients,
        }
    }

    /// Whether it is a breach of security or of data: worse than any time without service.
    pub(crate) fn is_breach(self) -> bool {
        matches!(self, Self::KeyExposed | Self::LetsIn | Self::WrongBytes)
    }

    /// In words.
    pub(crate) fn about(self) -> About {
        let (what, advice, page) = match self {
            Self::KeyExposed | Self::LetsIn | Self::WrongBytes => self.breach(),
            Self::Ends
            | Self::RefusesClients
            | Self::FailsHandshakes
            | Self::ForgetsSettings
            | Self::CutsConnections
            | Self::AnswersErrors
            | Self::ShowsInvalid
            | Self::NeverShowsNew
            | Self::ShowsOld => self.daily(),
            _ => self.on_purpose(),
        };
        About { what, advice, page }
    }

    fn breach(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::KeyExposed => (
                "Bytes of a private key are in its output.",
                "Log the file's name and a reason from a closed list, but no part of its content. A key \
                 that was logged has leaked: replace it.",
                "event-contract.md#reasons",
            ),
            Self::LetsIn => (
                "It accepts clients that it must reject.",
                "Swap the clients' authorities together with the identity, so that each configuration asks for \
                 a certificate, and end the sessions that depend on a removed authority.",
                "ch08-second-look.md#one-generation",
            ),
            _ => (
                "Its answers hold wrong bytes.",
                "A reload replaces something that answers in progress still use. Let each answer keep the \
                 data that it began with until it ends.",
                "ch06-in-flight-requests.md#how-it-works",
            ),
        }
    }

    fn daily(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ends => (
                "Its process ends.",
                "Treat a file that cannot be used as a fault of that file: log it, go on with the last valid \
                 identity, and look again. If it ends while valid files rotate, look for what a reload frees \
                 although connections still use it.",
                "ch07-graceful-degradation.md#last-known-good",
            ),
            Self::RefusesClients => (
                "It refuses clients while it reloads.",
                "Keep the listener, and swap the identity that the next handshake uses. If the process has to be \
                 replaced, hand its socket to the new process before the old one ends.",
                "ch02-hot-reload.md#how-it-works",
            ),
            Self::FailsHandshakes => (
                "It fails handshakes while its files change.",
                "It listens, and has no pair to answer with. Read chain and key as one set before a handshake needs \
                 them, publish both in one swap, and keep the ones before until then. If what came is not TLS, it goes \
                 on in the clear: refuse a configuration without a pair.",
                "ch05-race-conditions.md#two-looks-that-agree",
            ),
            Self::ForgetsSettings => (
                "After a reload it refuses some clients, keeps them on the old certificate, or gives them less than \
                 before.",
                "Build every configuration with the same code: versions of TLS, protocols (ALPN), names and defaults \
                 are part of it, and the certificate is all that a reload changes, in each of them.",
                "ch08-second-look.md#one-policy",
            ),
            Self::CutsConnections => (
                "It cuts connections when it reloads.",
                "Let open connections keep the generation that they began with. Ask them to leave \
                 (Connection: close, GOAWAY), and wait for the answer in progress.",
                "ch06-in-flight-requests.md#how-it-works",
            ),
            Self::AnswersErrors => (
                "It answers requests with errors when it reloads.",
                "Switch to the new configuration only when everything that it needs is loaded (pages, routes, \
                 servers behind it), and let requests in progress end with the old one.",
                "ch06-in-flight-requests.md#how-it-works",
            ),
            Self::ShowsInvalid => (
                "It shows invalid certificates while valid files rotate.",
                "Read the whole chain and its key as one set, compare the key with the certificate, and publish both in \
                 one swap. No client can verify a leaf that comes without its intermediate.",
                "ch05-race-conditions.md#two-looks-that-agree",
            ),
            Self::NeverShowsNew => (
                "It does not show the new certificate.",
                "Watch the directory rather than the file, resolve the path again at each look, and poll \
                 as well. If a command reloads the server, check with a handshake that it did.",
                "ch03-handshake-hook.md#the-watch-is-a-hint-the-poll-is-the-truth",
            ),
            _ => (
                "It shows old certificates beside the new one, or after it.",
                "Number the generations and never publish a lower one. A reload is done when all workers have swapped.",
                "ch06-in-flight-requests.md#workers-that-disagree",
            ),
        }
    }

    fn on_purpose(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::LosesLastGood => (
                "It loses its last valid identity when files are damaged.",
                "Read, validate, then publish. Keep the old identity until a better one is there.",
                "ch07-graceful-degradation.md#last-known-good",
            ),
            Self::DoesNotRecover => (
                "It does not come back by itself once its files are valid again.",
                "Go on looking after an error. A watch or a task that ends with the first bad file never sees \
                 the good one.",
                "ch07-graceful-degradation.md#last-known-good",
            ),
            Self::ReadsTooEarly => (
                "It reads files that are still being written, or stops following them.",
                "Publish only what two looks in a row agree on, and look again after each error and each removal.",
                "ch05-race-conditions.md#two-looks-that-agree",
            ),
            Self::OverlooksRenewals => (
                "It overlooks valid renewals.",
                "Compare the content (a hash over chain and key) rather than dates, inodes, leaves or issuers. Load it \
                 into a new context: one that is in use keeps its certificate for another kind of key.",
                "ch03-handshake-hook.md#the-watch-is-a-hint-the-poll-is-the-truth",
            ),
            Self::MissesStart => (
                "It misses files that appear or change around its start.",
                "Look again when the watch is in place, and go on looking if there were no files.",
                "ch03-handshake-hook.md#the-watch-is-a-hint-the-poll-is-the-truth",
            ),
            Self::Waits => (
                "Handshakes or reloads wait for something that may never come.",
                "Answer handshakes from memory, read files in a separate task, go on taking clients while open answers \
                 come to their end, and limit every wait.",
                "ch03-handshake-hook.md#the-way-it-naturally-goes-wrong",
            ),
            Self::FollowsNoTrust => (
                "It does not follow changes to the list of its clients' authorities.",
                "Treat the list as a file like the others: reload it, and believe a removal only when the file \
                 has stopped changing.",
                "ch08-trust-rotation.md#files-ask-the-server-answers",
            ),
            Self::DoesNotValidate => (
                "It publishes complete files that no client accepts.",
                "Check what clients check before publishing: dates, name, chain, and that nothing was lost since \
                 the last identity. If the server cannot do that, check the files before they are written.",
                "ch02-hot-reload.md#reload",
            ),
            _ => (
                "Its log and its handshakes disagree.",
                "Write the line after the swap, with the serial that was published.",
                "ch10-log-analysis.md#a-log-is-a-claim",
            ),
        }
    }
}
