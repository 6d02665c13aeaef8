//! Levels: what counts, what is only told, and that the headline says which of the two.

use zdr::attempt::{Class, FailureKind};
use zdr::compare::compare;
use zdr::compare::merge::merge;
use zdr::gate::day::Day;
use zdr::gate::level::Level;
use zdr::gate::scenario::Scenario;
use zdr::judge::verdict::verdict;
use zdr::report::page::page;
use zdr::report::text::summary;
use zdr::report::{
    Code, Evidence, Failures, Finding, Outcome, Phase, Report, ScenarioReport, Severity, Status,
};

use super::sample::{self, Run, finding};

/// The day of the judgement.
pub fn today() -> Day {
    "2026-11-27".parse().expect("a day")
}

/// A scenario that the server failed.
pub fn failed_in(scenario: Scenario) -> ScenarioReport {
    ScenarioReport {
        name: scenario.name(),
        what: scenario.what(),
        level: scenario.level(),
        outcome: Outcome::Failed,
        attempts: 200,
        failed: 60,
        kept_serving: false,
        kept_last_good: false,
        recovered_ms: None,
    }
}

/// A server that rotates, and in whose scenarios this was found. Those of a healthy run were passed.
pub fn found(findings: &[(&str, Code)]) -> Report {
    let failure =
        |(scenario, code): &(&str, Code)| finding(Severity::Failure, *code, scenario, &[]);
    let mut run = Run {
        findings: findings.iter().map(failure).collect(),
        ..Run::default()
    };
    let all = Scenario::all().iter();
    let failed = all.filter(|scenario| findings.iter().any(|(name, _)| *name == scenario.name()));
    let failed: Vec<_> = failed.map(|scenario| failed_in(*scenario)).collect();
    let others = |of: &ScenarioReport| failed.iter().all(|failed| failed.name != of.name);
    run.scenarios.retain(others);
    run.scenarios.splice(0..0, failed);
    run.report()
}

