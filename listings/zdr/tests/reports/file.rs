//! A report as a file: whole or not at all, and what is wrong with it is said with its line.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use zdr::attempt::Class;
use zdr::compare::compare;
use zdr::compare::merge::merge;
use zdr::gate::level::Level;
use zdr::report::Report;
use zdr::report::page::page;
use zdr::report::text::summary;

use super::sample;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn wrong(file: &Path) -> String {
    Report::read(file).expect_err("it is wrong").to_string()
}

#[test]
fn what_is_written_is_read() {
    let directory = directory();
    let file = directory.path().join("report.json");
    for report in [sample::failing(), sample::empty(), sample::healthy()] {
        report.write(&file).expect("there is room");
        assert_eq!(Report::read(&file).expect("it was written so"), report);
    }
    let files = fs::read_dir(directory.path()).expect("it is there").count();
    assert_eq!(files, 1, "nothing else is left there");
}

#[test]
fn others_may_read_it_as_the_mask_says() {
    let directory = directory();
    let (file, usual) = (directory.path().join("a"), directory.path().join("b"));
    sample::empty().write(&file).expect("there is room");
    fs::write(&usual, "").expect("there is room");
    let mode = |path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
    };
    assert_eq!(mode(file), mode(usual));
}

#[test]
fn a_line_for_each_rotation_finding_and_slice() {
    let report = sample::failing();
    let json = report.json();
    assert!(json.lines().count() > report.rotations.len() + report.timeline.len());
    assert!(
        json.lines()
            .any(|line| line.contains("tickets_lost") && line.ends_with('}'))
    );
}

#[test]
fn ten_thousand_rotations_are_a_few_megabytes() {
    let bytes = sample::long(10_000).json().len();
    assert!(bytes < 4_000_000, "{bytes}");
}

#[test]
fn no_file() {
    let file = directory().path().join("none.json");
    let said = wrong(&file);
    assert_eq!(
        said,
        format!("{}: No such file or directory (os error 2)", file.display())
    );
}

#[test]
fn a_file_of_another_command_is_told_by_that() {
    let directory = directory();
    let file = directory.path().join("watched.json");
    for (json, command) in [
        (
            r#"{"format": 3, "server": "localhost:443", "looks": 28}"#,
            "zdr watch",
        ),
        (
            r#"{"format": 1, "command": ["curl"], "steps": []}"#,
            "zdr check-client",
        ),
    ] {
        fs::write(&file, json).expect("there is room");
        let said = wrong(&file);
        let begins = format!("{}: `{command}` has written it", file.display());
        assert!(said.starts_with(&begins), "{said}");
    }
}

#[test]
fn a_mistake_has_a_line() {
    let directory = directory();
    let file = directory.path().join("report.json");
    let json = sample::failing().json();
    let broken = json.replace("\"not_recovered\"", "\"not_amused\"");
    let line = broken
        .lines()
        .position(|line| line.contains("not_amused"))
        .expect("it is there")
        + 1;
    fs::write(&file, broken).expect("there is room");
    let said = wrong(&file);
    let begins = format!(
        "{}:{line}: this is no report: unknown variant `not_amused`",
        file.display()
    );
    assert!(said.starts_with(&begins), "{said}");
    assert!(
        !said.contains(" at line "),
        "the place is said once: {said}"
    );

    fs::write(&file, &json[..json.len() / 2]).expect("there is room");
    let said = wrong(&file);
    assert!(
        said.contains("this is no report: EOF while parsing"),
        "{said}"
    );

    fs::write(&file, "").expect("there is room");
    assert!(wrong(&file).contains("EOF"), "{}", wrong(&file));
}

/// What only Linux tells is missed elsewhere, and that is said.
#[test]
fn what_the_system_does_not_tell_is_named() {
    let untold = |report: &Report| {
        let covered = zdr::judge::verdict::verdict(report);
        let mut missing = covered.not_covered.into_iter();
        missing.any(|what| what.starts_with("memory, processes and descriptors"))
    };
    let mut report = sample::healthy();
    assert!(!untold(&report));
    // A server that is attached to, without its number.
    report.resources = None;
    assert!(!untold(&report));
    report.machine.system = "macos 25.1.0".into();
    assert!(untold(&report));
}

/// Without connections that are held, or in a run that is too short, a class makes no attempt.
#[test]
fn a_class_without_an_attempt_is_not_covered() {
    let missed = |report: &Report| {
        let mut missed = zdr::judge::verdict::verdict(report).not_covered;
        missed.retain(|what| what.contains("(class "));
        missed
    };
    let mut report = sample::healthy();
    assert_eq!(missed(&report), Vec::<String>::new());
    let idle = report
        .classes
        .iter_mut()
        .find(|of| of.class == Class::Download);
    idle.expect("it is in the sample").attempts = 0;
    let said = "whether a long answer is cut (class download)";
    assert_eq!(missed(&report), [said]);
    // Where nobody asked for anything, the verdict says that.
    for class in &mut report.classes {
        class.attempts = 0;
    }
    assert_eq!(missed(&report), Vec::<String>::new());
}

