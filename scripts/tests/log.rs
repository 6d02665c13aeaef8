//! A recorded run in columns has the values of that run, and the JSON below.

use std::fs;

use scraper::{Html, Selector};
use scripts::log::render;
use tempfile::TempDir;

const CONSOLE: &str = r#"$ cargo run -q -p ch01-one
{"ts":"[TIME]","event":"listening","port":"[PORT]"}
{"ts":"[TIME]","event":"connect_refused","why":null}
{"ts":"[TIME]","event":"connect_refused","why":null}
10 refused & <none> served
{"ts":"[TIME]","event":"identity_rejected","reason":"torn","file":"[PATH]/tls.crt"}
"#;

const EVENTS: &str = r#"{"ts":"2026-01-01T00:00:00Z","event":"connection_opened","connection":1}
{"ts":"2026-01-01T00:00:01Z","event":"listening","port":4433}
{"ts":"2026-01-01T00:00:01.005Z","event":"connect_refused","why":null}
{"ts":"2026-01-01T00:00:01.006Z","event":"connect_refused","why":null}
{"ts":"2026-01-01T00:00:02Z","event":"identity_rejected","reason":"torn","file":"/tmp/x/tls.crt"}
"#;

fn run(console: &str, events: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("demo.console"), console).unwrap();
    fs::write(folder.path().join("demo.events.jsonl"), events).unwrap();
    folder
}

fn select(html: &str, selector: &str) -> Vec<String> {
    let html = Html::parse_fragment(html);
    let selector = Selector::parse(selector).unwrap();
    html.select(&selector)
        .map(|element| element.text().collect())
        .collect()
}

#[test]
fn a_run_in_columns_with_its_json() {
    let folder = run(CONSOLE, EVENTS);
    let shown = render(folder.path(), "demo.console", &[]).unwrap();
    assert_eq!(select(&shown, ".log p"), ["$ cargo run -q -p ch01-one"]);
    assert_eq!(
        select(&shown, ".log li"),
        [
            "+0 ms server listening port 4433 ",
            "+5 ms client connect_refused ×2",
            "10 refused & <none> served",
            "+1 s server identity_rejected torn tls.crt ",
        ]
    );
    let fold = "<details class=\"json\"><summary>The same, as programs read it</summary>\n\n\
                ```console\n{{#include demo.console}}\n```\n\n</details>";
    assert!(shown.contains(fold), "{shown}");
}

#[test]
fn what_is_of_another_run_is_an_error() {
    let other = EVENTS.replace("torn", "missing");
    let folder = run(CONSOLE, &other);
    let error = render(folder.path(), "demo.console", &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 6: demo.events.jsonl has no such event"
    );
    let folder = run("$ cargo run\nno event\n", EVENTS);
    let error = render(folder.path(), "demo.console", &[]).unwrap_err();
    assert_eq!(error.to_string(), "no events: show it in a console fence");
}

#[test]
fn some_events_of_a_run_with_dots_for_the_others() {
    let folder = run(CONSOLE, EVENTS);
    let only = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        render(folder.path(), "demo.console", &names)
    };
    let shown = only(&["identity_rejected"]).unwrap();
    // The time still counts from the first event.
    let rows = ["…", "+1 s server identity_rejected torn tls.crt "];
    assert_eq!(select(&shown, ".log li"), rows);
    // What the program printed stays, where it is asked for.
    let shown = only(&["listening", "printed"]).unwrap();
    let rows = [
        "+0 ms server listening port 4433 ",
        "…",
        "10 refused & <none> served",
        "…",
    ];
    assert_eq!(select(&shown, ".log li"), rows);
    // Of the events of one name, some may be enough.
    let shown = only(&["identity_rejected,reason=torn", "listening"]).unwrap();
    let rows = [
        "+0 ms server listening port 4433 ",
        "…",
        "+1 s server identity_rejected torn tls.crt ",
    ];
    assert_eq!(select(&shown, ".log li"), rows);
    let error = only(&["identity_rejected,reason=missing"]).unwrap_err();
    let absent = "no event `identity_rejected,reason=missing` in demo.console";
    assert_eq!(error.to_string(), absent);
    let error = only(&["listening", "gone"]).unwrap_err();
    assert_eq!(error.to_string(), "no event `gone` in demo.console");
}

#[test]
fn the_marker_of_a_pem_block_stays_whole() {
    let says = "its markers are not in capitals (`-----BEGIN CERTIFICATE-----`), and more";
    let event =
        format!(r#"{{"ts":"2026-01-01T00:00:00Z","event":"identity_rejected","detail":"{says}"}}"#);
    let folder = run(&format!("$ cargo run\n{event}\n"), &event);
    let shown = render(folder.path(), "demo.console", &[]).unwrap();
    let whole = select(&shown, ".log .what .whole");
    assert_eq!(whole, ["(`-----BEGIN CERTIFICATE-----`),"]);
    assert!(select(&shown, ".log li")[0].contains(says), "{shown}");
}
