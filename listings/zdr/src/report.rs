//! The report: what was measured, and what follows from it. `file` reads and writes it as JSON; `text`
//! shows it in a terminal, `page` and `plot` in a browser; `format` has the notation of figures;
//! `latency`, `slices` and `times` add figures up, `at_risk` says what of them rotations can have hurt.
//!
//! Uses nothing of the other folders: of chapter 11, attempts, phases, shares and the bound.

pub mod at_risk;
pub(crate) mod coverage;
pub mod file;
pub mod format;
pub(crate) mod headline;
pub mod latency;
pub mod page;
pub mod plot;
mod possible;
pub mod slices;
pub mod text;
pub mod times;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::at_risk::AtRisk;
use ch11_verification::attempt::{Class, FailureKind};
pub use ch11_verification::phase::Phase;

/// The version of this format. A change of meaning raises it, and a new field: an older `zdr` would not
/// know that.
pub const FORMAT: u32 = 3;

/// The oldest that is read. What it lacks has a value that says so.
pub const OLDEST: u32 = 1;

/// Everything about one run of `zdr check`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of `zdr`.
    pub zdr: String,
    /// The server that was judged.
    pub server: Server,
    /// The machine, on which both ran unless the server was attached to.
    pub machine: Machine,
    /// When the run began, RFC 3339, UTC.
    pub began: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How many load generators measured. More than one in a merged report.
    pub generators: u32,
    /// What was asked for.
    pub plan: Plan,
    /// In one sentence.
    pub verdict: Verdict,
    /// What was found, the worst first. Empty where all is well.
    pub findings: Vec<Finding>,
    /// What each class of clients met.
    pub classes: Vec<ClassReport>,
    /// Each rotation.
    pub rotations: Vec<Rotation>,
    /// The scenarios, and what the server did in each.
    pub scenarios: Vec<ScenarioReport>,
    /// Memory and processes. `None` where the server's process is not known.
    pub resources: Option<Resources>,
    /// The run in slices of time, for the picture.
    pub timeline: Vec<Slice>,
    /// Why the run ended before its time. What was measured until then is here.
    pub interrupted: Option<String>,
}

/// The server that was judged.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// How it was started. Empty where it was attached to.
    pub command: Vec<String>,
    /// How it is notified of new files, in words.
    pub reload: String,
}

/// Where it was measured.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// How many processors may be used.
    pub cores: usize,
    /// Their model.
    pub processor: String,
    /// The operating system and its version.
    pub system: String,
}

/// What was asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// How many rotations under load.
    pub rotations: u32,
    /// From one to the next, in milliseconds.
    pub interval_ms: u64,
    /// How files are written.
    pub writer: String,
    /// Attempts a second of each class, but for those that last: there, how many at once.
    pub rates: BTreeMap<Class, f64>,
    /// Classes that the server could have been judged by, and was not. Since format 2.
    #[serde(default)]
    pub left_out: Vec<Class>,
    /// From files and signal to the new certificate, in milliseconds, at most.
    pub reload_within_ms: u64,
    /// For how long old and new may be shown side by side, in milliseconds.
    pub overlap_ms: u64,
}

/// The verdict.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Whether no finding is a failure.
    pub passed: bool,
    /// For people.
    pub words: String,
    /// What it says nothing about, a sentence each. Since format 2.
    #[serde(default)]
    pub not_covered: Vec<String>,
    /// What was at risk, of all classes together. `None` where nothing was measured. Since format 3.
    #[serde(default)]
    pub at_risk: Option<AtRisk>,
}

/// How bad a finding is.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The server does not rotate with zero downtime.
    Failure,
    /// It does, at a price that should be known.
    Warning,
}

/// What was found. The set is closed: scripts may match on it.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// It did not start, or not with valid files.
    DidNotStart,
    /// Its process ended.
    Stopped,
    /// Clients were refused, or their handshake failed.
    HandshakesFailed,
    /// Something was cut in the middle.
    Severed,
    /// Bytes were wrong.
    Corrupt,
    /// Requests failed though the connection held.
    RequestsFailed,
    /// A new certificate was never shown.
    NotPickedUp,
    /// An old certificate was shown after the new one, for good.
    WentBack,
    /// Old and new were shown side by side for too long.
    WorkersDisagree,
    /// Something was shown that was never issued so.
    WrongChain,
    /// More was sent with a leaf than was issued with it, and clients accept it.
    ChainHasMore,
    /// An invalid identity was shown: no client accepts it.
    UnfitShown,
    /// The last valid identity was lost when the files were invalid.
    LastGoodLost,
    /// It did not come back by itself once the files were valid again.
    NotRecovered,
    /// Clients without a certificate, or with one that is trusted no longer, were accepted.
    LetIn,
    /// Clients with a trusted certificate were rejected.
    TurnedAway,
    /// A client whose trust was taken away came back by resumption.
    ResumedWithoutTrust,
    /// Bytes of a private key in its output.
    KeyInLog,
    /// Its log claims what the wire does not show.
    LogLies,
    /// Its log does not tell what the wire shows.
    LogIncomplete,
    /// A slow or missing file made clients wait.
    HandshakeWaitsForFiles,
    /// Returning clients resume forever, and are shown an identity that is gone.
    ResumesForEver,
    /// Each rotation makes all clients pay for a full handshake.
    TicketsLost,
    /// Clients wait for much longer while a certificate is rotated.
    SlowWhileReloading,
    /// Its memory grows with each rotation.
    MemoryGrows,
    /// Processes stay behind.
    ProcessesLeft,
    /// Descriptors or threads stay behind.
    DescriptorsGrow,
    /// The load could not be made as planned: figures are not to be trusted.
    LoadFellBehind,
}