/// Format 1 had none of what formats 2 to 4 have added.
#[test]
fn an_earlier_format_is_read() {
    let directory = directory();
    let file = directory.path().join("report.json");
    let mut old: Value = serde_json::from_str(&sample::healthy().json()).expect("it is JSON");
    old["format"] = 1.into();
    let removed = [
        old["verdict"]
            .as_object_mut()
            .map(|of| of.remove("not_covered")),
        old["verdict"]
            .as_object_mut()
            .map(|of| of.remove("at_risk")),
        old["plan"].as_object_mut().map(|of| of.remove("left_out")),
        old["plan"].as_object_mut().map(|of| of.remove("require")),
        old["plan"]
            .as_object_mut()
            .map(|of| of.remove("scenarios_left_out")),
        old.as_object_mut().map(|of| of.remove("waivers")),
        old["scenarios"][0]
            .as_object_mut()
            .map(|of| of.remove("level")),
        old["resources"]
            .as_object_mut()
            .map(|of| of.remove("handles")),
    ];
    assert!(removed.iter().all(|field| matches!(field, Some(Some(_)))));
    for class in old["classes"].as_array_mut().expect("a list") {
        let class = class.as_object_mut().expect("a class");
        class.remove("at_risk").expect("it was there");
    }
    fs::write(&file, old.to_string()).expect("there is room");
    let report = Report::read(&file).expect("it is a report");
    assert_eq!(report.format, 1);
    assert_eq!(report.plan.require, Level::All);
    assert_eq!(report.scenarios[0].level, Level::All);
    assert!(report.verdict.not_covered.is_empty() && report.plan.left_out.is_empty());
    assert_eq!(
        report.resources.as_ref().and_then(|of| of.handles.as_ref()),
        None
    );
    assert_eq!(report.verdict.at_risk, None);
    // It is shown, compared and merged, and what it does not say is not made up.
    assert!(!summary(&report).contains("At risk"));
    let compared = compare(&report, &sample::healthy()).to_string();
    assert!(compared.contains("not known"), "{compared}");
    let [mut load, ..] = sample::pods();
    load.classes.truncate(2);
    let merged = merge(vec![report, load]).expect("they are of one run");
    let words = &merged.verdict.words;
    assert!(
        words.contains("how many of them were at risk is not known"),
        "{words}"
    );
}

#[test]
fn a_later_format_is_named_before_its_fields() {
    let directory = directory();
    let file = directory.path().join("report.json");
    fs::write(&file, "{\"format\": 7, \"weather\": \"bad\"}").expect("there is room");
    let said = wrong(&file);
    let expected = format!(
        "{}: a report of format 7, and this zdr knows formats 1 to 4: use the zdr that wrote it",
        file.display()
    );
    assert_eq!(said, expected);
}

/// `/dev/stdout`, or `>(command)` of a shell: a rename would put a file in its place.
#[test]
fn a_pipe_gets_the_report_and_stays_a_pipe() {
    let directory = directory();
    let pipe = directory.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success(), "{made}");
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe)
    });
    sample::failing().write(&pipe).expect("somebody reads");
    let kind = fs::metadata(&pipe).expect("it is there still").file_type();
    assert!(!kind.is_file(), "it was replaced by a file");
    let read = reader.join().expect("no panic").expect("a report");
    assert_eq!(read, sample::failing().json());
}

#[test]
fn no_folder_and_a_name_that_is_too_long() {
    let directory = directory();
    let no_folder = directory.path().join("none/report.json");
    let too_long = directory.path().join("n".repeat(300));
    for file in [no_folder, too_long] {
        let error = sample::healthy()
            .write(&file)
            .expect_err("it cannot be")
            .to_string();
        assert!(error.contains("the report was not written: "), "{error}");
    }
    assert_eq!(
        fs::read_dir(directory.path()).expect("it is there").count(),
        0
    );
}

#[test]
fn a_link_stays_a_link() {
    let directory = directory();
    let (file, link) = (
        directory.path().join("run-7.json"),
        directory.path().join("last.json"),
    );
    fs::write(&file, "old").expect("there is room");
    symlink("run-7.json", &link).expect("a link");
    sample::healthy().write(&link).expect("there is room");
    assert!(
        fs::symlink_metadata(&link)
            .expect("it is there")
            .is_symlink()
    );
    assert_eq!(
        Report::read(&file).expect("through the link"),
        sample::healthy()
    );
}

const ASKED: &str = "ZDR_TEST_REPORT";

