//! The report for build servers and monitors: each in its format, whatever the report holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zdr::gate::code::Code;
use zdr::gate::level::Level;
use zdr::report::badge::badge;
use zdr::report::github::{annotations, job_summary, without_commands};
use zdr::report::junit::junit;
use zdr::report::page::page;
use zdr::report::prometheus::prometheus;
use zdr::report::waiver::{WaiverReport, WaiverState};
use zdr::report::{Report, Severity};
use zdr::server::lines::steers;

use super::gate::{found, judged, today};
use super::sample;

/// All that has a meaning in one of the formats.
const EVIL: &str = "<b>\"x\"</b>]]>&amp;\u{1b}[31m\u{0}\u{fffe}\n::error file=x::y\r\n%0A, a:b | `c` [d](e) \\ {f} ##[error]g\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}";

fn waiver() -> WaiverReport {
    WaiverReport {
        scenario: "expired".into(),
        findings: vec![Code::UnfitShown],
        because: "the proxy is replaced in spring".into(),
        until: "2027-03-01".parse().expect("a day"),
        state: WaiverState::Untested,
    }
}

/// It cuts downloads, loads what is expired, which is waived, and fails one that is not required.
fn mixed() -> Report {
    let mut report = found(&[
        ("rotation", Code::Severed),
        ("expired", Code::UnfitShown),
        ("trust-added", Code::TurnedAway),
    ]);
    report.findings.push(sample::finding(
        Severity::Warning,
        Code::TicketsLost,
        "rotation",
        &[31],
    ));
    report.waivers = vec![waiver()];
    for scenario in &mut report.scenarios {
        if scenario.name == "expired" {
            scenario.level = Level::Faults;
        }
    }
    judged(report, Level::Faults)
}

fn hostile() -> Report {
    let mut report = mixed();
    let evil = || EVIL.to_owned();
    report.server.name = evil();
    report.zdr = evil();
    report.began = evil();
    report.verdict.words = evil();
    report.waivers[0].because = evil();
    report.waivers[0].scenario = evil();
    report.scenarios[0].name = evil();
    report.interrupted = Some(evil());
    for finding in &mut report.findings {
        finding.words = evil();
    }
    report.findings[0].scenario = evil();
    report.causes.clear();
    report
}

fn samples() -> Vec<Report> {
    vec![
        sample::healthy(),
        sample::failing(),
        sample::interrupted(),
        sample::empty(),
        mixed(),
        hostile(),
    ]
}

type Names = &'static [&'static str];

/// What junit-10.xsd of Jenkins's xUnit plugin says of the elements that are used: attributes that have to be
/// there, others that may be, and the elements within.
const SCHEMA: &[(&str, Names, Names, Names)] = &[
    (
        "testsuites",
        &[],
        &["name", "time", "tests", "failures", "errors"],
        &["testsuite"],
    ),
    (
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["time", "skipped", "timestamp", "hostname", "id", "package"],
        &[
            "testsuite",
            "properties",
            "testcase",
            "system-out",
            "system-err",
        ],
    ),
    ("properties", &[], &[], &["property"]),
    ("property", &["name", "value"], &[], &[]),
    (
        "testcase",
        &["name"],
        &["time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &[], &["type", "message"], &[]),
    ("error", &[], &["type", "message"], &[]),
    ("skipped", &[], &["type", "message"], &[]),
    ("system-out", &[], &[], &[]),
];

/// An element as it was read.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    within: Vec<Element>,
    text: String,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.expect("an attribute");
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.expect("a value").into_owned();
            (attribute.key.as_ref().to_owned(), value)
        });
        Self {
            name: start.name().as_ref().to_owned(),
            attributes: attributes.collect(),
            ..Self::default()
        }
    }

    fn all<'a>(&'a self, name: &str, found: &mut Vec<&'a Self>) {
        if self.name == name {
            found.push(self);
        }
        self.within.iter().for_each(|one| one.all(name, found));
    }

    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// What the schema objects to.
    fn objection(&self) -> Option<String> {
        let Some((_, required, optional, within)) =
            SCHEMA.iter().find(|(name, ..)| *name == self.name)
        else {
            return Some(format!("no element {}", self.name));
        };
        let there: BTreeSet<&str> = self.attributes.keys().map(String::as_str).collect();
        let missing = required.iter().find(|name| !there.contains(**name));
        let known = |name: &&str| required.contains(name) || optional.contains(name);
        let unknown = there.iter().find(|name| !known(name));
        let misplaced = self
            .within
            .iter()
            .find(|one| !within.contains(&one.name.as_str()));
        if missing.is_some() || unknown.is_some() || misplaced.is_some() {
            return Some(format!(
                "{}: {missing:?} {unknown:?} {misplaced:?}",
                self.name
            ));
        }
        self.within.iter().find_map(Self::objection)
    }
}

