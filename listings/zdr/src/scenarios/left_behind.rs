//! What reloads that fail leave behind: descriptors, threads, processes.

use std::time::Duration;

use tokio::time::sleep;

use crate::gate::scenario::Scenario;
use crate::judge::findings::{ROTATION, finding, of_handles};
use crate::report::{Code, Finding, Handles, Severity};
use crate::scenarios::files;
use crate::server::process_tree::Usage;
use crate::testbed::TestBed;

/// What its processes use, where what failures leave behind is looked at.
pub(super) async fn usage_before(scenario: Scenario, testbed: &TestBed) -> Option<Usage> {
    match scenario {
        Scenario::Garbage => least_usage(testbed).await,
        _ => None,
    }
}

/// The least of a few looks: threads and descriptors that serve a client come and go.
async fn least_usage(testbed: &TestBed) -> Option<Usage> {
    let mut least = testbed.server.usage()?;
    for _ in 0..4 {
        sleep(Duration::from_millis(20)).await;
        let now = testbed.server.usage()?;
        least.threads = least.threads.min(now.threads);
        least.descriptors = least.descriptors.min(now.descriptors);
        least.processes = least.processes.min(now.processes);
    }
    Some(least)
}

/// What reloads that failed have left open or running: the way to success closes what the way out forgets.
pub(super) async fn left_behind(before: Option<Usage>, testbed: &TestBed) -> Option<Finding> {
    left_between(before?, least_usage(testbed).await?)
}

fn left_between(before: Usage, after: Usage) -> Option<Finding> {
    let what = "reloads that failed";
    // Also those that have ended, and were not waited for. Workers that serve their last clients are fewer.
    let all = |of: Usage| of.processes + of.unwaited;
    if all(after).saturating_sub(all(before)) >= files::FAILURES {
        let (before, after) = (all(before), all(after));
        let words = format!(
            "It had {before} processes before {} {what}, and {after} after them.",
            files::FAILURES
        );
        let (code, severity) = (Code::ProcessesLeft, Severity::Warning);
        return Some(finding(severity, code, ROTATION, words));
    }
    let handles = Handles::of(before, after)?;
    let same = before.processes == after.processes;
    same.then(|| of_handles(&handles, files::FAILURES, what))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_each_failure_leaves_is_told() {
        let usage = |processes, unwaited| Usage {
            processes,
            unwaited,
            ..Usage::default()
        };
        let told = |after| left_between(usage(2, 0), after).map(|of| of.code);
        assert_eq!(told(usage(14, 0)), Some(Code::ProcessesLeft));
        assert_eq!(told(usage(2, 12)), Some(Code::ProcessesLeft));
        assert_eq!(told(usage(9, 1)), None);
    }
}
