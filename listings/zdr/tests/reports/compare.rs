//! What is worse, what is chance, and what cannot be compared.

use zdr::attempt::{Class, FailureKind};
use zdr::compare::{Change, Comparison, compare};
use zdr::report::{Code, Phase, Report, Severity};

use super::sample::{self, Run, failed, finding};

fn class(comparison: &Comparison, class: Class) -> &zdr::compare::ClassComparison {
    let of = |one: &&zdr::compare::ClassComparison| one.class == class;
    comparison.classes.iter().find(of).expect("it is in both")
}

fn with(refused: u64, after: u64) -> Report {
    Run {
        load: 500,
        failed: vec![
            failed(Class::Full, FailureKind::Refused, Phase::During, refused),
            failed(Class::Full, FailureKind::Refused, Phase::After, after),
        ],
        ..Run::default()
    }
    .report()
}

#[test]
fn a_report_is_not_worse_than_itself() {
    for report in [sample::healthy(), sample::failing(), sample::empty()] {
        let comparison = compare(&report, &report);
        assert!(!comparison.worse());
        assert!(comparison.comparable);
        assert!(comparison.differences.is_empty());
        assert!(comparison.new.is_empty() && comparison.gone.is_empty());
        for class in &comparison.classes {
            assert_eq!(class.change, Change::Chance);
            assert_eq!(class.steady.p50, Some(1.0));
        }
    }
}

#[test]
fn a_few_more_are_chance_and_many_are_not() {
    // 24,000 attempts each. 3 against 6 happens often; 3 against 40 does not.
    let chance = compare(&with(3, 0), &with(3, 3));
    assert_eq!(class(&chance, Class::Full).change, Change::Chance);
    assert!(!chance.worse());

    let worse = compare(&with(3, 0), &with(3, 37));
    assert_eq!(class(&worse, Class::Full).change, Change::Worse);
    assert!(worse.worse());

    let better = compare(&with(3, 37), &with(3, 0));
    assert_eq!(class(&better, Class::Full).change, Change::Better);
    assert!(!better.worse(), "fewer failures are not worse");
}

#[test]
fn the_probability_is_that_of_fishers_test() {
    // Fisher's own table, the lady who tastes tea: 3 of 4 against 1 of 4, one sided 17 / 70.
    let tea = |failed| {
        let mut report = sample::healthy();
        report.classes.truncate(1);
        report.classes[0].attempts = 4;
        report.classes[0].failed = failed;
        report
    };
    let comparison = compare(&tea(1), &tea(3));
    let probability = comparison.classes[0].probability;
    assert!((probability - 17.0 / 70.0).abs() < 1e-9, "{probability}");
}

#[test]
fn six_classes_do_not_make_chance_six_times_as_likely() {
    // 0 against 6 of as many attempts: 1 of 64 by chance. One class alone would be called worse at
    // 1 of 40; of six, one would look like this in every tenth comparison.
    let comparison = compare(&with(0, 0), &with(6, 0));
    let full = class(&comparison, Class::Full);
    assert!(full.probability < 0.025, "{}", full.probability);
    assert_eq!(full.change, Change::Chance);
}

#[test]
fn a_new_failure_is_worse_and_a_new_warning_is_not() {
    let before = sample::healthy();
    let found = |severity| {
        Run {
            findings: vec![finding(severity, Code::WentBack, "rotation", &[25])],
            ..Run::default()
        }
        .report()
    };
    let warned = compare(&before, &found(Severity::Warning));
    assert_eq!(warned.new.len(), 1);
    assert!(!warned.worse());
    let failed = compare(&before, &found(Severity::Failure));
    assert!(failed.worse());
    let grown = compare(&found(Severity::Warning), &found(Severity::Failure));
    assert!(grown.worse(), "a warning that became a failure");
    let mended = compare(&found(Severity::Failure), &before);
    assert_eq!((mended.new.len(), mended.gone.len()), (0, 1));
    assert!(!mended.worse());
}

