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
    /// It lets clients in that it must turn away.
    LetsIn,
    /// Its answers hold wrong bytes.
    WrongBytes,
    /// Its process ends.
    Ends,
    /// It refuses clients while it reloads.
    RefusesClients,
    /// It cuts connections when it reloads.
    CutsConnections,
    /// It shows invalid certificates while valid files rotate.
    ShowsInvalid,
    /// It does not show the new certificate.
    NeverShowsNew,
    /// It shows old certificates beside the new one, or after it.
    ShowsOld,
    /// Damaged files cost it its last valid identity.
    LosesLastGood,
    /// It does not come back once its files are valid again.
    DoesNotRecover,
    /// It reads files that are still being written, or loses sight of them.
    ReadsTooEarly,
    /// It takes valid renewals for no change.
    OverlooksRenewals,
    /// It misses files that come, or change, around its start.
    MissesStart,
    /// Handshakes or reloads wait for what may never come.
    Waits,
    /// It does not follow the list of its clients' authorities.
    FollowsNoTrust,
    /// It shows whole files that no client accepts.
    DoesNotValidate,
    /// Its log tells something else than its handshakes.
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
            | Self::CutsConnections
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
                "Log the name of the file and a reason from a closed list, and no part of its content. A key \
                 that was logged has leaked: replace it.",
                "event-contract.md#reasons",
            ),
            Self::LetsIn => (
                "It lets clients in that it must turn away.",
                "Swap the clients' authorities together with the identity, so that each configuration asks for \
                 a certificate, and end the sessions that rest on what was removed.",
                "ch08-second-look.md#one-generation",
            ),
            _ => (
                "Its answers hold wrong bytes.",
                "A reload replaces something that answers in progress still use. Give each answer what it began \
                 with until it ends.",
                "ch06-in-flight-requests.md#how-it-works",
            ),
        }
    }

    fn daily(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ends => (
                "Its process ends.",
                "Treat a file that cannot be used as a fault of that file: log it, go on with the last valid \
                 identity, and look again.",
                "ch07-graceful-degradation.md#last-known-good",
            ),
            Self::RefusesClients => (
                "It refuses clients while it reloads.",
                "Keep the listener and swap what the next handshake picks up. If the process has to be replaced, \
                 hand its socket to the successor before it goes.",
                "ch02-hot-reload.md#how-it-works",
            ),
            Self::CutsConnections => (
                "It cuts connections when it reloads.",
                "Let open connections keep the generation that they began with. Ask them to leave \
                 (Connection: close, GOAWAY), and wait for the answer in progress.",
                "ch06-in-flight-requests.md#how-it-works",
            ),
            Self::ShowsInvalid => (
                "It shows invalid certificates while valid files rotate.",
                "Read chain and key as one set, compare the key with the certificate, and publish both in one \
                 swap.",
                "ch05-race-conditions.md#two-looks-that-agree",
            ),
            Self::NeverShowsNew => (
                "It does not show the new certificate.",
                "Watch the directory rather than the file, follow the path anew at each look, and poll behind \
                 the watch. If a command reloads it, ask a handshake whether it did.",
                "ch03-handshake-hook.md#the-watch-is-a-hint-the-poll-is-the-truth",
            ),
            _ => (
                "It shows old certificates beside the new one, or after it.",
                "Number the generations and never publish a lower one, and swap in all workers before the reload \
                 counts as done.",
                "ch06-in-flight-requests.md#workers-that-disagree",
            ),
        }
    }

    fn on_purpose(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::LosesLastGood => (
                "Damaged files cost it its last valid identity.",
                "Read, validate, then publish. Let go of nothing before something better is there.",
                "ch07-graceful-degradation.md#last-known-good",
            ),
            Self::DoesNotRecover => (
                "It does not come back by itself once its files are valid again.",
                "Go on looking after an error. A watch or a task that ends with the first bad file never sees \
                 the good one.",
                "ch07-graceful-degradation.md#last-known-good",
            ),
            Self::ReadsTooEarly => (
                "It reads files that are still being written, or loses sight of them.",
                "Publish only what two looks in a row agree on, and look again after each error and each removal.",
                "ch05-race-conditions.md#two-looks-that-agree",
            ),
            Self::OverlooksRenewals => (
                "It takes valid renewals for no change.",
                "Compare contents, by a hash over chain and key, rather than dates, inodes, leaves or issuers.",
                "ch03-handshake-hook.md#the-watch-is-a-hint-the-poll-is-the-truth",
            ),
            Self::MissesStart => (
                "It misses files that come, or change, around its start.",
                "Look again once the watch is there, and go on looking if nothing was there.",
                "ch03-handshake-hook.md#the-watch-is-a-hint-the-poll-is-the-truth",
            ),
            Self::Waits => (
                "Handshakes or reloads wait for what may never come.",
                "Answer handshakes from memory, read files in a task of its own, and give every wait a bound.",
                "ch03-handshake-hook.md#the-way-it-naturally-goes-wrong",
            ),
            Self::FollowsNoTrust => (
                "It does not follow the list of its clients' authorities.",
                "Treat the list as a file like the others: reload it, and believe a removal only once it is \
                 stable.",
                "ch08-trust-rotation.md#files-ask-the-server-answers",
            ),
            Self::DoesNotValidate => (
                "It shows whole files that no client accepts.",
                "Ask its clients' questions before publishing: dates, name, chain, nothing lost since the last \
                 one. If the server cannot, ask them before the files are written.",
                "ch02-hot-reload.md#reload",
            ),
            _ => (
                "Its log tells something else than its handshakes.",
                "Write the line after the swap, with the serial that was published.",
                "ch10-log-analysis.md#a-log-is-a-claim",
            ),
        }
    }
}
