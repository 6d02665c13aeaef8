//! A report with its place in time, and why several of them do not make one.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::report::Report;

/// Runs further apart than this did not load the same server at the same time. Clocks of machines
/// that keep time by NTP differ by far less.
const APART: i128 = 60 * 1_000_000_000;

/// Why reports are not of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeError(String);

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these reports do not make one: {}", self.0)
    }
}

impl std::error::Error for MergeError {}

impl From<MergeError> for io::Error {
    fn from(apart: MergeError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, apart)
    }
}

pub(super) fn cannot<T>(error: impl Into<String>) -> Result<T, MergeError> {
    Err(MergeError(error.into()))
}

/// A report with its place in time, in nanoseconds since 1970.
pub(super) struct Run {
    pub(super) began: i128,
    pub(super) ended: i128,
    pub(super) report: Report,
}

impl Run {
    pub(super) fn of(report: Report) -> Result<Self, MergeError> {
        let Ok(moment) = OffsetDateTime::parse(&report.began, &Rfc3339) else {
            return cannot(format!("one began at `{}`, which is no date", report.began));
        };
        let began = moment.unix_timestamp_nanos();
        let ended = began + nanos(report.seconds * 1e3);
        Ok(Self {
            began,
            ended,
            report,
        })
    }

    /// A moment of this run, in nanoseconds since 1970.
    pub(super) fn at(&self, ms: f64) -> i128 {
        self.began + nanos(ms)
    }
}

// Whole nanoseconds, so that adding a thousand of them in any order gives the same.
pub(super) fn nanos(ms: f64) -> i128 {
    (ms * 1e6).round() as i128
}

pub(super) fn since(zero: i128, moment: i128) -> f64 {
    (moment - zero) as f64 / 1e6
}

/// When the first of them began. Each must have begun before the others had ended.
pub(super) fn at_one_time(runs: &[Run]) -> Result<i128, MergeError> {
    let mut until = runs[0].ended;
    for run in runs {
        if run.began > until + APART {
            return cannot(format!(
                "they are of different times: one began at {}, {} s after those before it had ended",
                run.report.began,
                (run.began - until) / 1_000_000_000
            ));
        }
        until = until.max(run.ended);
    }
    Ok(runs[0].began)
}

/// Different texts, each once, in the order of the alphabet.
pub(super) fn united<'a>(texts: impl Iterator<Item = &'a str>, separator: &str) -> String {
    let parts: BTreeSet<&str> = texts.flat_map(|text| text.split(separator)).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(separator)
}
