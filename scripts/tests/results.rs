//! The results page: what `cargo benchmark` wrote, and nothing else.

use scripts::results::render;

/// Two servers: one that is judged by all, one that has no figures.
const FILE: &str = r#"{
  "date": "2026-11-25", "command": "cargo benchmark", "rounds": 3, "rotations": 10,
  "interval_ms": 500, "rate": 40.0, "missing": ["caddy"],
  "machine": { "cores": 2, "processor": "A | B", "system": "linux" },
  "servers": [
    { "name": "sound", "version": "", "reload": "it follows its files", "shown": [30, 30],
      "classes": { "full": { "attempts": 1200, "failed": 0, "failed_below": 0.0024934,
          "at_risk": { "attempts": { "of": 207, "failed": 0, "failed_below": 0.014367 }, "connections": null },
                             "steady_us": [1000, 2000], "during_us": [1500, 5000] } },
      "scenarios": { "torn": "passed", "trust-added": "not_applicable" },
      "new_after_ms": [2.04, 13.96], "failures": {}, "warnings": { "resumes_for_ever": "…" },
      "full": [ { "connections": 900, "resumed": 0, "failed": 0, "processor_seconds": 0.3 },
                { "connections": 1000, "resumed": 0, "failed": 0, "processor_seconds": 0.1 },
                { "connections": 1000, "resumed": 0, "failed": 0, "processor_seconds": 0.25 } ],
      "returning": [ { "connections": 200, "resumed": 150, "failed": 0, "processor_seconds": 0.1 } ],
      "held": { "rotations": 100, "shown": 100, "connections": 1000, "asked": 100, "alive": 99,
                "memory_before": 10485760, "memory_after": 20971520, "processes_after": 1, "seconds": 9.0 },
      "trouble": null },
    { "name": "absent", "version": "v1 <b>", "reload": "by a restart", "shown": [0, 0], "classes": {},
      "scenarios": { "torn": "failed" }, "new_after_ms": null, "failures": {}, "warnings": {},
      "full": [], "returning": [], "held": null, "trouble": "it ended | at once" } ]
}"#;

#[test]
fn what_clients_met_has_its_bound() {
    let table = render(FILE, "clients").unwrap();
    assert!(
        table.contains("| sound | 0\u{a0}of\u{a0}207\u{a0}(<\u{a0}1.5\u{a0}%); in\u{a0}all 0\u{a0}of\u{a0}1200 | –"),
        "{table}"
    );
    // Older figures do not say what was at risk: a bound over all attempts would be too good.
    let older = FILE.replace("\"at_risk\"", "\"then\"");
    let table = render(&older, "clients").unwrap();
    assert!(
        table.contains("| sound | 0\u{a0}of\u{a0}1200 | –"),
        "{table}"
    );
    assert!(table.contains("| nothing |"), "{table}");
    assert!(table.contains("it ended / at once |"), "{table}");
}

#[test]
fn costs_are_medians_and_ratios() {
    let table = render(FILE, "cost").unwrap();
    let row = table.lines().find(|line| line.contains("sound")).unwrap();
    let wanted = "| sound | 30 of 30 | 2.0 ms | 14.0 ms | 2.50 | 4000 | 2000 | 75 % | 10.0 → 20.0 MiB | \
                  990 of 1000 | 1 | `resumes_for_ever` |";
    assert_eq!(row, wanted);
}

#[test]
fn scenarios_are_a_matrix() {
    let table = render(FILE, "scenarios").unwrap();
    assert!(table.contains("| scenario | sound | absent |"), "{table}");
    assert!(table.contains("| torn | yes | ✗ no |"), "{table}");
    assert!(table.contains("| trust-added | – | – |"), "{table}");
}

#[test]
fn machine_and_versions_are_said() {
    let table = render(FILE, "machine").unwrap();
    assert!(table.contains("2 cores of A / B"), "{table}");
    assert!(table.contains("| sound | of this book |"), "{table}");
    assert!(table.contains("| absent | v1  b |"), "{table}");
    assert!(table.contains("Not on that machine: caddy."), "{table}");
}

#[test]
fn each_table_has_as_many_cells_in_each_row() {
    for which in ["machine", "clients", "cost", "scenarios"] {
        let table = render(FILE, which).unwrap();
        let rows = table.lines().filter(|line| line.starts_with('|'));
        let cells: Vec<_> = rows.map(|row| row.matches('|').count()).collect();
        assert!(
            cells.windows(2).all(|two| two[0] == two[1]),
            "{which}: {cells:?}\n{table}"
        );
    }
}

#[test]
fn what_is_not_a_comparison_is_refused() {
    let error = |text: &str, which| render(text, which).unwrap_err().to_string();
    assert!(error("{}", "cost").contains("missing field"));
    assert!(error(FILE, "prices").contains("no table `prices`"));
    let nobody = FILE.split_once("\"servers\"").unwrap().0.to_owned() + "\"servers\": [] }";
    assert!(error(&nobody, "cost").contains("no server"));
}
