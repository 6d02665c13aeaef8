//! Every recorded event is one that the contract knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use ch02_hot_reload::identity::Reason;
use lab::event::Event;
use lab_test::contract::Contract;
use regex::Regex;
use serde_json::Value;
use walkdir::WalkDir;

fn schema() -> Value {
    let path = scripts::root()
        .unwrap()
        .join("listings/lab/events.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn recorded(extension: &str) -> Vec<(PathBuf, String)> {
    let listings = fs::read_dir(scripts::root().unwrap().join("listings")).unwrap();
    let folders = listings.map(|entry| entry.unwrap().path().join("transcripts"));
    let files = folders
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.to_string_lossy().ends_with(extension))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn recorded_events_keep_the_contract() {
    let contract = Contract::of_events();
    let mut seen = 0;
    for (path, text) in recorded(".events.jsonl") {
        for (number, line) in (1..).zip(text.lines()) {
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(
                contract.allows(&event),
                "{}:{number}: {line}",
                path.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} events were recorded");
}

/// What the reader sees has the same names: values are normalised, names are not.
#[test]
fn shown_events_have_the_names_of_the_contract() {
    let known: BTreeSet<String> = schema()["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["title"].as_str().unwrap().to_owned())
        .collect();
    let mut seen = 0;
    for (path, text) in recorded(".console") {
        for event in text.lines().filter_map(Event::parse) {
            assert!(known.contains(event.name()), "{}: {event}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} events are shown");
}

/// The control: the schema objects to what is wrong.
#[test]
fn the_schema_objects() {
    let contract = Contract::of_events();
    let ts = "2026-11-24T10:00:00.000000000Z";
    let good = serde_json::json!({"ts": ts, "event": "listening", "port": 4433});
    assert!(contract.allows(&good));
    for (field, value) in [
        ("ts", "yesterday".into()),
        ("event", "listens".into()),
        ("port", 0.into()),
        ("extra", 1.into()),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(!contract.allows(&bad), "{bad}");
    }
}

/// The reasons are a closed set: the same in the code, in the schema, and on the page.
#[test]
fn reasons_are_the_same_everywhere() {
    let code: BTreeSet<_> = Reason::ALL
        .iter()
        .map(|reason| reason.name().to_owned())
        .collect();
    let schema = schema();
    let events = schema["oneOf"].as_array().unwrap();
    let rejected = events
        .iter()
        .find(|event| event["title"] == "identity_rejected")
        .unwrap();
    let reasons = rejected["properties"]["reason"]["enum"].as_array().unwrap();
    let listed: BTreeSet<_> = reasons
        .iter()
        .map(|r| r.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, code);
    let page = fs::read_to_string(scripts::root().unwrap().join("src/event-contract.md")).unwrap();
    for reason in code {
        assert!(
            page.contains(&format!("| `{reason}` |")),
            "{reason} is not on the page"
        );
    }
    for event in events {
        let name = event["title"].as_str().unwrap();
        assert!(
            page.contains(&format!("| `{name}` |")),
            "{name} is not on the page"
        );
    }
}

/// The text of every source below a folder whose name ends so, tests and demos left out.
fn sources(folder: &str, ending: &str) -> String {
    const OTHERS: [&str; 4] = ["test", "main.rs", "explorer", "supervisor"];
    let folder = scripts::root().unwrap().join("listings").join(folder);
    let entries = WalkDir::new(&folder).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| {
        let name = entry
            .path()
            .strip_prefix(&folder)
            .unwrap()
            .to_string_lossy();
        name.ends_with(ending) && !OTHERS.iter().any(|other| name.contains(other))
    });
    files
        .map(|file| fs::read_to_string(file.path()).unwrap())
        .collect()
}

fn found(text: &str, pattern: &str) -> BTreeSet<String> {
    let found = Regex::new(pattern).unwrap();
    found
        .captures_iter(text)
        .map(|found| found[1].to_owned())
        .collect()
}

/// The rows of the table below this heading: the names in the first cell, and the other cells.
fn rows(page: &str, heading: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let section = page.split_once(heading).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let names = found(cells.next().unwrap(), r"`(\w+)`")
            .into_iter()
            .collect();
        (names, cells.map(str::to_owned).collect())
    };
    lines.map(row).collect()
}

/// What the twins leave out of what chapter 5's server says stands on the page, and nothing else does.
#[test]
fn the_page_says_what_the_twins_leave_out() {
    let rust = [
        "ch01-restart-baseline/src",
        "ch02-hot-reload/src",
        "ch03-handshake-hook/src",
        "ch05-race-conditions/src",
    ]
    .map(|folder| sources(folder, ".rs"))
    .concat();
    let twins = [
        sources("ch03-handshake-hook/go", ".go"),
        sources("ch04-dynamic-contexts/python", ".py"),
    ];
    let mut has: BTreeSet<_> = found(&rust, r#"event = "(\w+)""#);
    assert!(has.len() > 12, "{has:?}");
    has.extend(Reason::ALL.map(|reason| reason.name().to_owned()));
    let lacks = |twin: usize| -> BTreeSet<_> {
        let says = |name: &&String| !twins[twin].contains(&format!("\"{name}\""));
        has.iter().filter(says).cloned().collect()
    };
    let page = fs::read_to_string(scripts::root().unwrap().join("src/event-contract.md")).unwrap();
    let mut told = [BTreeSet::new(), BTreeSet::new()];
    for (names, cells) in rows(&page, "\n## What the twins leave out\n") {
        for (told, cell) in told.iter_mut().zip(&cells) {
            match cell.as_str() {
                "no" => told.extend(names.clone()),
                other => assert_eq!(other, "yes", "{names:?}"),
            }
        }
        assert!(
            cells.len() == 3 && cells[..2].contains(&"no".into()),
            "{names:?}: {cells:?}"
        );
    }
    assert_eq!(told, [lacks(0), lacks(1)]);
}
