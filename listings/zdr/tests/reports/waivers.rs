//! Waivers: what they allow, what they do not hide, when they are told to go, and what is wrong with one.

use zdr::attempt::{Class, FailureKind};
use zdr::compare::merge::merge;
use zdr::gate::day::Day;
use zdr::gate::level::Level;
use zdr::gate::scenario::Scenario;
use zdr::judge::verdict::verdict;
use zdr::report::page::page;
use zdr::report::text::summary;
use zdr::report::waiver::{WaiverReport, WaiverState};
use zdr::report::{Code, Evidence, Finding, Report, Severity, Status};
use zdr::server::spec::Spec;

use super::gate::{found, judged, today};
use super::sample;

const COMMAND: &str = "command = [\"my-server\", \"{port}\"]\n";
const WHY: &str = "because = \"the proxy is replaced in spring\"\nuntil = 2027-03-01\n";

/// What a TOML file with these lines allows.
fn allowed(lines: &str) -> Vec<WaiverReport> {
    let spec = Spec::parse(&format!("{COMMAND}{lines}"));
    let spec = spec.unwrap_or_else(|error| panic!("{error}"));
    spec.allow.iter().map(WaiverReport::from).collect()
}

/// A report, judged with what these lines allow, on a day.
fn judged_with(mut report: Report, lines: &str, day: Day) -> Report {
    report.waivers = allowed(lines);
    report.weigh(day);
    report.verdict = verdict(&report);
    report
}

fn expired(lines: &str, day: Day) -> Report {
    let report = found(&[("expired", Code::UnfitShown)]);
    judged_with(report, &format!("[allow.expired]\n{WHY}{lines}"), day)
}

fn codes(report: &Report) -> Vec<(Code, Status)> {
    let found = report.findings.iter();
    found.map(|found| (found.code, found.status)).collect()
}

