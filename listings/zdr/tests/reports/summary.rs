//! The report for a terminal.

use zdr::report::text::{WIDTH, summary};

use super::sample;

#[test]
fn what_a_terminal_shows() {
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(
        summary(&sample::failing()),
        snapbox::file!["summary.txt"].raw(),
    );
}

#[test]
fn as_wide_as_it_may_be_and_without_control() {
    let mut hostile = sample::failing();
    hostile.verdict.words = format!("{} \u{1b}[2J ends", "a".repeat(400));
    hostile.findings[0].words = "many words ".repeat(60);
    hostile.classes[0].failures[0].example = "\u{1b}]0;title\u{7} \r\n x".repeat(30);
    for report in [
        hostile,
        sample::healthy(),
        sample::interrupted(),
        sample::empty(),
    ] {
        let text = summary(&report);
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(control), "a terminal would obey: {text:?}");
    }
}

#[test]
fn zero_failures_have_their_bound() {
    let text = summary(&sample::healthy());
    let (_, at_risk) = text.split_once("\nAt risk").expect("the table");
    for class in sample::CLASSES {
        let begins = format!("  {class} ");
        let row = at_risk
            .lines()
            .find(|line| line.starts_with(&begins))
            .unwrap_or_else(|| panic!("no {class}"));
        assert!(row.contains("none of 250 (< 1.2 %)"), "{row}");
        assert!(row.ends_with("none of 5 (< 46 %)"), "{row}");
    }
    assert!(
        at_risk.contains("only the bound of the rotations holds"),
        "{at_risk}"
    );
    assert!(!text.contains(" 0 %"), "{text}");
}

#[test]
fn why_it_ended_early_is_said() {
    let text = summary(&sample::interrupted());
    assert!(text.contains("ended before its time: Ctrl-C"), "{text}");
}
