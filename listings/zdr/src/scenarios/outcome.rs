//! What came of a scenario.

use std::time::Duration;

use crate::attempt::{Attempt, FailureKind};

use crate::error::Error;
use crate::gate::scenario::Scenario;
use crate::judge::findings::finding;
use crate::judge::measure::ms;
use crate::judge::overload::Overload;
use crate::report::finding::NOT_COUNTED;
use crate::report::format::millis;
use crate::report::{Code, Evidence, Finding, Outcome, ScenarioReport, Severity};
use crate::server::reload::COMMAND;
use ch11_verification::rotation::Window;

/// How a warning begins that a scenario was not judged.
pub(super) const NOT_JUDGED: &str = "Not judged: ";

/// What came of a scenario, before it has its name.
#[derive(Default)]
pub(crate) struct ScenarioOutcome {
    pub(crate) attempts: u64,
    pub(crate) failed: u64,
    pub(crate) recovered: Option<Duration>,
    pub(crate) findings: Vec<Finding>,
    /// It could not be done: the server did not even show a rotation in which nothing is wrong.
    pub(crate) moot: bool,
    /// There was a sign of too much to do, whether that explains anything or not.
    pub(crate) busy: bool,
    /// There was too much to do, which explains all of its failures: in these words.
    overload: Option<String>,
}

impl ScenarioOutcome {
    /// Adds a failure.
    pub(crate) fn fail(&mut self, code: Code, words: impl Into<String>) {
        self.fail_seen(code, words, Vec::new());
    }

    /// Adds a failure of which clients saw this.
    pub(crate) fn fail_seen(
        &mut self,
        code: Code,
        words: impl Into<String>,
        evidence: Vec<Evidence>,
    ) {
        self.findings.push(Finding {
            evidence,
            ..finding(Severity::Failure, code, "", words.into())
        });
    }

    /// Says that there was too much to do instead of what failed, where that explains all of it. Where it explains
    /// some, those do not count.
    pub(crate) fn unless_explained(
        &mut self,
        overload: Option<Overload>,
        records: &[Attempt],
        last: &Window,
        daily: &[FailureKind],
    ) {
        let Some(overload) = overload else { return };
        if overload.explains_all(&self.findings, (records, last), daily) {
            self.overload = Some(overload.words("the scenario began"));
            return;
        }
        // Beside what has another cause, it is no cause of its own.
        for found in &mut self.findings {
            let alone = std::slice::from_ref(found);
            if overload.explains_all(alone, (records, last), daily) {
                found.severity = Severity::Warning;
                found.words = format!("{NOT_COUNTED}: {}", found.words);
            } else if found.severity == Severity::Failure {
                overload.keeps_the_rest(found, records, last);
            }
        }
    }

    /// Says that there was no room for all clients, unless something failed that has another cause: a certificate that
    /// is not shown in time may wait for room as well.
    pub(crate) fn unless_full(&mut self, shortage: Option<String>) {
        let mut failures = self.findings.iter();
        let awaited = |of: &Finding| {
            let late = matches!(of.code, Code::NotPickedUp | Code::NotRecovered);
            of.severity != Severity::Failure || (late && of.evidence.is_empty())
        };
        if failures.all(awaited) && shortage.is_some() {
            self.overload = shortage;
        }
    }

    /// Of a scenario that ended with an error: the server's fault, unless this machine had too little left.
    pub(crate) fn ended_by(error: &Error) -> Self {
        let mut outcome = Self::default();
        match error.is_shortage() {
            true => outcome.overload = Some(error.with_advice()),
            false => outcome.fail(Code::DidNotStart, error.to_string()),
        }
        outcome
    }

    /// Says that this side was so late that nothing can be judged.
    pub(crate) fn came_late(&mut self, late: Duration) {
        self.busy = true;
        let late = millis(ms(late));
        self.overload = Some(format!(
            "this machine is overloaded: the clients of this scenario came up to {late} late"
        ));
    }

    /// What the report says of it.
    pub(crate) fn report(mut self, scenario: Scenario) -> (ScenarioReport, Vec<Finding>) {
        if self.moot {
            return (not_applicable(scenario), Vec::new());
        }
        if let Some(overload) = self.overload {
            let words = format!("{NOT_JUDGED}{overload}.");
            let code = Code::LoadFellBehind;
            let said = finding(Severity::Warning, code, &scenario.name(), words);
            return (not_applicable(scenario), vec![said]);
        }
        let mut kept_last_good = true;
        for finding in &mut self.findings {
            finding.scenario = scenario.name();
            // A warning is of something else than what the scenario is about.
            if finding.severity == Severity::Failure {
                finding.catalogue = scenario.catalogue().to_vec();
            }
            let counts = finding.severity == Severity::Failure;
            kept_last_good &= !(counts && finding.code.loses_last_good());
        }
        let failure = |finding: &Finding| finding.severity == Severity::Failure;
        let report = ScenarioReport {
            outcome: match self.findings.iter().any(failure) {
                true => Outcome::Failed,
                false => Outcome::Passed,
            },
            attempts: self.attempts,
            failed: self.failed,
            kept_serving: self.failed == 0,
            kept_last_good,
            recovered_ms: self.recovered.map(ms),
            ..not_applicable(scenario)
        };
        (report, self.findings)
    }
}

/// The report of a scenario that was not tried.
pub(crate) fn not_applicable(scenario: Scenario) -> ScenarioReport {
    ScenarioReport {
        name: scenario.name(),
        what: scenario.what(),
        level: scenario.level(),
        outcome: Outcome::NotApplicable,
        attempts: 0,
        failed: 0,
        kept_serving: true,
        kept_last_good: true,
        recovered_ms: None,
    }
}