fn read(xml: &str) -> Element {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        match reader
            .read_event()
            .unwrap_or_else(|error| panic!("{error}: {xml}"))
        {
            Event::Start(start) => open.push(Element::of(&start)),
            Event::Empty(start) => open
                .last_mut()
                .expect("a root")
                .within
                .push(Element::of(&start)),
            Event::End(_) => {
                let closed = open.pop().expect("it was opened");
                open.last_mut().expect("a root").within.push(closed);
            }
            Event::Text(text) => {
                open.last_mut().expect("a root").text += &text.into_inner();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open.len(), 1, "all were closed");
    open.remove(0).within.remove(0)
}

/// A program's opinion of a text on its stdin, where the program is there.
fn told_to(program: &str, arguments: &[&str], text: &str) -> Option<bool> {
    use std::io::Write;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut running = command.spawn().ok()?;
    let mut stdin = running.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("it reads");
    drop(stdin);
    Some(running.wait().expect("it ends").success())
}

#[test]
fn junit_is_what_its_readers_expect() {
    for report in samples() {
        let xml = junit(&report).expect("memory");
        let root = read(&xml);
        assert_eq!(root.objection(), None, "{xml}");
        let count = |name: &str| {
            let mut found = Vec::new();
            root.all(name, &mut found);
            found.len().to_string()
        };
        assert_eq!(root.attribute("tests"), count("testcase"));
        assert_eq!(root.attribute("failures"), count("failure"));
        assert_eq!(root.attribute("errors"), count("error"));
        let fails = root.attribute("failures") != "0";
        assert_eq!(
            fails,
            report.findings.iter().any(|found| found.fails()),
            "{xml}"
        );
        // Another parser, which knows which characters there may be.
        let script =
            "import sys, xml.etree.ElementTree as t; t.fromstring(sys.stdin.buffer.read())";
        assert_ne!(
            told_to("python3", &["-c", script], &xml),
            Some(false),
            "{xml}"
        );
    }
}

/// Clients come for a part of a run: the scenarios have clients of their own.
#[test]
fn no_form_calls_the_time_of_the_rotations_that_of_the_run() {
    let report = mixed();
    let root = read(&junit(&report).expect("XML"));
    let time = |of: &Element| of.attribute("time").to_owned();
    let seconds = format!("{:.3}", report.seconds);
    let suites: Vec<_> = root.within.iter().map(time).collect();
    assert_eq!(
        (time(&root), suites),
        (String::new(), vec![seconds, String::new()])
    );
    let text = prometheus(&report);
    let help = text
        .lines()
        .find(|line| line.starts_with("# HELP zdr_check_duration_seconds"));
    assert!(
        help.is_some_and(|help| help.contains("scenarios")),
        "{text}"
    );
}

#[test]
fn junit_says_what_failed_what_does_not_count_and_what_to_do() {
    let xml = junit(&mixed()).expect("memory");
    let root = read(&xml);
    let mut cases = Vec::new();
    root.all("testcase", &mut cases);
    let case = |name: &str| {
        let found = cases.iter().find(|case| case.attribute("name") == name);
        found.unwrap_or_else(|| panic!("no {name}: {xml}"))
    };
    // No attempt tells of it, so it is the rotations'.
    let failure = &case("certificates").within[0];
    assert_eq!(
        (failure.name.as_str(), failure.attribute("type")),
        ("failure", "severed")
    );
    assert_eq!(
        failure.attribute("message"),
        "It cuts connections when it reloads."
    );
    assert!(failure.text.contains("What to do: "), "{xml}");
    for (name, said) in [
        (
            "expired",
            "waived: expired (unfit_shown), until 2027-03-01: applied.",
        ),
        (
            "trust-added",
            "not required by the level `faults`: turned_away",
        ),
        ("client_ca_removed", "it does not apply"),
    ] {
        let skipped = &case(name).within[0];
        assert_eq!(skipped.name, "skipped", "{xml}");
        assert!(skipped.attribute("message").contains(said), "{xml}");
    }
    assert!(case("mismatched").within.is_empty(), "it passed");
}

/// GitHub's runner: a command is a line that begins with `::`.
fn commands(text: &str) -> Vec<(String, BTreeMap<String, String>, String)> {
    let unescaped = |text: &str| {
        let pairs = [
            ("%3A", ":"),
            ("%2C", ","),
            ("%0D", "\r"),
            ("%0A", "\n"),
            ("%25", "%"),
        ];
        pairs
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let lines = text.lines().map(|line| {
        let line = line
            .strip_prefix("::")
            .unwrap_or_else(|| panic!("no command: {line}"));
        let (head, message) = line.split_once("::").expect("a message");
        let (name, properties) = head.split_once(' ').expect("properties");
        let properties = properties.split(',').map(|pair| {
            let (key, value) = pair.split_once('=').expect("a pair");
            (key.to_owned(), unescaped(value))
        });
        (name.to_owned(), properties.collect(), unescaped(message))
    });
    lines.collect()
}

#[test]
fn annotations_are_commands_and_nothing_else() {
    let file = Path::new("deploy/a,b:c%.toml");
    let told = commands(&annotations(&mixed(), Some(file)));
    let names: Vec<_> = told.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["error", "notice", "notice", "warning"], "{told:#?}");
    for (_, properties, _) in &told {
        assert_eq!(properties["file"], "deploy/a,b:c%.toml");
        assert_eq!(properties.len(), 2, "{properties:?}");
    }
    assert_eq!(told[0].1["title"], "It cuts connections when it reloads.");
    assert!(told[0].2.contains("\nWhat to do: "), "{told:#?}");
    assert!(
        told[1].1["title"].starts_with("Not required: "),
        "{told:#?}"
    );
    assert!(told[2].1["title"].starts_with("Waived: "), "{told:#?}");

    // Whatever the words are, they open no line of their own.
    let report = hostile();
    let told = commands(&annotations(&report, None));
    assert_eq!(told.len(), 5, "and the interruption: {told:#?}");
    for (name, properties, message) in told {
        assert!(
            ["error", "notice", "warning"].contains(&name.as_str()),
            "{name}"
        );
        assert_eq!(properties.keys().collect::<Vec<_>>(), ["title"]);
        assert!(
            !message.contains('\u{1b}') && !message.contains('\r'),
            "{message:?}"
        );
    }
    let page = annotations(&sample::healthy(), Some(file));
    assert_eq!(page, "");
}

#[test]
fn what_a_server_says_is_no_command() {
    let quoted = without_commands("::add-mask::x", "b0a7");
    assert_eq!(quoted, "::stop-commands::b0a7\n::add-mask::x\n::b0a7::\n");
}

#[test]
fn a_job_summary_is_a_table_whatever_is_in_it() {
    for report in samples() {
        let summary = job_summary(&report);
        let rows: Vec<_> = summary
            .lines()
            .filter(|line| line.starts_with('|'))
            .collect();
        for row in rows {
            let bars = row.replace("\\|", "").matches('|').count();
            assert!(bars == 3 || bars == 5, "{row}");
        }
        // Its own two, and none of the report's.
        let tags = summary.matches('<').count();
        assert!([0, 4].contains(&tags), "{summary}");
        assert!(
            !summary.contains('\u{1b}') && !summary.replace("\\]", "").contains("](e)"),
            "{summary}"
        );
    }
    let summary = job_summary(&mixed());
    for said in [
        "## ❌ ch06",
        "It cuts connections",
        "not required",
        "waived",
        "**Waivers**",
    ] {
        assert!(summary.contains(said), "{said}: {summary}");
    }
    assert!(job_summary(&sample::healthy()).starts_with("## ✅ "));
    let mut linked = mixed();
    linked.book = Some("https://book.example".parse().expect("an address"));
    assert!(job_summary(&linked).contains("[read on](<https://book.example/ch06"));
}

/// Marks that turn the direction of text, and those that break a line, reach no reader of a form that shows text.
#[test]
fn no_form_shows_what_turns_a_line() {
    let report = hostile();
    let file = Path::new("a\u{202e}b\u{1b}.toml");
    for text in [
        junit(&report).expect("memory"),
        annotations(&report, Some(file)),
        job_summary(&report),
        page(&report),
    ] {
        let marks = |letter: char| steers(letter) && !['\n', '\t'].contains(&letter);
        let found = text.lines().find(|line| line.contains(marks));
        assert_eq!(found, None);
    }
}

/// A line of the text format: the name, the labels, the value. As its grammar has it.
fn metric(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (name, rest) = line.split_once('{').unwrap_or_else(|| panic!("{line}"));
    let mut labels = BTreeMap::new();
    let mut rest = rest;
    while let Some((label, value)) = rest.split_once("=\"") {
        let (mut text, mut letters) = (String::new(), value.char_indices());
        let end = loop {
            match letters.next().unwrap_or_else(|| panic!("no end: {line}")) {
                (at, '"') => break at,
                (_, '\\') => match letters.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some(c @ ('\\' | '"')) => text.push(c),
                    other => panic!("{other:?} is not escaped: {line}"),
                },
                (_, c) => text.push(c),
            }
        };
        labels.insert(label.trim_start_matches(',').to_owned(), text);
        rest = &value[end + 1..];
    }
    let value = rest
        .strip_prefix("} ")
        .unwrap_or_else(|| panic!("{rest}: {line}"));
    (name.into(), labels, value.parse().expect("a number"))
}

