//! Every recorded event is one that the contract knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use ch02_hot_reload::identity::Reason;
use lab::event::Event;
use lab_test::contract::Contract;
use serde_json::Value;

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