/// Something that was found.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Whether it fails the server or warns of a price.
    pub severity: Severity,
    /// What was found, for scripts.
    pub code: Code,
    /// The scenario in which it was found, or `rotation`.
    pub scenario: String,
    /// What it means, in a sentence, with figures.
    pub words: String,
    /// The entries of the book's failure catalogue that it may be.
    pub catalogue: Vec<u32>,
}

/// What a class of clients met.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClassReport {
    /// The class.
    pub class: Class,
    /// By phase.
    pub phases: BTreeMap<Phase, PhaseReport>,
    /// All attempts.
    pub attempts: u64,
    /// All failures.
    pub failed: u64,
    /// With 95 % confidence, not more than this share of attempts fails (Clopper and Pearson, one
    /// sided), if they fail independently of each other. It is above zero even where none failed. Most
    /// of them met no rotation: of rotations, `at_risk` tells.
    pub failed_below: f64,
    /// What of this rotations can have hurt. `None` in a report of an earlier format. Since format 3.
    #[serde(default)]
    pub at_risk: Option<AtRisk>,
    /// Failures by kind and phase.
    pub failures: Vec<Failures>,
    /// Connections that ended as they should: asked to leave, or idle.
    #[serde(rename = "goodbyes")]
    pub graceful_closes: u64,
}

/// Failures of one kind in one phase.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// How the attempts failed.
    pub kind: FailureKind,
    /// The phase in which they were due.
    pub phase: Phase,
    /// Number of attempts that failed so.
    pub count: u64,
    /// What the first of them said.
    pub example: String,
}

/// A phase of one class.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseReport {
    /// Attempts.
    pub attempts: u64,
    /// Failures.
    pub failed: u64,
    /// Connections opened.
    pub opened: u64,
    /// Of those, sessions that were resumed.
    pub resumed: u64,
    /// From the moment an attempt was due to its end, of those that succeeded.
    pub latency: Latency,
}

/// Latency in microseconds.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: u64,
    /// Nine of ten.
    pub p90: u64,
    /// 99 of 100.
    pub p99: u64,
    /// 999 of 1,000. The longest, where there are fewer.
    pub p999: u64,
    /// The longest.
    pub max: u64,
    /// The histogram itself: value in microseconds, and how many. Three digits are kept.
    pub counts: Vec<(u64, u64)>,
}

/// A rotation.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// From 1.
    pub number: u32,
    /// The serial of the new leaf, in hex.
    pub serial: String,
    /// When the agent began to write, in milliseconds of the run.
    pub began_ms: f64,
    /// When the files were there and the server had been notified.
    #[serde(rename = "told_ms")]
    pub notified_ms: f64,
    /// From then to the end of the first handshake that showed the new certificate.
    pub first_new_ms: Option<f64>,
    /// From then to the beginning of the last handshake that showed an older one. Negative where
    /// there was none after.
    pub last_old_ms: Option<f64>,
    /// For how long old and new were shown side by side.
    pub overlap_ms: f64,
    /// When each handshake showed the new one, in milliseconds of the run; `None` where that did
    /// not happen in time.
    #[serde(rename = "settled_ms")]
    pub converged_ms: Option<f64>,
    /// What the way of reloading complained of.
    pub complaint: Option<String>,
}

/// A scenario: what can go wrong, done to the server under load, and what came of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioReport {
    /// The name of the scenario, such as `torn`.
    pub name: String,
    /// What was done, in a sentence.
    pub what: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Attempts meanwhile.
    pub attempts: u64,
    /// Failures meanwhile.
    pub failed: u64,
    /// Whether clients were served all the time.
    pub kept_serving: bool,
    /// Whether nothing but a valid identity was shown.
    pub kept_last_good: bool,
    /// Whether it came back by itself, and how long it took in milliseconds.
    pub recovered_ms: Option<f64>,
}

/// What came of a scenario.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// There are findings.
    Failed,
    /// The server does not do what the scenario is about.
    NotApplicable,
}

/// Memory and processes of the server, with all that it started.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Before the first rotation, in bytes: each process's share (PSS).
    pub memory_before: u64,
    /// After the last one.
    pub memory_after: u64,
    /// Processes before.
    pub processes_before: usize,
    /// Processes after.
    pub processes_after: usize,
    /// How many connections were kept meanwhile.
    pub connections_held: usize,
    /// Descriptors and threads. `None` where they are not known. Since format 2.
    #[serde(default)]
    pub handles: Option<Handles>,
}

/// Descriptors and threads of the server, with all that it started.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Handles {
    /// Open descriptors before the first rotation, without those of its clients' connections.
    pub descriptors_before: usize,
    /// After the last one.
    pub descriptors_after: usize,
    /// Threads before.
    pub threads_before: usize,
    /// Threads after.
    pub threads_after: usize,
}

/// A slice of the run.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// When it began, in milliseconds of the run.
    pub at_ms: f64,
    /// Attempts that were due in it, by class.
    pub attempts: BTreeMap<Class, u64>,
    /// Those that failed.
    pub failed: BTreeMap<Class, u64>,
    /// The longest that one of them took, in microseconds, of those that succeeded.
    pub slowest_us: BTreeMap<Class, u64>,
    /// Full handshakes by the generation that they were shown.
    pub shown: BTreeMap<u32, u64>,
}