#[test]
fn metrics_are_in_the_text_format() {
    for report in samples() {
        let text = prometheus(&report);
        assert!(text.ends_with('\n'));
        let (mut seen, mut typed) = (BTreeSet::new(), Vec::new());
        for line in text.split_terminator('\n') {
            if let Some(about) = line.strip_prefix("# TYPE ") {
                let name = about.strip_suffix(" gauge").expect("a gauge").to_owned();
                assert!(!typed.contains(&name), "{name} is in two places");
                typed.push(name);
            } else if !line.starts_with("# HELP ") {
                let (name, labels, _) = metric(line);
                assert_eq!(Some(&name), typed.last(), "its lines stand together");
                assert_eq!(labels["server"], report.server.name);
                assert!(seen.insert((name, labels)), "twice: {line}");
            }
        }
        assert_ne!(
            told_to("promtool", &["check", "metrics"], &text),
            Some(false),
            "{text}"
        );
    }
    let text = prometheus(&mixed());
    let server = "{server=\"ch06-in-flight-requests\"";
    for line in [
        format!("zdr_check_passed{server},level=\"faults\"}} 0"),
        format!("zdr_findings{server},severity=\"failure\",status=\"waived\"}} 1"),
        // 2027-03-02T00:00:00Z.
        format!(
            "zdr_waiver_end_timestamp_seconds{server},scenario=\"expired\",state=\"applied\"}} 1803945600"
        ),
        format!("zdr_attempts{server},class=\"full\"}} 2400"),
        format!("zdr_scenario_passed{server},scenario=\"expired\",level=\"faults\"}} 0"),
        format!("zdr_scenarios_not_run{server}}} 0"),
    ] {
        assert!(text.lines().any(|of| of == line), "{line}: {text}");
    }
}