#[test]
fn what_a_waiver_names_does_not_count() {
    let report = expired("", today());
    let words = &report.verdict.words;
    assert!(report.verdict.passed, "{words}");
    assert!(
        words.contains("Waived: expired (until 2027-03-01)."),
        "{words}"
    );
    assert!(words.contains(", and 2 of 3 scenarios passed."), "{words}");
    assert_eq!(codes(&report), [(Code::UnfitShown, Status::Waived)]);
    assert_eq!(report.waivers[0].state, WaiverState::Applied);
    // In every form.
    let text = summary(&report);
    for said in [
        "\nWaived\n  · It publishes complete files that no client accepts. unfit_shown in expired.",
        "\nWaivers\n  expired (last_good_lost, unfit_shown, wrong_chain), until 2027-03-01: applied.",
        "the proxy is replaced in spring",
        "\n  expired           waived",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let page = page(&report);
    assert!(page.contains("the proxy is replaced in spring") && page.contains("2027-03-01"));
    let read: Report = serde_json::from_str(&report.json()).expect("it is a report");
    assert_eq!(read, report);
}

#[test]
fn a_waiver_applies_on_its_last_day_and_on_no_later_one() {
    let [last, next] = ["2027-03-01", "2027-03-02"].map(|day| day.parse().expect("a day"));
    assert!(expired("", last).verdict.passed);
    let over = expired("", next);
    assert!(!over.verdict.passed, "{}", over.verdict.words);
    assert_eq!(
        codes(&over),
        [
            (Code::UnfitShown, Status::Counted),
            (Code::WaiverOver, Status::Counted)
        ]
    );
    assert_eq!(over.waivers[0].state, WaiverState::Over);
    assert!(over.findings[1].words.contains("ended on 2027-03-01"));
    assert!(summary(&over).contains("2027-03-01: over."));
}

/// It may show an expired certificate. It may not end because of it.
#[test]
fn a_waiver_hides_no_loss_that_it_does_not_name() {
    let lines = format!("[allow.expired]\n{WHY}");
    for other in [
        ("expired", Code::Stopped),
        ("expired", Code::KeyInLog),
        ("expired", Code::NotRecovered),
        ("wrong-name", Code::UnfitShown),
        ("rotation", Code::UnfitShown),
    ] {
        let report = found(&[("expired", Code::UnfitShown), other]);
        let report = judged_with(report, &lines, today());
        assert!(
            !report.verdict.passed,
            "{other:?}: {}",
            report.verdict.words
        );
        let counted: Vec<_> = report.findings.iter().filter(|of| of.fails()).collect();
        assert_eq!(counted.len(), 1, "{other:?}");
        assert_eq!((counted[0].scenario.as_str(), counted[0].code), other);
    }
    // Unless it is named.
    let report = found(&[("expired", Code::UnfitShown), ("expired", Code::Stopped)]);
    let more = format!("{lines}findings = [\"unfit_shown\", \"stopped\"]\n");
    assert!(judged_with(report, &more, today()).verdict.passed);
}

/// Passed, failed in another way, not run, and not to be run against this server: all told apart.
#[test]
fn a_waiver_that_does_not_apply_is_a_finding() {
    let lines = format!("[allow.expired]\n{WHY}");
    let mut not_run = sample::healthy();
    not_run.scenarios.retain(|of| of.name != "expired");
    let mut for_others = sample::healthy();
    for_others.scenarios[3].name = "expired".into();
    for_others.scenarios.remove(2);
    let mut excused = sample::healthy();
    let overloaded =
        "Not counted, because the server or this machine is overloaded: full: 3 failed.";
    excused.findings = vec![Finding {
        words: overloaded.into(),
        ..sample::finding(Severity::Warning, Code::UnfitShown, "expired", &[])
    }];
    let cases = [
        (
            excused,
            Code::WaiverUntested,
            WaiverState::Untested,
            "is not counted, because there was too much to do",
        ),
        (
            sample::healthy(),
            Code::WaiverUnneeded,
            WaiverState::Unneeded,
            "the scenario passed",
        ),
        (
            found(&[("expired", Code::Stopped)]),
            Code::WaiverUnneeded,
            WaiverState::Unneeded,
            "the scenario failed by stopped",
        ),
        (
            not_run,
            Code::WaiverUntested,
            WaiverState::Untested,
            "was not run this time",
        ),
        (
            for_others,
            Code::WaiverUntested,
            WaiverState::Untested,
            "does not apply to this server",
        ),
    ];
    for (report, code, state, said) in cases {
        let passes = judged(report.clone(), Level::All).verdict.passed;
        let report = judged_with(report, &lines, today());
        assert_eq!(report.waivers[0].state, state, "{said}");
        // A server that failed by something else does not read as one that passed.
        let shown = report.waivers[0].to_string();
        assert!(!shown.contains("not needed"), "{shown}");
        let about = report.findings.iter().find(|of| of.code.is_of_waiver());
        let about = about.unwrap_or_else(|| panic!("{said}"));
        assert_eq!((about.code, about.severity), (code, Severity::Warning));
        assert!(about.words.contains(said), "{}", about.words);
        // It is about the file, and not about the server.
        assert_eq!(report.verdict.passed, passes, "{said}");
    }
}

fn severed(kind: FailureKind) -> Evidence {
    Evidence {
        class: Class::Download,
        kind,
        phase: None,
        at_ms: Some(312.5),
        said: "the connection was reset".into(),
    }
}

/// A server that cuts downloads at each reload cuts them in each scenario, too.
#[test]
fn a_waiver_of_rotation_covers_the_same_failure_where_scenarios_repeat_it_and_no_other() {
    let mut report = found(&[
        ("rotation", Code::Severed),
        ("burst", Code::Severed),
        ("torn", Code::Severed),
        ("torn", Code::LastGoodLost),
    ]);
    for found in &mut report.findings {
        let kind = match (found.scenario.as_str(), found.code) {
            (_, Code::LastGoodLost) => FailureKind::Refused,
            _ => FailureKind::Severed,
        };
        found.evidence = vec![severed(kind)];
    }
    let lines = format!("[allow.rotation]\n{WHY}findings = [\"severed\"]\n");
    let report = judged_with(report, &lines, today());
    let counted: Vec<_> = report.findings.iter().filter(|of| of.fails()).collect();
    assert_eq!(counted.len(), 1, "{counted:#?}");
    assert_eq!(counted[0].code, Code::LastGoodLost);
    let words = &report.verdict.words;
    assert!(words.contains("loses no more than is waived"), "{words}");
    assert!(
        words.contains("severed in rotation (until 2027-03-01)"),
        "{words}"
    );
    assert!(!words.contains("rotates with zero downtime"), "{words}");
}

/// One name may stand for several kinds of loss.
#[test]
fn a_waiver_of_rotation_covers_no_other_kind_of_failure_in_a_scenario() {
    let mut report = found(&[("rotation", Code::Severed), ("burst", Code::Severed)]);
    for found in &mut report.findings {
        let kind = match found.scenario.as_str() {
            "burst" => FailureKind::Interrupted,
            _ => FailureKind::Severed,
        };
        found.evidence = vec![severed(kind)];
    }
    let lines = format!("[allow.rotation]\n{WHY}findings = [\"severed\"]\n");
    let report = judged_with(report, &lines, today());
    let counted = report.findings.iter().filter(|of| of.fails());
    let counted: Vec<_> = counted.map(|of| of.scenario.as_str()).collect();
    assert_eq!(counted, ["burst"]);
}

#[test]
fn a_merged_report_keeps_the_waivers_of_the_generator_that_rotates() {
    let [load, _, other] = sample::pods();
    let rotating = found(&[("expired", Code::UnfitShown)]);
    let pods = [load, rotating, other].map(|pod| {
        let lines = format!("[allow.expired]\n{WHY}");
        judged_with(pod, &lines, today())
    });
    let merged = merge(pods.to_vec()).expect("they are of one run");
    assert!(merged.verdict.passed, "{}", merged.verdict.words);
    assert_eq!(merged.waivers.len(), 1);
    assert_eq!(codes(&merged), [(Code::UnfitShown, Status::Waived)]);
}

#[test]
fn a_level_that_does_not_require_it_needs_no_waiver_and_objects_to_none() {
    let mut report = found(&[("expired", Code::UnfitShown)]);
    report.plan.require = Level::Rotation;
    let report = judged_with(report, &format!("[allow.expired]\n{WHY}"), today());
    assert!(report.verdict.passed);
    assert_eq!(codes(&report), [(Code::UnfitShown, Status::NotRequired)]);
    assert!(
        !report.verdict.words.contains("Waived"),
        "{}",
        report.verdict.words
    );
}

#[test]
fn every_scenario_and_every_finding_can_be_named() {
    for scenario in Scenario::all() {
        let name = scenario.name();
        let waivers = allowed(&format!("[allow.{name}]\n{WHY}"));
        assert_eq!(waivers[0].scenario, name);
        assert_eq!(waivers[0].findings, scenario.fails_by());
    }
    let level = |text: &str| Spec::parse(&format!("{text}{COMMAND}")).map(|spec| spec.require);
    assert_eq!(
        level("require = \"faults\"\n").unwrap(),
        Some(Level::Faults)
    );
    assert_eq!(level("").unwrap(), None);
}

/// Each mistake has its line, and what to write instead.
#[test]
fn what_is_wrong_with_a_waiver() {
    let cases = [
        (
            "[allow.expird]\n@",
            "line 2",
            "`expird` is no scenario: did you mean `expired`?",
        ),
        (
            "[allow.weather]\n@",
            "line 2",
            "`weather` is no scenario: rotation, torn, ",
        ),
        (
            "[allow.expired]\nuntil = 2027-03-01",
            "line 2",
            "missing key `because` in `[allow.SCENARIO]`",
        ),
        (
            "[allow.expired]\nbecause = \"  \"\nuntil = 2027-03-01",
            "line 3",
            "`because` is empty",
        ),
        (
            "[allow.expired]\nbecause = \"x\"",
            "line 2",
            "missing key `until` in `[allow.SCENARIO]`",
        ),
        (
            "[allow.expired]\nbecause = \"x\"\nuntil = \"2027-03-01\"",
            "line 4",
            "without quotes",
        ),
        (
            "[allow.expired]\nbecause = \"x\"\nuntil = 2027-03-01T10:00:00Z",
            "line 4",
            "a day",
        ),
        (
            "[allow.expired]\nbecause = \"x\"\nuntil = 2027-02-30",
            "line 4",
            "",
        ),
        (
            "[allow.expired]\n@findings = []",
            "line 5",
            "`findings` is empty",
        ),
        (
            "[allow.expired]\n@findings = [\"unfit_show\"]",
            "line 5",
            "did you mean `unfit_shown`?",
        ),
        (
            "[allow.expired]\n@findings = [\"waiver_over\"]",
            "line 5",
            "is no finding: ",
        ),
        (
            "[allow.expired]\n@reason = \"x\"",
            "line 5",
            "unknown key `reason`",
        ),
        (
            "[allow.rotation]\n@",
            "line 2",
            "has to name what it allows",
        ),
        ("require = \"none\"", "line 2", "unknown variant `none`"),
    ];
    for (lines, line, said) in cases {
        let lines = lines.replace('@', WHY);
        let error = match Spec::parse(&format!("{COMMAND}{lines}")) {
            Ok(spec) => panic!("{lines}: {spec:?}"),
            Err(error) => error.to_string(),
        };
        assert!(
            error.contains(line) && error.contains(said),
            "{lines}: {error}"
        );
    }
}

/// A mistake does not hide those beside it: who mends the first would be told of the next only then.
#[test]
fn every_mistake_of_a_waiver_is_told_at_once() {
    let lines = [
        "[allow.expired]",
        "because = 3",
        "until = \"2027-03-01\"",
        "findings = []",
        "[allow.torn]",
        "because = \" \"",
        "until = 2027-03-01T10:00:00Z",
        "findings = [\"unfit_show\", 7]",
    ];
    let error = Spec::parse(&format!("{COMMAND}{}", lines.join("\n")));
    let error = error.unwrap_err().to_string();
    let told = [
        ("line 3", "invalid type: integer `3`"),
        ("line 4", "without quotes"),
        ("line 5", "`findings` is empty"),
        ("line 7", "`because` is empty"),
        ("line 8", "without quotes"),
        ("line 9", "did you mean `unfit_shown`?"),
    ];
    for (line, said) in told {
        let mut mistakes = error.split("\n\n");
        let is_told = mistakes.any(|of| of.contains(line) && of.contains(said));
        assert!(is_told, "{line}: {said}: {error}");
    }
    assert_eq!(error.split("\n\n").count(), told.len(), "{error}");
}

/// Nor do contradictions, of which each by itself may be meant.
#[test]
fn every_contradiction_is_told_at_once() {
    let lines = "download = \"/big\"\nsecond_keys = \"ecdsa\"\nother_name = \"localhost\"\n";
    let error = Spec::parse(&format!("{COMMAND}{lines}"));
    let error = error.unwrap_err().to_string();
    for said in [
        "line 2",
        "`download` is for",
        "line 3",
        "name another kind",
        "line 4",
        "`other_name` is the name",
    ] {
        assert!(error.contains(said), "{said}: {error}");
    }
}
