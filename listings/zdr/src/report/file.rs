//! A report as a file: JSON with one line for each finding, class, rotation and slice, so that two
//! of them can be looked at with `diff`, and a mistake has a line.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::report::{FORMAT, Report};

/// Why a file is no report, or did not become one.
#[derive(Debug)]
pub struct ReportError {
    file: PathBuf,
    line: Option<usize>,
    what: String,
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ReportError {}

impl From<ReportError> for io::Error {
    fn from(unfit: ReportError) -> Self {
        Self::new(io::ErrorKind::InvalidData, unfit)
    }
}

/// What every version of the format holds.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// With the file, the line, and what is wrong there.
    pub fn read(file: &Path) -> Result<Self, ReportError> {
        let unfit = |line, what| ReportError {
            file: file.to_owned(),
            line,
            what,
        };
        let text = fs::read_to_string(file).map_err(|error| unfit(None, error.to_string()))?;
        let wrong = |error: serde_json::Error| {
            let line = (error.line() > 0).then(|| error.line());
            unfit(line, format!("this is no report: {}", said(&error)))
        };
        let head: Head = serde_json::from_str(&text).map_err(wrong)?;
        if head.format != FORMAT {
            return Err(unfit(
                None,
                format!(
                    "a report of format {}, and this zdr knows format {FORMAT} only: \
                     use the zdr that wrote it",
                    head.format
                ),
            ));
        }
        let report: Self = serde_json::from_str(&text).map_err(wrong)?;
        possible(&report).map_err(|what| unfit(None, format!("this is no report: {what}")))?;
        Ok(report)
    }

    /// Writes a report whole or not at all: beside the file first, then over it in one step. What is
    /// no file, such as `/dev/stdout`, is written to as it is.
    ///
    /// # Errors
    /// With the file. What was there before is there still.
    pub fn write(&self, file: &Path) -> Result<(), ReportError> {
        write_whole(file, self.json().as_bytes()).map_err(|error| ReportError {
            file: file.to_owned(),
            line: None,
            what: format!("the report was not written: {error}"),
        })
    }

    /// The JSON Schema of reports.
    pub fn schema() -> String {
        let schema = schemars::schema_for!(Self);
        let text = serde_json::to_string_pretty(&schema);
        text.unwrap_or_default() + "\n"
    }

    /// The report as JSON.
    pub fn json(&self) -> String {
        // Keys are strings and floats that are no numbers become null: nothing can fail.
        let whole = serde_json::to_value(self).unwrap_or_default();
        let mut text = String::from("{\n");
        let fields = whole.as_object().into_iter().flatten();
        let fields: Vec<String> = fields.map(|(name, value)| field(name, value)).collect();
        text += &fields.join(",\n");
        text += "\n}\n";
        text
    }
}

/// More attempts than this, or bytes, or milliseconds, no run has seen. What is within can be added,
/// of as many reports as anybody has, and none of the sums goes over.
const MOST: u64 = 1_000_000_000_000_000;

/// Whether the figures can be those of a run. The types leave more room.
fn possible(report: &Report) -> Result<(), String> {
    let count = |what: &str, count: u64| match count {
        ..=MOST => Ok(()),
        _ => Err(format!("{what}: {count} is too many")),
    };
    let moment = |what: &str, ms: f64| {
        let possible = ms.is_finite() && ms.abs() <= MOST as f64;
        possible
            .then_some(())
            .ok_or_else(|| format!("{what}: {ms} ms is no time of a run"))
    };
    moment("seconds", report.seconds * 1e3)?;
    if report.seconds < 0.0 {
        return Err(format!("seconds: {} is before it began", report.seconds));
    }
    count("generators", u64::from(report.generators) * 1_000_000_000)?;
    count("plan.interval_ms", report.plan.interval_ms)?;
    count("plan.reload_within_ms", report.plan.reload_within_ms)?;
    count("plan.overlap_ms", report.plan.overlap_ms)?;
    for class in &report.classes {
        count("attempts", class.attempts)?;
        count("goodbyes", class.graceful_closes)?;
        let phases = class
            .phases
            .values()
            .map(|phase| (phase.failed, phase.attempts));
        for (failed, attempts) in phases.chain([(class.failed, class.attempts)]) {
            if failed > attempts {
                return Err(format!("{}: {failed} of {attempts} failed", class.class));
            }
        }
        for failures in &class.failures {
            count("failures", failures.count)?;
        }
        for phase in class.phases.values() {
            count("attempts", phase.attempts)?;
            count("opened", phase.opened)?;
            count("resumed", phase.resumed)?;
            let counts = &phase.latency.counts;
            let all = counts
                .iter()
                .try_fold(0_u64, |all, (_, n)| all.checked_add(*n));
            count("latency.counts", all.unwrap_or(u64::MAX))?;
        }
    }
    for rotation in &report.rotations {
        moment("began_ms", rotation.began_ms)?;
        moment("told_ms", rotation.notified_ms)?;
        moment("first_new_ms", rotation.first_new_ms.unwrap_or(0.0))?;
        moment("last_old_ms", rotation.last_old_ms.unwrap_or(0.0))?;
        moment("overlap_ms", rotation.overlap_ms)?;
        moment("settled_ms", rotation.converged_ms.unwrap_or(0.0))?;
    }
    for scenario in &report.scenarios {
        count("attempts", scenario.attempts)?;
        count("failed", scenario.failed)?;
        moment("recovered_ms", scenario.recovered_ms.unwrap_or(0.0))?;
    }
    if let Some(resources) = &report.resources {
        count("memory_before", resources.memory_before)?;
        count("memory_after", resources.memory_after)?;
        count("processes_before", resources.processes_before as u64)?;
        count("processes_after", resources.processes_after as u64)?;
        count("connections_held", resources.connections_held as u64)?;
    }
    for slice in &report.timeline {
        moment("at_ms", slice.at_ms)?;
        for sum in slice.attempts.values().chain(slice.failed.values()) {
            count("attempts", *sum)?;
        }
        for sum in slice.shown.values() {
            count("shown", *sum)?;
        }
    }
    Ok(())
}

fn field(name: &str, value: &Value) -> String {
    match value.as_array() {
        Some(rows) if !rows.is_empty() => {
            let rows: Vec<String> = rows.iter().map(|row| format!("    {row}")).collect();
            format!("  \"{name}\": [\n{}\n  ]", rows.join(",\n"))
        }
        _ => format!("  \"{name}\": {value}"),
    }
}

/// What is wrong, without the place: that stands before it.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) if error.line() > 0 => text[..end].to_owned(),
        _ => text,
    }
}

/// Writes a file so that no reader ever finds a part of it.
///
/// # Errors
/// When there is no room, no permission, or no such folder.
pub fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    // Through a symlink, to the file that it names: a rename would replace the link.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        let mut device = fs::OpenOptions::new().write(true).open(&target)?;
        return device.write_all(bytes);
    }
    let folder = target.parent().filter(|folder| *folder != Path::new(""));
    let mut beside = tempfile::Builder::new()
        .prefix(".zdr-")
        // The mask of the process applies, as it does to any file that a program creates.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(&target)?;
    Ok(())
}
