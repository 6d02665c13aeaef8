//! The report for a terminal.

use zdr::compare::compare;
use zdr::judge::verdict::verdict;
use zdr::report::news::causes;
use zdr::report::page::page;
use zdr::report::reproduce::{Reproduction, reproduction};
use zdr::report::standing::Standing;
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

/// A command that fails each time reloads nothing: the server sees its files without it.
#[test]
fn a_reload_that_failed_is_told_although_the_certificate_was_shown() {
    let mut report = sample::healthy();
    assert!(!summary(&report).contains("what reloads the server failed"));
    let all = report.rotations.len();
    for rotation in &mut report.rotations[1..] {
        rotation.complaint = Some("the command `reload it` failed: exit status: 3".into());
    }
    let text = summary(&report);
    let words: Vec<&str> = text.split_whitespace().collect();
    let said = format!(
        "what reloads the server failed in {} of {all} rotations, first in rotation 2: the command `reload it` failed: \
         exit status: 3",
        all - 1
    );
    assert!(words.join(" ").contains(&said), "{text}");
    // Where nothing new was shown, a finding says it.
    for rotation in &mut report.rotations {
        rotation.first_new_ms = None;
    }
    assert!(!summary(&report).contains("what reloads the server failed"));
}

/// A restart is over when the server serves again, and clients may be shown the new certificate by then.
#[test]
fn what_the_times_of_a_restart_count_from_is_said() {
    let mut restarted = sample::healthy();
    let plain = summary(&restarted);
    assert!(!plain.contains("the first file"), "{plain}");
    for rotation in &mut restarted.rotations {
        rotation.notified_ms = rotation.began_ms + 702.0;
        rotation.first_new_ms = Some(-2.0);
    }
    for (reload, told) in [("by a restart", "restart"), ("by `reload it`", "command")] {
        restarted.server.reload = reload.into();
        let text = summary(&restarted).replace("\n  ", " ");
        let from = format!("after the {told} was over, or 700 ms and 700 ms after the first file");
        assert!(text.contains(&from), "{text}");
        let html = page(&restarted);
        assert!(
            html.contains(&format!("after the {told} was over")),
            "{html}"
        );
    }
    // A socket answers when the new files are loaded: the time until then is the server's, too, however soon it shows
    // them after that.
    for first_new in [-2.0, 3.0] {
        let mut asked = restarted.clone();
        asked.server.reload = "over the socket {dir}/my.sock".into();
        for rotation in &mut asked.rotations {
            rotation.first_new_ms = Some(first_new);
        }
        let text = summary(&asked).replace("\n  ", " ");
        let whole = format!(
            "{0:.0} ms and {0:.0} ms after the first file",
            702.0 + first_new
        );
        let from = format!("after the socket's last answer, or {whole}");
        assert!(text.contains(&from), "{text}");
    }
    // One that reads its files for each handshake has shown it before the signal.
    restarted.server.reload = "by the signal HUP".into();
    let text = summary(&restarted).replace("\n  ", " ");
    let from = "after the files were complete and it was told, or 700 ms and 700 ms after";
    assert!(text.contains(from), "{text}");
    // Nothing tells one that follows its files.
    restarted.server.reload = "it follows its files".into();
    let text = summary(&restarted).replace("\n  ", " ");
    let from = "after the files were complete, or 700 ms and 700 ms after";
    assert!(text.contains(from), "{text}");
    for rotation in &mut restarted.rotations {
        rotation.first_new_ms = Some(2.0);
    }
    assert!(!summary(&restarted).contains("the first file"));
}

/// A terminal of 80 columns breaks no line of the report, whatever a usual run's figures are.
#[test]
fn no_line_is_wider_than_a_terminal() {
    let mut busy = sample::failing();
    for class in &mut busy.classes {
        (class.attempts, class.failed) = (123_456, 12_345);
    }
    for (scenario, failed) in busy.scenarios.iter_mut().zip([0, 843, 1_369]) {
        scenario.name = "other-intermediate".into();
        (scenario.attempts, scenario.failed) = (1_369, failed);
    }
    let before = sample::healthy();
    let compared = compare(&before, &busy).to_string();
    for text in [summary(&busy), summary(&before), compared] {
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(!text.contains('…'), "nothing is cut: {text}");
    }
}

/// Figures that no usual run has make a line longer: none of them is lost.
#[test]
fn figures_that_are_only_large_are_whole() {
    let mut huge = sample::healthy();
    huge.scenarios[0].attempts = 123_456_789;
    huge.scenarios[0].failed = 12_345_678;
    let text = summary(&huge);
    assert!(text.contains("12,345,678 of 123,456,789 (< "), "{text}");
    assert!(!text.contains('…'), "{text}");
}

/// What is shown of a command is one command, word for word: no word is broken, and nothing in quotes.
#[test]
fn a_shell_reads_a_command_as_it_was_meant() {
    let mut report = sample::failing();
    let reach = report.server.reach.as_mut().expect("it is known");
    reach.request = Some(format!("/{}", "long/".repeat(40)));
    reach.name = "a b".repeat(30);
    reach.address = "2001:db8::1:8443".into();
    let text = summary(&report);
    let shown: Vec<_> = causes(&report)
        .iter()
        .filter_map(|cause| reproduction(&report, cause))
        .collect();
    assert!(shown.len() > 2);
    for Reproduction { command, .. } in shown {
        let first = command.split(' ').next().expect("a word");
        let first = format!("       {first} ");
        let commands = text.match_indices(&first);
        let read = commands.map(|(at, _)| text[at..].replace(" \\\n       ", ""));
        let words = |command: &str| {
            let line = command.trim_start().lines().next().expect("a line");
            shlex::split(line).expect("quotes are closed")
        };
        let mut read = read.map(|command| words(&command));
        assert!(
            read.any(|read| read == words(&command)),
            "{command}\n{text}"
        );
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
        assert!(row.contains("0 of 250 (< 1.2 %)"), "{row}");
        assert!(row.ends_with("0 of 5 (< 46 %)"), "{row}");
    }
    assert!(
        at_risk.contains("only the bound of the rotations is valid"),
        "{at_risk}"
    );
    assert!(!text.contains(" 0 %"), "{text}");
}

#[test]
fn why_it_ended_early_is_said_once() {
    let mut report = sample::interrupted();
    let said = |report: &zdr::report::Report| summary(report).matches("Ctrl-C").count();
    assert!(summary(&report).contains("Not everything was judged: Ctrl-C"));
    assert_eq!(said(&report), 1);
    report.verdict = verdict(&report);
    assert_eq!(report.standing(), Standing::Undecided);
    assert_eq!(said(&report), 1);
    // A failure is a verdict, and does not say that there was no more.
    let interrupted = report.interrupted;
    let mut report = sample::failing();
    report.interrupted = interrupted;
    report.verdict = verdict(&report);
    assert_eq!(report.standing(), Standing::Failed);
    assert_eq!(said(&report), 1);
}
