//! What of the findings counts: what the level requires, and no waiver allows.

use std::mem;

use crate::gate::ROTATION;
use crate::gate::code::Code;
use crate::gate::day::Day;
use crate::gate::level::Level;
use crate::report::news::causes;
use crate::report::waiver::{WaiverReport, WaiverState};
use crate::report::{Finding, Outcome, Report, Severity, Status};

impl Report {
    /// Says of each failure whether it counts, and of each waiver what became of it on this day. Where a
    /// waiver does not apply, that is a finding of its own. Then says what explains the failures.
    pub fn weigh(&mut self, today: Day) {
        self.findings.retain(|finding| !finding.code.is_of_waiver());
        let required = self.plan.require;
        let mut findings = mem::take(&mut self.findings);
        for finding in &mut findings {
            finding.status = match self.level_of(&finding.scenario) <= required {
                true => Status::Counted,
                false => Status::NotRequired,
            };
        }
        let mut waivers = mem::take(&mut self.waivers);
        for waiver in &mut waivers {
            let allowed = allowed(waiver, &findings);
            let excused = findings.iter().any(|found| excused(waiver, found));
            waiver.state = self.state(waiver, (!allowed.is_empty(), excused), today);
            let applies = waiver.state == WaiverState::Applied;
            for at in allowed.into_iter().filter(|_| applies) {
                if findings[at].status == Status::Counted {
                    findings[at].status = Status::Waived;
                }
            }
            let complaint = self.complaint(waiver, &findings);
            findings.extend(complaint);
        }
        findings.sort_by_key(Finding::rank);
        (self.findings, self.waivers) = (findings, waivers);
        self.causes = causes(self);
    }

    /// The lowest level that requires what is found in this scenario.
    pub(crate) fn level_of(&self, scenario: &str) -> Level {
        let run = self.scenarios.iter().find(|of| of.name == scenario);
        match run {
            Some(run) => run.level,
            None if scenario == ROTATION => Level::Rotation,
            None => Level::All,
        }
    }

    /// Of a waiver of which something was found that counts, or something that too much to do excuses.
    fn state(&self, waiver: &WaiverReport, found: (bool, bool), today: Day) -> WaiverState {
        match (self.was_run(&waiver.scenario), found) {
            _ if today > waiver.until => WaiverState::Over,
            (true, (true, _)) => WaiverState::Applied,
            (true, (false, false)) => WaiverState::Unneeded,
            (false, _) | (true, (false, true)) => WaiverState::Untested,
        }
    }

    fn was_run(&self, scenario: &str) -> bool {
        let outcome = self.outcome(scenario);
        match scenario {
            ROTATION => !self.rotations.is_empty(),
            _ => outcome.is_some_and(|outcome| outcome != Outcome::NotApplicable),
        }
    }

    fn outcome(&self, scenario: &str) -> Option<Outcome> {
        let run = self.scenarios.iter().find(|of| of.name == scenario);
        run.map(|of| of.outcome)
    }

    /// What is to be said of a waiver that does not apply.
    fn complaint(&self, waiver: &WaiverReport, findings: &[Finding]) -> Option<Finding> {
        let name = &waiver.scenario;
        let (code, words) = match waiver.state {
            WaiverState::Applied => return None,
            WaiverState::Over => (
                Code::WaiverOver,
                format!(
                    "The waiver of `{name}` ended on {}, and what it allowed counts again. Mend the \
                     server, or give the waiver a later `until` and a reason that still holds.",
                    waiver.until
                ),
            ),
            WaiverState::Unneeded => (Code::WaiverUnneeded, unneeded(waiver, findings)),
            WaiverState::Untested => (Code::WaiverUntested, self.untested(waiver, findings)),
        };
        Some(Finding {
            severity: Severity::Warning,
            status: Status::Counted,
            code,
            scenario: name.clone(),
            words,
            catalogue: Vec::new(),
            evidence: Vec::new(),
            class: None,
            differs: None,
        })
    }

    fn untested(&self, waiver: &WaiverReport, findings: &[Finding]) -> String {
        let name = waiver.scenario.as_str();
        if findings.iter().any(|found| excused(waiver, found)) {
            return format!(
                "The waiver of `{name}` was not tested: what it allows was found, and is not counted, because there was too \
                 much to do."
            );
        }
        let mut found = findings.iter();
        let overloaded = found.any(|of| of.code == Code::LoadFellBehind && of.scenario == name);
        match self.outcome(name) {
            Some(Outcome::NotApplicable) if overloaded => format!(
                "The waiver of `{name}` was not tested: there was too much to do to judge the scenario."
            ),
            Some(Outcome::NotApplicable) => format!(
                "The waiver of `{name}` was not tested: the scenario does not apply to this server. \
                 Remove the waiver from the TOML file."
            ),
            _ => format!(
                "The waiver of `{name}` was not tested: the scenario was not run this time."
            ),
        }
    }
}

/// The waiver's scenario was run, and the waiver was not needed: the scenario passed, or failed in a way
/// that the waiver does not name.
fn unneeded(waiver: &WaiverReport, findings: &[Finding]) -> String {
    let name = &waiver.scenario;
    let failures = findings.iter().filter(|found| found.scenario == *name);
    let failures = failures.filter(|found| found.severity == Severity::Failure);
    let mut others: Vec<_> = failures.map(|found| found.code.name()).collect();
    others.dedup();
    match others.is_empty() {
        true => format!(
            "The waiver of `{name}` is not needed: the scenario passed. Remove it from the TOML file."
        ),
        false => format!(
            "The waiver of `{name}` allows {}, and the scenario failed by {}. A waiver allows only \
             what its `findings` name.",
            waiver.names(),
            others.join(", ")
        ),
    }
}

/// Whether too much to do excuses a failure that a waiver names.
fn excused(waiver: &WaiverReport, found: &Finding) -> bool {
    let named = found.scenario == waiver.scenario && waiver.findings.contains(&found.code);
    named && found.is_excused()
}

/// The places of the failures that a waiver names. A waiver of `rotation` also allows the same failure
/// where the rotations of a scenario repeat it.
fn allowed(waiver: &WaiverReport, findings: &[Finding]) -> Vec<usize> {
    let named = |found: &Finding| {
        found.severity == Severity::Failure && waiver.findings.contains(&found.code)
    };
    let here = |found: &&Finding| named(found) && found.scenario == waiver.scenario;
    let first: Vec<_> = match waiver.scenario == ROTATION {
        true => findings.iter().filter(here).collect(),
        false => Vec::new(),
    };
    let repeated = |found: &Finding| named(found) && repeats(found, &first);
    let places = findings.iter().enumerate();
    let places = places.filter(|(_, found)| here(found) || repeated(found));
    places.map(|(at, _)| at).collect()
}

/// Whether a failure of a scenario is one of those that clients meet while all is well, too: of the same
/// name, and in no other way.
fn repeats(found: &Finding, first: &[&Finding]) -> bool {
    let mut same = first
        .iter()
        .filter(|first| first.code == found.code)
        .peekable();
    let there = same.peek().is_some();
    let kinds: Vec<_> = same
        .flat_map(|first| &first.evidence)
        .map(|of| of.kind)
        .collect();
    there && found.evidence.iter().all(|of| kinds.contains(&of.kind))
}
