//! What a verdict says: the level, how much failed, what failed and does not count.

use crate::gate::ROTATION;
use crate::gate::level::Level;
use crate::gate::scenario::Scenario;
use crate::report::at_risk::{AtRisk, none_or};
use crate::report::format::counted;
use crate::report::waiver::WaiverState;
use crate::report::{Finding, Outcome, Report, ScenarioReport, Status};

/// What came of the scenarios that were run, by their names.
pub(crate) struct Tally<'a> {
    /// How many the level requires.
    pub(crate) required: usize,
    /// Those of them in which the server failed.
    pub(crate) failed: Vec<&'a str>,
    /// How many more of them it failed, in a way that is waived.
    pub(crate) waived: usize,
    /// How many the level does not require.
    pub(crate) beyond: usize,
    /// Those of them in which the server failed, which does not count.
    pub(crate) noted: Vec<&'a str>,
}

impl Report {
    /// What was at risk of all classes. `None` in a report of an earlier format, and where nothing was
    /// measured.
    pub(crate) fn all_at_risk(&self) -> Option<AtRisk> {
        AtRisk::together(self.classes.iter().map(|class| class.at_risk.as_ref()))
    }

    /// For a verdict on rotations: how much failed of what was at risk, and of all.
    pub(crate) fn failures_in_words(&self) -> String {
        let attempts = self.classes.iter().map(|class| class.attempts).sum();
        let failed = self.classes.iter().map(|class| class.failed).sum();
        let all = format!(
            "In all, {} of {} failed",
            none_or(failed),
            counted(attempts, "attempt")
        );
        match self.all_at_risk() {
            Some(at_risk) => format!("{}. {all}.", at_risk.words()),
            None => format!("{all}; how many of them were at risk is not known."),
        }
    }

    /// What came of the scenarios.
    pub(crate) fn tally(&self) -> Tally<'_> {
        let run = self.scenarios.iter();
        let run = run.filter(|scenario| scenario.outcome != Outcome::NotApplicable);
        let (required, beyond): (Vec<_>, Vec<_>) =
            run.partition(|scenario| scenario.level <= self.plan.require);
        let fails = |of: &&ScenarioReport| self.fails_in(&of.name);
        let failed = |of: &&ScenarioReport| of.outcome == Outcome::Failed;
        let waived = required.iter().filter(|of| self.is_waived(of));
        Tally {
            required: required.len(),
            failed: names(required.iter().copied().filter(fails)),
            waived: waived.count(),
            beyond: beyond.len(),
            noted: names(beyond.iter().copied().filter(failed)),
        }
    }

    /// Whether the server fails because of something in this scenario, or in `rotation`.
    pub(crate) fn fails_in(&self, scenario: &str) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.fails() && finding.scenario == scenario)
    }

    /// Whether all that failed in a scenario is allowed by a waiver.
    pub(crate) fn is_waived(&self, scenario: &ScenarioReport) -> bool {
        let findings = self.findings.iter();
        let mut findings = findings.filter(|finding| finding.scenario == scenario.name);
        let waived = |finding: &Finding| finding.status == Status::Waived;
        findings.any(waived) && !self.fails_in(&scenario.name)
    }

    /// The highest level below the required one that the server passes.
    pub(crate) fn passes_below(&self) -> Option<Level> {
        let fails = |level: Level| {
            let mut findings = self.findings.iter();
            findings.any(|found| found.fails() && self.level_of(&found.scenario) <= level)
        };
        let below = Level::ALL.into_iter().rev();
        let mut below = below.filter(|level| *level < self.plan.require);
        below.find(|level| !fails(*level) && !self.is_in_part(*level))
    }

    /// Whether less was tried than this level requires.
    fn is_in_part(&self, level: Level) -> bool {
        let left_out = &self.plan.scenarios_left_out;
        let required = Scenario::all().iter().filter(|of| of.level() <= level);
        let cut_short = self.interrupted.is_some() && level > Level::Rotation;
        cut_short
            || required
                .map(|of| of.name())
                .any(|name| left_out.contains(&name))
    }

    /// What else has to be said beside a verdict: what the level does not require, what is waived, and
    /// what was not run.
    pub(crate) fn besides(&self) -> String {
        let tally = self.tally();
        let mut said = String::new();
        match (tally.beyond, tally.noted.as_slice()) {
            (0, _) => {}
            (many, []) => {
                let many = counted(many as u64, "scenario");
                said += &format!(" Not required, and passed: {many}.");
            }
            (many, noted) => {
                let (failed, names) = (noted.len(), noted.join(", "));
                let many = counted(many as u64, "scenario");
                said += &format!(" Not required: it failed {failed} of {many}: {names}.");
            }
        }
        let waived = self.waived();
        if !waived.is_empty() {
            said += &format!(" Waived: {}.", waived.join(", "));
        }
        let left_out = self.plan.scenarios_left_out.len();
        if left_out > 0 && self.interrupted.is_none() {
            let many = counted(left_out as u64, "scenario");
            said += &format!(" Not run: {many} that the level requires.");
        }
        said
    }

    /// Where waivers were applied, and until when.
    fn waived(&self) -> Vec<String> {
        let applied = self.waivers.iter();
        let applied = applied.filter(|waiver| waiver.state == WaiverState::Applied);
        let applied = applied.filter(|waiver| self.level_of(&waiver.scenario) <= self.plan.require);
        let said = applied.map(|waiver| match waiver.scenario.as_str() {
            ROTATION => format!("{} in rotation (until {})", waiver.names(), waiver.until),
            name => format!("{name} (until {})", waiver.until),
        });
        said.collect()
    }
}

fn names<'a>(scenarios: impl Iterator<Item = &'a ScenarioReport>) -> Vec<&'a str> {
    scenarios.map(|scenario| scenario.name.as_str()).collect()
}