/// The same, judged by a level.
pub fn judged(mut report: Report, level: Level) -> Report {
    report.plan.require = level;
    report.weigh(today());
    report.verdict = verdict(&report);
    report
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nearly every server loads an expired file that it is told to load.
fn loads_what_is_expired() -> Report {
    found(&[("expired", Code::UnfitShown)])
}

#[test]
fn a_server_that_loads_an_expired_file_passes_the_level_that_does_not_ask_for_it() {
    for level in [Level::Rotation, Level::Faults] {
        let report = judged(loads_what_is_expired(), level);
        let words = &report.verdict.words;
        assert!(report.verdict.passed, "{words}");
        assert!(words.starts_with(&format!("Level `{level}`: ")), "{words}");
        assert!(
            words.contains("rotates with zero downtime: 5 rotations"),
            "{words}"
        );
        assert!(words.contains("Not required: it failed 1 of "), "{words}");
        assert!(words.contains(": expired."), "{words}");
        // It is told all the same.
        assert_eq!(report.findings[0].status, Status::NotRequired);
        let text = one_line(&summary(&report));
        assert!(text.starts_with("PASSED Level"), "{text}");
        assert!(
            text.contains("Not required by the level") && text.contains("unfit_shown in expired"),
            "{text}"
        );
        assert!(text.contains("expired noted 60 of 200"), "{text}");
        let page = page(&report);
        assert!(page.contains("Not required") && page.contains("failed, not required"));
    }
    let report = judged(loads_what_is_expired(), Level::All);
    let words = &report.verdict.words;
    assert!(!report.verdict.passed, "{words}");
    assert!(words.starts_with("Level `all`: "), "{words}");
    assert!(
        words.contains("failed 1 of 3 scenarios: expired."),
        "{words}"
    );
    assert!(
        words.contains("It passes the level `faults`: it rotates"),
        "{words}"
    );
    assert!(summary(&report).starts_with("FAILED  Level `all`: "));
}

/// A level of which only a part was tried is not passed.
#[test]
fn the_level_that_is_passed_was_tried_as_a_whole() {
    for (left_out, level) in [("torn", "rotation"), ("wrong-name", "faults")] {
        let mut report = loads_what_is_expired();
        report.plan.scenarios_left_out = vec![left_out.into()];
        let words = judged(report, Level::All).verdict.words;
        let said = format!("It passes the level `{level}`: it rotates");
        assert!(words.contains(&said), "{left_out}: {words}");
    }
}

#[test]
fn what_happens_to_files_is_required_from_the_second_level_on() {
    let torn = || found(&[("torn", Code::LastGoodLost), ("expired", Code::UnfitShown)]);
    assert!(judged(torn(), Level::Rotation).verdict.passed);
    let report = judged(torn(), Level::Faults);
    let words = &report.verdict.words;
    assert!(!report.verdict.passed, "{words}");
    assert!(words.contains("failed 1 of 3 scenarios: torn."), "{words}");
    assert!(
        words.contains("It passes the level `rotation`: "),
        "{words}"
    );
    assert!(
        words.contains("Not required: it failed 1 of 1 scenario: expired."),
        "{words}"
    );
}

#[test]
fn a_loss_while_all_is_well_fails_each_level() {
    for level in Level::ALL {
        let report = judged(found(&[("rotation", Code::Severed)]), level);
        let words = &report.verdict.words;
        assert!(!report.verdict.passed, "{words}");
        assert!(words.starts_with(&format!("Level `{level}`: ")), "{words}");
        assert!(
            words.contains("does not rotate with zero downtime"),
            "{words}"
        );
        assert!(!words.contains("It passes the level"), "{words}");
    }
}

/// A server that closes each connection, say, and clients that keep theirs: that is no matter of rotation.
#[test]
fn what_fails_before_anything_is_rotated_is_not_blamed_on_rotation() {
    for (phase, blamed) in [
        (
            Phase::Before,
            "fails clients of class http2 before anything is rotated",
        ),
        (Phase::During, "does not rotate with zero downtime"),
        (Phase::After, "does not rotate with zero downtime"),
    ] {
        let mut report = found(&[("rotation", Code::RequestsFailed)]);
        report.findings[0].evidence.push(Evidence {
            class: Class::Http2,
            kind: FailureKind::Lost,
            phase: Some(phase),
            at_ms: Some(12.0),
            said: String::new(),
        });
        let report = judged(report, Level::All);
        let words = &report.verdict.words;
        assert!(!report.verdict.passed && words.contains(blamed), "{words}");
    }
}

/// monit, which is slow with a client now and then, closes its port at each reload.
#[test]
fn what_only_rotations_bring_is_blamed_on_them_beside_a_rare_failure_of_another_kind() {
    let blamed = |kind, count| {
        let mut report = found(&[("rotation", Code::HandshakesFailed)]);
        let class = report.classes[0].class;
        report.findings[0].evidence.push(Evidence {
            class,
            kind: FailureKind::Stalled,
            phase: Some(Phase::Before),
            at_ms: Some(12.0),
            said: String::new(),
        });
        let of = |kind, phase, count| Failures {
            kind,
            phase,
            count,
            example: String::new(),
            first_ms: None,
        };
        report.classes[0].failures = vec![
            of(FailureKind::Stalled, Phase::Before, 1),
            of(kind, Phase::During, count),
        ];
        judged(report, Level::All).verdict.words
    };
    let by_rotation = blamed(FailureKind::Refused, 20);
    assert!(
        by_rotation.contains("does not rotate with zero downtime"),
        "{by_rotation}"
    );
    for (kind, count) in [(FailureKind::Refused, 1), (FailureKind::Stalled, 20)] {
        let before = blamed(kind, count);
        assert!(before.contains("before anything is rotated"), "{before}");
    }
}

/// What failed before a run was cut short is no less true for that.
#[test]
fn a_run_that_is_cut_short_does_not_call_passed_what_failed() {
    let mut report = found(&[("torn", Code::NotRecovered)]);
    report.interrupted = Some("it was told to end (SIGTERM)".into());
    let report = judged(report, Level::All);
    let words = &report.verdict.words;
    assert!(!report.verdict.passed);
    assert!(words.contains("failed 1 of "), "{words}");
    assert!(words.contains(": torn. Measured: "), "{words}");
    for wrong in ["no verdict", " passed"] {
        assert!(!words.contains(wrong), "{words}");
    }
    let mut report = found(&[]);
    report.interrupted = Some("it was told to end (SIGTERM)".into());
    let words = judged(report, Level::All).verdict.words;
    assert!(
        words.contains("no verdict on ") && words.contains(" passed"),
        "{words}"
    );
}

/// A headline that says PASSED and then what is not so is the fault that levels are for.
#[test]
fn each_headline_names_its_level_and_what_was_not_run() {
    let mut samples = vec![
        sample::healthy(),
        sample::failing(),
        sample::interrupted(),
        sample::empty(),
        found(&[("torn", Code::NotRecovered)]),
        merge(sample::pods().to_vec()).expect("they are of one run"),
    ];
    for report in &mut samples {
        report.plan.scenarios_left_out = vec!["burst".into(), "stalled".into()];
        for level in Level::ALL {
            let report = judged(report.clone(), level);
            let words = &report.verdict.words;
            assert!(words.starts_with(&format!("Level `{level}`: ")), "{words}");
            let said = words.contains("Not run: 2 scenarios that the level requires.");
            assert_eq!(said, report.interrupted.is_none(), "{words}");
        }
    }
}

/// The exit code of a comparison is not changed by what the level does not require.
#[test]
fn what_is_not_required_makes_no_server_worse() {
    let before = judged(found(&[]), Level::Rotation);
    let after = judged(loads_what_is_expired(), Level::Rotation);
    let comparison = compare(&before, &after);
    assert_eq!(comparison.new.len(), 1, "it is told");
    assert!(!comparison.worse());
    let [before, after] = [found(&[]), loads_what_is_expired()].map(|of| judged(of, Level::All));
    assert!(compare(&before, &after).worse());
}

#[test]
fn generators_that_judge_by_different_levels_make_no_report() {
    let mut pods = sample::pods();
    pods[0].plan.require = Level::Rotation;
    let error = merge(pods.to_vec()).expect_err("one may pass what another does not");
    assert!(error.to_string().contains("different levels"), "{error}");
}

/// One that both loads what is expired and is judged by several generators.
#[test]
fn a_merged_report_is_weighed_by_its_level() {
    let [load, _, other] = sample::pods();
    let mut pods = [load, loads_what_is_expired(), other];
    for pod in &mut pods {
        pod.plan.require = Level::Rotation;
    }
    let merged = merge(pods.to_vec()).expect("they are of one run");
    let words = &merged.verdict.words;
    assert!(merged.verdict.passed, "{words}");
    assert!(
        words.contains("Not required: it failed 1 of 3 scenarios: expired."),
        "{words}"
    );
}

#[test]
fn each_level_requires_what_the_one_before_it_does() {
    let levels = Scenario::all().iter().map(|scenario| scenario.level());
    let levels: Vec<_> = levels.collect();
    for level in [Level::Faults, Level::All] {
        assert!(levels.contains(&level), "{level} adds nothing");
    }
    // That is the level of what is no scenario.
    assert!(!levels.contains(&Level::Rotation));
    assert_eq!(Level::default(), Level::All);
    // Every finding of a scenario's own way would fail it.
    for scenario in Scenario::all() {
        assert!(!scenario.fails_by().is_empty(), "{scenario:?}");
    }
}

#[test]
fn warnings_change_no_verdict() {
    let mut report = found(&[]);
    report.findings = vec![Finding {
        severity: Severity::Warning,
        ..finding(Severity::Warning, Code::TicketsLost, "rotation", &[31])
    }];
    for level in Level::ALL {
        let report = judged(report.clone(), level);
        assert!(report.verdict.passed);
        assert!(report.verdict.words.contains("There is 1 warning."));
    }
}

/// What a level requires, and was asked of no server of this kind: it says nothing of that.
#[test]
fn what_is_not_applicable_is_not_covered() {
    let skipped = |scenario: Scenario| ScenarioReport {
        outcome: Outcome::NotApplicable,
        ..failed_in(scenario)
    };
    let not_covered = |level: Level, asks_clients: bool| {
        let mut report = found(&[]);
        let reach = report.server.reach.as_mut();
        reach.expect("it is known").client_auth = asks_clients;
        report.scenarios = [
            Scenario::Burst,
            Scenario::TrustRemoved,
            Scenario::AbsentAtStart,
        ]
        .map(skipped)
        .to_vec();
        report.scenarios[0].outcome = Outcome::Passed;
        judged(report, level).verdict.not_covered
    };
    let start = "scenarios that are not applicable here: absent-at-start";
    let both = "scenarios that are not applicable here: trust-removed, absent-at-start";
    assert!(not_covered(Level::Rotation, true).is_empty());
    assert_eq!(not_covered(Level::Faults, true), [start]);
    assert_eq!(not_covered(Level::All, true), [both]);
    // It has no list of its clients' authorities.
    assert_eq!(not_covered(Level::All, false), [start]);
}

/// Conversations end at an age of the server's own: no failure, and no client knows what becomes of longer ones.
#[test]
fn conversations_that_no_client_can_have_are_not_covered() {
    let mut report = found(&[]);
    report.scenarios.clear();
    report.classes[0].own_age_ms = Some(10_049.0);
    let class = report.classes[0].class;
    let said = format!(
        "conversations that last for more than 10.0 s: then the server ends each, rotated or not (class {class})"
    );
    let verdict = judged(report.clone(), Level::All).verdict;
    assert!(verdict.passed);
    assert_eq!(verdict.not_covered, [said]);
    report.classes[0].own_age_ms = None;
    report.classes[0].own_steps = Some(19);
    let verdict = judged(report, Level::All).verdict;
    let said = "conversations of more than 19 commands or messages: then the server ends each";
    assert!(verdict.words.contains(said), "{}", verdict.words);
}

#[test]
fn a_server_that_could_ask_for_certificates_and_was_not_told_to_is_not_covered_in_that() {
    let not_covered = |asks_clients: bool| {
        let mut report = found(&[]);
        report.plan.left_out = vec![Class::Mutual];
        report.classes.retain(|of| of.class != Class::Mutual);
        report.scenarios.clear();
        let reach = report.server.reach.as_mut();
        reach.expect("it is known").client_auth = asks_clients;
        judged(report, Level::All).verdict.not_covered
    };
    let asked = "whom it accepts where it asks clients for certificates (--mutual)";
    assert_eq!(not_covered(false), [asked]);
    assert_eq!(
        not_covered(true),
        ["clients without a certificate (class mutual)"]
    );
}

/// Whoever chooses a level finds on the page what it leaves out.
#[test]
fn the_page_names_what_each_level_leaves_out() {
    let page = include_str!("../../../../src/ch11-judge-any-server.md");
    let (_, said) = page
        .split_once("`faults` leaves out")
        .expect("the page says it");
    let (said, _) = said.split_once("\n\n").expect("a paragraph ends");
    for scenario in Scenario::all() {
        let named = said.contains(&format!("`{}`", scenario.name()));
        assert_eq!(named, scenario.level() == Level::All, "{scenario:?}");
    }
}