/// Not a test of its own: what the next one runs in a process whose files may not be large.
#[test]
fn writes_where_it_is_asked_to() {
    if let Some(file) = std::env::var_os(ASKED) {
        let error = sample::failing()
            .write(Path::new(&file))
            .expect_err("no room");
        assert!(error.to_string().contains("File too large"), "{error}");
    }
}

/// The disk is full in the middle of the report: the old one is there still, and whole.
#[test]
fn a_report_that_finds_no_room_leaves_the_old_one_whole() {
    let directory = directory();
    let file = directory.path().join("report.json");
    sample::empty().write(&file).expect("there is room");
    let program = std::env::current_exe().expect("this program");
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"])
        .arg(program)
        .args(["--exact", "file::writes_where_it_is_asked_to"])
        .env(ASKED, &file)
        // The limit holds for a file that we print to, too.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("a shell");
    assert!(status.success(), "{status}");
    assert_eq!(Report::read(&file).expect("it is whole"), sample::empty());
    let left = fs::read_dir(directory.path()).expect("it is there").count();
    assert_eq!(left, 1, "a part of the new one was left");
}

#[test]
fn figures_that_no_run_has_are_refused() {
    let directory = directory();
    let file = directory.path().join("report.json");
    let report = sample::failing().json();
    for (from, to, said) in [
        ("\"seconds\": 12.0", "\"seconds\": 1e300", "seconds: "),
        (
            "\"seconds\": 12.0",
            "\"seconds\": -1.0",
            "seconds: -1 is before it began",
        ),
        (
            "\"failed\":100,",
            "\"failed\":2401,",
            "full: 2401 of 250 failed",
        ),
        ("\"began_ms\":2000.0", "\"began_ms\":-1e40", "began_ms: "),
        (
            "\"goodbyes\":3",
            "\"goodbyes\":18446744073709551615",
            "goodbyes: 18446744073709551615",
        ),
    ] {
        assert!(report.contains(from), "{from}");
        fs::write(&file, report.replacen(from, to, 1)).expect("there is room");
        let error = wrong(&file);
        assert!(
            error.contains(&format!("this is no report: {said}")),
            "{error}"
        );
    }
}

#[test]
fn more_failures_than_were_at_risk_are_refused() {
    let directory = directory();
    let file = directory.path().join("report.json");
    let report = sample::failing().json();
    let mut report: Value = serde_json::from_str(&report).expect("it is JSON");
    let at_risk = &mut report["verdict"]["at_risk"]["attempts"];
    let of = at_risk["of"].as_u64().expect("some met a rotation");
    at_risk["failed"] = (of + 1).into();
    fs::write(&file, report.to_string()).expect("there is room");
    let error = wrong(&file);
    let said = format!("at_risk: {} of {of} failed", of + 1);
    assert!(error.contains(&said), "{error}");
}

/// Every place in a document where a number is.
fn numbers(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                numbers(item, &format!("{at}/{place}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                numbers(field, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// A short run that has everything.
static SHORT: LazyLock<Value> = LazyLock::new(|| {
    let json = |report: Report| serde_json::from_str::<Value>(&report.json()).expect("JSON");
    let mut short = json(sample::interrupted());
    short["rotations"] = json(sample::failing())["rotations"].clone();
    short
});

static OTHER: LazyLock<Report> = LazyLock::new(|| sample::pods()[0].clone());

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// A report that somebody wrote by hand, or that a broken disk gave back: it is refused, or it can
    /// be shown, compared and merged.
    #[test]
    fn whatever_is_read_can_be_used(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..8_usize), 1..6),
    ) {
        let absurd: [Value; 8] = [
            0.into(), 1.into(), (-1).into(), 0.5.into(), 1e15.into(), 1_000_000_000_000_000_u64.into(),
            u64::from(u32::MAX).into(), Value::Null,
        ];
        let mut value = SHORT.clone();
        let mut places = Vec::new();
        numbers(&value, "", &mut places);
        // Histograms are most of the numbers. Each of them is a number like the others.
        places.retain(|place| !place.contains("/counts/") || place.ends_with("/counts/0/1"));
        for (place, change) in changes {
            let place: &String = place.get(&places);
            *value.pointer_mut(place).expect("it is there") = absurd[change].clone();
        }
        let directory = directory();
        let file = directory.path().join("report.json");
        fs::write(&file, value.to_string()).expect("there is room");
        if let Ok(report) = Report::read(&file) {
            prop_assert!(page(&report).ends_with("</html>"));
            let other = OTHER.clone();
            let text = summary(&report) + &compare(&report, &other).to_string();
            prop_assert!(text.lines().all(|line| line.chars().count() <= 100), "{}", text);
            let _ = merge(vec![report, other]);
        }
    }
}
