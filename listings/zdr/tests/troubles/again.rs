//! What waits for too long in a scenario may wait for a busy machine. It is tried once more, with nothing beside it: a
//! server that is at fault fails again, and nothing else is held against one that is not. A server that does not start
//! beside another one is started alone.

use std::fs;

use zdr::report::{Code, Outcome};

use super::{Folder, PATIENT, behind};

/// A server that follows its files, but for those of its starts for which this holds. The first start is for the
/// rotations, the second for the scenario. While that runs, `zdr` stands still, as on a machine that is too busy for it.
fn frozen_at(starts: &str) -> String {
    behind(&format!(
        r#"n=$(cat {{here}}/starts || echo 0); n=$((n + 1)); echo $n > {{here}}/starts
if [ $n = 2 ]; then (sleep 2; kill -STOP $PPID; sleep 2; kill -CONT $PPID) & fi
if [ $n {starts} ]; then set -- "$@" --frozen; fi"#
    ))
}

/// As etcd does, whose second port and whose folder are always the same: two of them do not run at the same time.
#[test]
fn a_server_that_does_not_run_beside_another_one_has_its_scenarios_one_by_one() {
    let folder = Folder::new();
    let alone =
        behind("exec 9> {here}/lock\nif ! flock -n 9; then echo another one runs >&2; exit 1; fi");
    let scenarios = "torn,same-key,other-key-kind,unchanged,absent-at-start";
    let arguments = [&PATIENT[..], &["--scenarios", scenarios]].concat();
    folder.check(&alone, &arguments).end().says(0, &[]);
    let report = folder.report();
    for scenario in &report.scenarios {
        let is_asked_for = scenarios.split(',').any(|name| name == scenario.name);
        assert_eq!(
            scenario.outcome == Outcome::Passed,
            is_asked_for,
            "{scenario:?}"
        );
    }
    let found = report.findings.iter();
    let told: Vec<_> = found.filter(|of| of.code == Code::DidNotStart).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let words = &told[0].words;
    assert!(words.contains("cannot run at the same time"), "{words}");
    assert!(words.contains("It said: another one runs"), "{words}");
}

fn arguments() -> Vec<&'static str> {
    [&PATIENT[..], &["--scenarios", "same-key"]].concat()
}

fn starts(folder: &Folder) -> String {
    fs::read_to_string(folder.path("starts")).unwrap()
}

#[test]
fn a_server_that_was_late_in_one_scenario_is_asked_again() {
    let folder = Folder::new();
    let ended = folder.check(&frozen_at("-eq 2"), &arguments()).end();
    ended.says(0, &[]);
    assert_eq!(starts(&folder), "3\n");
    let report = folder.report();
    assert!(report.verdict.passed, "{}", report.verdict.words);
    assert_eq!(report.scenarios[0].outcome, Outcome::Passed);
    // That it was late is told.
    let found = &report.findings;
    let told = found
        .iter()
        .find(|of| of.code == Code::LoadFellBehind && of.scenario == "same-key");
    let told = told.unwrap_or_else(|| panic!("{found:?}"));
    assert!(told.words.contains("run again"), "{}", told.words);
}

#[test]
fn a_server_that_is_late_again_fails() {
    let folder = Folder::new();
    folder
        .check(&frozen_at("-ge 2"), &arguments())
        .end()
        .says(1, &[]);
    assert_eq!(starts(&folder), "3\n");
    let report = folder.report();
    assert_eq!(report.scenarios[0].outcome, Outcome::Failed);
}