/// As `--observe` and `--rotations 0` make it.
fn without_rotations() -> Report {
    let mut report = sample::healthy();
    report.plan.rotations = 0;
    report.rotations.clear();
    report
}

#[test]
fn certificates_that_were_not_rotated_have_not_passed() {
    let root = read(&junit(&judged(without_rotations(), Level::Rotation)).expect("XML"));
    let (mut cases, mut skipped) = (Vec::new(), Vec::new());
    root.all("testcase", &mut cases);
    let certificates = cases
        .iter()
        .find(|of| of.attribute("name") == "certificates");
    certificates.expect("a test").all("skipped", &mut skipped);
    assert_eq!(
        skipped[0].attribute("message"),
        "this run has rotated nothing"
    );
}

#[test]
fn a_badge_is_what_shields_takes() {
    let waived = {
        let mut report = found(&[("expired", Code::UnfitShown)]);
        report.waivers = vec![waiver()];
        report.weigh(today());
        judged(report, Level::All)
    };
    let in_part = {
        let mut report = sample::healthy();
        report.plan.scenarios_left_out = vec!["burst".into(), "stalled".into()];
        judged(report, Level::All)
    };
    let cases = [
        (
            judged(sample::healthy(), Level::All),
            "all passed",
            "brightgreen",
        ),
        (in_part, "all passed, 2 scenarios not run", "yellowgreen"),
        (
            judged(sample::healthy(), Level::Rotation),
            "rotation passed",
            "green",
        ),
        (waived, "all passed, 1 waived", "yellowgreen"),
        (
            judged(without_rotations(), Level::Rotation),
            "rotation passed, nothing rotated",
            "yellowgreen",
        ),
        (
            judged(sample::failing(), Level::Rotation),
            "rotation failed",
            "red",
        ),
        (
            judged(sample::interrupted(), Level::All),
            "no verdict",
            "lightgrey",
        ),
    ];
    for (report, message, color) in cases {
        let json: serde_json::Value = serde_json::from_str(&badge(&report)).expect("JSON");
        assert_eq!(json["schemaVersion"], 1);
        assert_eq!(json["label"], "zero downtime");
        assert_eq!(
            (json["message"].as_str(), json["color"].as_str()),
            (Some(message), Some(color))
        );
        assert_eq!(json["isError"], !report.verdict.passed);
        // The endpoint refuses what it does not know.
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(5));
    }
}
