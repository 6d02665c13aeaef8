//! Scenarios that are tried twice. A client that waits for too long may wait for the server, or for a machine that
//! has other things to do: several scenarios run at once. Where there is a sign of that, what only
//! waited is done once more, with nothing beside it, and so is what could not be judged. A server that is at fault
//! fails again.

use crate::attempt::FailureKind;
use crate::judge::findings::finding;
use crate::report::{Code, Finding, Outcome, ScenarioReport, Severity};

/// How many scenarios in a row may go well the second time. More of them wait for something else than each other.
pub(super) const MOST: usize = 6;

/// Whether a scenario was not judged, for too much to do, or failed by waiting alone: clients had no answer in time, or
/// a certificate was not shown in time.
pub(super) fn only_waited(report: &ScenarioReport, found: &[Finding]) -> bool {
    if report.outcome == Outcome::NotApplicable {
        return found.iter().any(|of| of.code == Code::LoadFellBehind);
    }
    let mut failures = found.iter().filter(|of| of.severity == Severity::Failure);
    let waited = |of: &Finding| match of.evidence.is_empty() {
        true => matches!(of.code, Code::NotPickedUp | Code::NotRecovered),
        false => {
            let mut seen = of.evidence.iter();
            seen.all(|seen| seen.kind == FailureKind::Stalled)
        }
    };
    report.outcome == Outcome::Failed && failures.all(waited)
}

/// Adds to the findings of a second try, in which nothing failed, what was found in the `first`.
pub(super) fn note(scenario: &str, first: &[Finding], second: &mut Vec<Finding>) {
    let failure = first.iter().find(|of| of.severity == Severity::Failure);
    let Some(said) = failure.or(first.first()) else {
        return;
    };
    let words = format!(
        "Not counted: the server passed this scenario when it was run again on its own, so the first failure shows a busy \
         machine. The first time: {}",
        said.words
    );
    let code = Code::LoadFellBehind;
    second.push(finding(Severity::Warning, code, scenario, words));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Class;
    use crate::gate::scenario::Scenario;
    use crate::report::Evidence;
    use crate::scenarios::outcome::not_applicable;

    fn failed() -> ScenarioReport {
        ScenarioReport {
            outcome: Outcome::Failed,
            ..not_applicable(Scenario::SameKey)
        }
    }

    fn failure(code: Code, seen: &[FailureKind]) -> Finding {
        let evidence = seen.iter().map(|kind| Evidence {
            class: Class::Full,
            kind: *kind,
            phase: None,
            at_ms: None,
            said: String::new(),
        });
        Finding {
            evidence: evidence.collect(),
            ..finding(Severity::Failure, code, "same-key", String::new())
        }
    }

    #[test]
    fn what_failed_by_waiting_alone_is_told_from_what_did_not() {
        let waited = |found: &[Finding]| only_waited(&failed(), found);
        let late = failure(Code::NotPickedUp, &[]);
        let stalled = failure(Code::LastGoodLost, &[FailureKind::Stalled]);
        let unfit = failure(Code::UnfitShown, &[FailureKind::Expired]);
        let cut = failure(
            Code::HandshakesFailed,
            &[FailureKind::Stalled, FailureKind::Refused],
        );
        let back = failure(Code::WentBack, &[]);
        assert!(waited(&[late.clone(), stalled.clone()]));
        assert!(waited(&[failure(Code::NotRecovered, &[])]));
        for other in [unfit, cut, back, failure(Code::DidNotStart, &[])] {
            assert!(!waited(&[late.clone(), other.clone()]), "{other:?}");
        }
        let passed = ScenarioReport {
            outcome: Outcome::Passed,
            ..failed()
        };
        assert!(!only_waited(&passed, &[]));
        let unjudged = not_applicable(Scenario::SameKey);
        let too_much = failure(Code::LoadFellBehind, &[]);
        assert!(only_waited(&unjudged, &[too_much]));
        assert!(!only_waited(&unjudged, &[]));
    }
}
