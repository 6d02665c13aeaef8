//! The check itself on the results page: what `cargo benchmark --itself` wrote, and nothing else.

use scripts::itself::render;
use serde_json::{Value, json};

fn file(missed: u32) -> Value {
    json!({
        "date": "2026-11-27", "command": "cargo benchmark --itself", "busy_before": 0.01, "loops": 4, "at_once": 2,
        "machine": { "cores": 2, "processor": "A", "system": "linux" }, "arguments": ["--rotations", "4"],
        "alone": { "arguments": ["check", "sound.toml"], "seconds": 61.6, "processor_seconds": 20.4,
                   "peak_memory": 33554432, "verdict": "passed" },
        "verdicts": [
            { "name": "sound", "right": "passed", "counts": { "passed": 50 }, "wrong": null },
            { "name": "cuts", "right": "failed", "counts": { "failed": 50 - missed, "passed": missed }, "wrong": "…" }
        ]
    })
}

#[test]
fn a_run_has_its_costs_and_verdicts_are_counted() {
    let page = render(&file(2).to_string()).unwrap();
    for words in [
        "2 cores of A, linux. Before the first server was started, others took 1 %",
        "`zdr check sound.toml` took 62 s, and 20 s of the processor's time",
        "It had 32 MiB of memory at most, without theirs. Its verdict: passed.",
        "Beside 4 loops that did nothing but take the processor's time, 2 at a time, with `--rotations 4`: 2 of 100 \
         verdicts were wrong.",
        "| sound | passed | 50 | passed: 50 |",
        "| cuts | failed | 50 | failed: 48, passed: 2 |",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    let page = render(&file(0).to_string()).unwrap();
    assert!(page.contains("none of 100 verdicts was wrong."), "{page}");
}

#[test]
fn what_is_no_such_measurement_is_refused() {
    let error = |text: &str| render(text).unwrap_err().to_string();
    assert!(error("{}").contains("missing field"));
    let mut nobody = file(0);
    nobody["verdicts"] = json!([]);
    assert!(error(&nobody.to_string()).contains("no server"));
}