#[test]
fn a_report_without_a_verdict_says_nothing_of_a_server() {
    let mut cut_short = sample::interrupted();
    cut_short.verdict.passed = false;
    let comparison = compare(&sample::healthy(), &cut_short);
    assert!(!comparison.worse(), "{comparison}");
    assert!(comparison.undecided(), "{comparison}");
    let text = comparison.to_string();
    assert!(
        text.contains(&format!("{}: no verdict\n", cut_short.began)),
        "{text}"
    );
    let end = "\nNot decided: the later report has no verdict.\n";
    assert!(text.ends_with(end), "{text}");
    // What had failed until then has failed.
    let mut failing = sample::failing();
    failing.interrupted = cut_short.interrupted.clone();
    let comparison = compare(&sample::healthy(), &failing);
    assert!(comparison.worse() && !comparison.undecided());
    // A whole report after one that was cut short has its verdict.
    assert!(!compare(&cut_short, &sample::healthy()).undecided());
}

#[test]
fn a_finding_with_other_figures_is_the_same_finding() {
    let mut before = sample::failing();
    let after = before.clone();
    before.findings[0].words = "97 of 12,000 were refused.".into();
    let comparison = compare(&before, &after);
    assert!(comparison.new.is_empty() && comparison.gone.is_empty());
}

#[test]
fn latency_and_times_are_ratios() {
    let slow = Run {
        latency_us: 1_800,
        slower: 4,
        reload_ms: 120.0,
        ..Run::default()
    };
    let comparison = compare(&sample::healthy(), &slow.report());
    let full = class(&comparison, Class::Full);
    let near = |ratio: Option<f64>, is: f64| {
        let ratio = ratio.expect("both have latency");
        assert!((ratio / is - 1.0).abs() < 0.01, "{ratio} is not {is}");
    };
    near(full.steady.p50, 2.0);
    near(full.rotating.p99, 4.0);
    let (before, after) = &comparison.rotations;
    assert_eq!(before.first_new_median_ms, Some(40.0));
    assert_eq!(after.first_new_median_ms, Some(120.0));
    near(after.first_new_worst_ms, 204.0);
    assert!(!comparison.worse(), "slower is no failure");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let before = sample::healthy();
    let mut after = sample::healthy();
    after.plan.writer = "in_place".into();
    after.machine.cores = 64;
    let comparison = compare(&before, &after);
    assert!(!comparison.comparable);
    let text = comparison.to_string();
    assert!(text.contains("These two are not comparable"), "{text}");
    assert!(text.contains("* writer: symlink / in_place"), "{text}");
    assert!(text.contains("* cores: 2 / 64"), "{text}");

    // Another server is what a comparison is for.
    let mut other = sample::healthy();
    other.server.name = "nginx".into();
    let comparison = compare(&before, &other);
    assert!(comparison.comparable);
    assert!(
        comparison
            .to_string()
            .contains("server: ch06-in-flight-requests / nginx")
    );
}

#[test]
fn a_class_that_only_one_has_is_left_out() {
    let before = sample::healthy();
    let mut after = sample::healthy();
    after.classes.retain(|class| class.class != Class::Mutual);
    assert_eq!(
        compare(&before, &after).classes.len(),
        sample::CLASSES.len() - 1
    );
}

#[test]
fn it_is_said_in_a_hundred_columns() {
    let mut failing = sample::failing();
    failing.server.name = "\u{1b}[31mred\u{1b}[0m ".repeat(40);
    for comparison in [
        compare(&sample::healthy(), &failing),
        compare(&failing, &sample::empty()),
        compare(&sample::long(100), &sample::healthy()),
    ] {
        let text = comparison.to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        assert!(!text.contains('\u{1b}'), "a terminal would obey: {text}");
    }
}

#[test]
fn it_is_json_for_machines() {
    let comparison = compare(&sample::healthy(), &sample::failing());
    let json = serde_json::to_string(&comparison).expect("it is JSON");
    let again: Comparison = serde_json::from_str(&json).expect("it is what it was");
    assert_eq!(again, comparison);
    assert!(again.worse());
}

#[test]
fn what_a_terminal_shows() {
    let text = compare(&sample::healthy(), &sample::failing()).to_string();
    snapbox::Assert::new()
        .action_env("SNAPSHOTS")
        .eq(text, snapbox::file!["compare.txt"].raw());
}
