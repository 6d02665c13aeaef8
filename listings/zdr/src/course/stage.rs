//! What came of a stage.

use std::io;

use ch09_simulating_rotation::Writer;
use serde::Serialize;

use super::lesson::{Hint, Lesson};
use crate::error::Error;
use crate::judge::findings::finding;
use crate::report::cause::{Cause, causes_of};
use crate::report::{Code, Finding, Report, Severity};

/// What came of a stage.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The next is open.
    Passed,
    /// There are findings.
    Failed,
    /// There was nothing to judge by. The next is open.
    NotJudged,
    /// One before has not been passed.
    Closed,
    /// The course began after it.
    NotTaken,
}

impl State {
    /// In words, for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "not passed",
            Self::NotJudged => "not judged",
            Self::Closed => "closed",
            Self::NotTaken => "not taken this time",
        }
    }
}

/// What came of a stage.
#[derive(Clone, Debug, Serialize)]
pub struct StageReport {
    /// The stage.
    pub lesson: Lesson,
    /// What came of it.
    pub state: State,
    /// Attempts of clients meanwhile.
    pub attempts: u64,
    /// Failures meanwhile.
    pub failed: u64,
    /// Rotations under load, not counting those of scenarios.
    pub rotations: u64,
    /// Scenarios that were run.
    pub scenarios: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// What the stage could not ask of this server.
    pub skipped: Vec<String>,
    /// Where to read on.
    pub page: Option<&'static str>,
    /// The heading there.
    pub heading: Option<&'static str>,
    /// What the stage is about cannot be seen of this server.
    #[serde(skip)]
    pub(super) unseen: bool,
    #[serde(skip)]
    pub(super) hint: Option<&'static Hint>,
}

impl StageReport {
    /// A stage that has not been taken.
    pub fn closed(lesson: Lesson) -> Self {
        Self {
            lesson,
            state: State::Closed,
            attempts: 0,
            failed: 0,
            rotations: 0,
            scenarios: 0,
            seconds: 0.0,
            findings: Vec::new(),
            skipped: Vec::new(),
            page: None,
            heading: None,
            unseen: false,
            hint: None,
        }
    }

    /// What explains these failures of the stage. Before anything is rotated it is one thing: what explains
    /// failures of a rotation would point elsewhere.
    pub(super) fn causes(&self, failures: &[Finding]) -> Vec<Cause> {
        let mut found = causes_of(failures);
        if self.lesson == Lesson::Serves && !found.is_empty() {
            let more = found.split_off(1);
            let first = &mut found[0];
            for other in more {
                first.findings.extend(other.findings);
                first.repeated.extend(other.repeated);
            }
            first.what =
                "It does not serve as the course asks, and nothing was rotated yet.".into();
            first.advice =
                "Start it outside of `zdr`, and let two clients at once ask it for an answer each."
                    .into();
        }
        found
    }

    /// Whether nothing has been found that this stage judges.
    pub(super) fn fine(&self) -> bool {
        !self.findings.iter().any(|finding| self.fails(finding))
    }

    pub(super) fn fails(&self, finding: &Finding) -> bool {
        finding.severity == Severity::Failure && self.lesson.judges(finding.code)
    }

    pub(super) fn add(&mut self, report: Report, writer: Option<Writer>) -> io::Result<()> {
        self.rotations += report.rotations.len() as u64;
        for class in &report.classes {
            self.attempts += class.attempts;
            self.failed += class.failed;
        }
        self.findings
            .extend(report.findings.into_iter().map(|found| Finding {
                scenario: writer.map_or(found.scenario, |writer| writer.name().to_owned()),
                ..found
            }));
        self.unless_fine(report.interrupted)
    }

    /// Ends the course where something that is not the server's doing has kept it from being judged, and nothing else
    /// was found.
    pub(super) fn unless_fine(&self, unjudged: Option<String>) -> io::Result<()> {
        match unjudged {
            Some(error) if self.fine() => Err(io::Error::other(error)),
            _ => Ok(()),
        }
    }

    pub(super) fn not_started(&mut self, error: Error) -> io::Result<()> {
        if error.is_shortage() {
            return Err(error.into());
        }
        let (words, code) = (error.to_string(), Code::DidNotStart);
        self.findings
            .push(finding(Severity::Failure, code, "start", words));
        Ok(())
    }

    /// Passed or not. What is about the log is left to the stage that is, in `log`.
    pub(super) fn judge(&mut self, log: &mut Vec<Finding>) {
        let lesson = self.lesson;
        // How busy this machine is says nothing about the server.
        self.findings
            .retain(|finding| finding.code != Code::LoadFellBehind);
        if lesson == Lesson::SaysWhatItDoes {
            self.findings.append(log);
        } else {
            log.extend(
                self.findings
                    .extract_if(.., |finding| !lesson.judges(finding.code)),
            );
        }
        self.findings.sort_by_key(|finding| finding.severity);
        let worst = self.findings.iter().find(|finding| self.fails(finding));
        self.hint = worst.map(|finding| lesson.hint(finding, &self.findings));
        self.page = self.hint.map(|hint| hint.page);
        self.heading = self.hint.map(|hint| hint.heading);
        self.state = match self.hint {
            Some(_) => State::Failed,
            None if self.unseen => State::NotJudged,
            None => State::Passed,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    fn stage() -> StageReport {
        StageReport::closed(Lesson::Serves)
    }

    #[test]
    fn a_stage_that_could_not_be_judged_ends_the_course_unless_it_has_failed_already() {
        let why = || Some("this machine is overloaded".to_owned());
        let mut stage = stage();
        assert!(stage.unless_fine(None).is_ok());
        let error = stage.unless_fine(why()).unwrap_err();
        assert_eq!(error.to_string(), "this machine is overloaded");
        let failed = finding(
            Severity::Failure,
            Code::DidNotStart,
            "start",
            "it ended".into(),
        );
        stage.findings.push(failed);
        assert!(!stage.fine());
        assert!(stage.unless_fine(why()).is_ok());
    }

    #[test]
    fn a_server_is_not_blamed_for_a_start_that_this_machine_had_no_room_for() {
        let mut stage = stage();
        let full = Error::Io(ErrorKind::StorageFull.into());
        assert!(stage.not_started(full).is_err());
        assert!(stage.fine());
        let refused = Error::Io(ErrorKind::PermissionDenied.into());
        assert!(stage.not_started(refused).is_ok());
        assert!(!stage.fine());
    }
}