/// What a client saw of a failed attempt.
pub(crate) fn evidence(record: &Attempt) -> Option<Evidence> {
    Some(Evidence {
        class: record.class,
        kind: record.failed?,
        phase: None,
        at_ms: Some(ms(record.done)),
        said: record.error.clone().unwrap_or_default(),
    })
}

/// What the way of reloading complained of, as a sentence that follows another.
pub(crate) fn it_said(complaint: Option<&String>) -> String {
    complaint.map_or_else(String::new, |error| match error.strip_prefix(COMMAND) {
        Some(of) => format!(" When it was told, {COMMAND}{of}"),
        None => format!(" It said: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::attempt::Class;
    use crate::attempt::behind::Behind;

    #[test]
    fn what_came_late_is_not_judged() {
        let failed = || {
            let mut outcome = ScenarioOutcome::default();
            outcome.fail(Code::TurnedAway, "a client was turned away");
            outcome
        };
        let (report, _) = failed().report(Scenario::TrustHalfWritten);
        assert_eq!(report.outcome, Outcome::Failed);
        let mut late = failed();
        late.came_late(Duration::from_millis(300));
        let (report, said) = late.report(Scenario::TrustHalfWritten);
        assert_eq!(report.outcome, Outcome::NotApplicable);
        assert_eq!(said[0].code, Code::LoadFellBehind);
        assert!(said[0].words.contains("300 ms late"), "{}", said[0].words);
    }

    #[test]
    fn who_only_waited_does_not_count_beside_another_failure_where_there_was_too_much_to_do() {
        let slow = (0..40).map(|at| {
            let due = Duration::from_millis(100 * at);
            Attempt {
                done: due + Duration::from_millis(1500),
                shown: Some(1),
                paced: true,
                ..Attempt::opening(Class::Full, due)
            }
        });
        let slow: Vec<_> = slow.collect();
        let seen = |kind| Evidence {
            class: Class::Full,
            kind,
            phase: None,
            at_ms: None,
            said: String::new(),
        };
        let counted = |overload| {
            let mut outcome = ScenarioOutcome::default();
            outcome.fail_seen(Code::UnfitShown, "", vec![seen(FailureKind::Expired)]);
            outcome.fail_seen(Code::LastGoodLost, "", vec![seen(FailureKind::Stalled)]);
            outcome.unless_explained(overload, &slow, &Window::default(), &[]);
            let (report, found) = outcome.report(Scenario::Expired);
            assert_eq!(report.outcome, Outcome::Failed);
            let failures = found.iter().filter(|of| of.severity == Severity::Failure);
            failures.map(|of| of.code).collect::<Vec<_>>()
        };
        assert_eq!(counted(None), [Code::UnfitShown, Code::LastGoodLost]);
        let overload = Overload::ever(&slow, &Behind::default(), Duration::from_secs(5));
        assert!(overload.is_some(), "each waited for longer than a second");
        assert_eq!(counted(overload.clone()), [Code::UnfitShown]);
        // Of one failure, what waited is no evidence.
        let mut outcome = ScenarioOutcome::default();
        let mixed = [FailureKind::Refused, FailureKind::Stalled].map(seen);
        outcome.fail_seen(Code::LastGoodLost, "lost.", mixed.to_vec());
        outcome.unless_explained(overload, &slow, &Window::default(), &[]);
        let found = &outcome.findings[0];
        assert_eq!(
            (found.severity, found.evidence.len()),
            (Severity::Failure, 1)
        );
        assert_eq!(found.evidence[0].kind, FailureKind::Refused);
        assert!(
            found.words.starts_with("lost. Not counted"),
            "{}",
            found.words
        );
    }

    #[test]
    fn a_server_that_was_full_is_not_judged_by_what_only_waited() {
        let judged = |code: Option<Code>, evidence: Vec<Evidence>| {
            let mut outcome = ScenarioOutcome::default();
            if let Some(code) = code {
                outcome.fail_seen(code, "it failed", evidence);
            }
            outcome.unless_full(Some("the server has no room for so many clients".into()));
            outcome.report(Scenario::Torn).0.outcome
        };
        let seen = Evidence {
            class: Class::Full,
            kind: FailureKind::HandshakeCut,
            phase: None,
            at_ms: None,
            said: String::new(),
        };
        assert_eq!(judged(None, Vec::new()), Outcome::NotApplicable);
        let late = judged(Some(Code::NotRecovered), Vec::new());
        assert_eq!(late, Outcome::NotApplicable);
        let cut = judged(Some(Code::LastGoodLost), vec![seen]);
        assert_eq!(cut, Outcome::Failed);
        let mut sound = ScenarioOutcome::default();
        sound.unless_full(None);
        assert_eq!(sound.report(Scenario::Torn).0.outcome, Outcome::Passed);
    }

    #[test]
    fn a_scenario_that_had_no_room_is_not_judged() {
        let ended_by = |error: io::Error| {
            let outcome = ScenarioOutcome::ended_by(&error.into());
            let (report, said) = outcome.report(Scenario::Torn);
            (report.outcome, said[0].code, said[0].words.clone())
        };
        let (outcome, code, words) = ended_by(io::ErrorKind::StorageFull.into());
        assert_eq!(
            (outcome, code),
            (Outcome::NotApplicable, Code::LoadFellBehind)
        );
        assert!(words.contains("no storage space; make room"), "{words}");
        let (outcome, code, _) = ended_by(io::ErrorKind::ConnectionRefused.into());
        assert_eq!((outcome, code), (Outcome::Failed, Code::DidNotStart));
    }
}
