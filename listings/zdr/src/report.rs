//! The report: what was measured, and what follows from it. `file` reads and writes it as JSON; `text`
//! shows it in a terminal, `page` and `plot` in a browser, `junit` to a build server, `github` to its
//! workflows, `prometheus` to a monitor, `badge` to a README; `format` has the notation of figures;
//! `latency`, `slices` and `times` add figures up, `at_risk` says what of them rotations can have hurt,
//! `weigh` which findings count, `cause` what explains them, `reproduce` how to see that.
//!
//! Uses the names of [`gate`](crate::gate), and of chapter 11 attempts, phases, shares and the bound.

pub mod at_risk;
pub mod badge;
pub mod book;
mod case;
pub mod cause;
pub(crate) mod coverage;
pub mod file;
pub mod finding;
pub mod format;
pub mod github;
pub(crate) mod headline;
pub mod junit;
pub mod latency;
pub mod news;
pub mod page;
pub mod plot;
mod possible;
pub mod prometheus;
pub mod reach;
pub mod reproduce;
pub mod slices;
pub mod standing;
pub mod text;
pub mod times;
pub mod waiver;
mod weigh;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::attempt::Phase;
use crate::attempt::{Class, FailureKind};
pub use crate::gate::code::Code;
use crate::gate::level::Level;
use crate::report::at_risk::AtRisk;
use crate::report::book::Book;
use crate::report::cause::Cause;
pub use crate::report::finding::{Evidence, Finding, Severity, Status};
use crate::report::reach::Reach;
use crate::report::waiver::WaiverReport;

/// The version of this format. A change of meaning raises it, and a new field: an older `zdr` would not
/// know that.
pub const FORMAT: u32 = 4;

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
    /// How long clients came, in seconds. Scenarios come after that, and are not in it.
    pub seconds: f64,
    /// How many load generators measured. More than one in a merged report.
    pub generators: u32,
    /// What was asked for.
    pub plan: Plan,
    /// In one sentence.
    pub verdict: Verdict,
    /// What was found, the worst first. Empty where all is well.
    pub findings: Vec<Finding>,
    /// What explains the failures among the findings, the most harmful first. Since format 4.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// What the TOML file allows, and what became of it. Since format 4.
    #[serde(default)]
    pub waivers: Vec<WaiverReport>,
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
    /// Where the book is served, for links to it. Since format 4.
    #[serde(default)]
    pub book: Option<Book>,
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
    /// How a client reaches it, for commands that show what was found. Since format 4.
    #[serde(default)]
    pub reach: Option<Reach>,
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
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The level that the verdict speaks of. Since format 4; before, it was `all`.
    #[serde(default)]
    pub require: Level,
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
    /// Scenarios that the level requires and this server can be put to, and that were not asked for.
    /// Since format 4.
    #[serde(default)]
    pub scenarios_left_out: Vec<String>,
    /// From files and signal to the new certificate, in milliseconds, at most.
    pub reload_within_ms: u64,
    /// For how long old and new may be shown side by side, in milliseconds.
    pub overlap_ms: u64,
}

/// The verdict. Its default is of a run of which nothing is known.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Whether no failure counts, and the run was not interrupted.
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
    /// Connections that ended as they should: asked to leave, idle, or as the server ends each by itself.
    #[serde(rename = "goodbyes")]
    pub graceful_closes: u64,
    /// The age at which the server ends conversations by itself, in milliseconds, where some of this class had come to
    /// it. Since format 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_age_ms: Option<f64>,
    /// After how many steps the server ends conversations by itself, whatever their age, where some of this class had come
    /// to that. Since format 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_steps: Option<u32>,
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
    /// When the first of them ended, in milliseconds of the run. `None` in a report of an earlier format.
    /// Since format 4.
    #[serde(default)]
    pub first_ms: Option<f64>,
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
    /// The lowest level that requires it. Since format 4; before, there was `all` alone.
    #[serde(default)]
    pub level: Level,
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
