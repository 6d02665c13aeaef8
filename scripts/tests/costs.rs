//! The costs on the results page: what `cargo benchmark --costs` wrote, and nothing else.

use scripts::costs::render;
use serde_json::{Value, json};

const TABLES: [&str; 4] = ["connections", "renewals", "handshakes", "quic"];

/// A listing that is not first, one that is, one with HTTP/3, and one that has no figures.
fn file() -> Value {
    let speed = |connections: u64, failed: u64, seconds: f64| {
        json!({
            "connections": connections, "resumed": 0, "failed": failed, "processor_seconds": seconds
        })
    };
    let connection = |kib: u64, connections: u64| {
        json!({
            "wanted": 500, "connections": connections, "stopped_by": null, "alive": connections - 1,
            "memory_before": 1024, "memory_after": 1024 + kib * 1024 * connections, "open_before": 10,
            "open_after": 10 + 2 * connections, "processes_before": 1, "processes_after": 3
        })
    };
    let times: Vec<u64> = (1..=100).rev().map(|time| time * 1000).collect();
    let renewal = |times: &[u64], rotations: u64| {
        json!({
            "rotations": rotations, "first_new_us": times, "complaint": null, "descriptors": [7, 7 + rotations / 2],
            "processes": [1, 1], "memory": [1, 2]
        })
    };
    let held = json!({
        "rotations": 5, "shown": 5, "connections": 5, "asked": 1, "alive": 1, "memory_before": 1, "memory_after": 2,
        "processes_after": 11, "descriptors": [10, 60], "seconds": 1.0
    });
    let class = |failed: u64| {
        json!({ "attempts": 60, "failed": failed, "steady_us": [1, 2], "during_us": [1, 2],
        "at_risk": { "attempts": { "of": 40, "failed": failed, "failed_below": 0.0721 }, "connections": null } })
    };
    json!({
        "date": "2026-11-27", "command": "cargo benchmark --costs", "busy_before": 0.012, "handshake_ms": 700, "rounds": 3,
        "machine": { "cores": 2, "processor": "A | B", "system": "linux" }, "missing": ["caddy"],
        "servers": [
            { "name": "ch06", "version": "", "reload": "", "connection": connection(40, 500),
              "renewal": renewal(&times, 100), "held": held, "quic": null, "not_measured": {},
              "ecdsa": [speed(900, 0, 0.3), speed(1100, 100, 0.25), speed(10, 0, 0.1)], "rsa": [speed(200, 0, 0.1)] },
            { "name": "swift", "version": "swift | 2 <b>", "reload": "", "connection": connection(10, 20),
              "renewal": renewal(&times[40..], 99), "held": null, "quic": null, "not_measured": { "held": "…" },
              "ecdsa": [speed(500, 0, 0.1)], "rsa": [speed(100, 0, 0.1)] },
            { "name": "swift-http3", "version": "", "reload": "", "connection": null, "renewal": null, "held": null,
              "ecdsa": [], "rsa": [], "not_measured": {},
              "quic": { "handshakes": speed(320, 20, 0.2), "shown": [5, 6],
                        "classes": { "quic": class(3), "http3": class(0), "full": class(0) } } },
            { "name": "absent-http3", "version": "", "reload": "", "connection": null, "renewal": null, "held": null,
              "ecdsa": [], "rsa": [], "quic": null, "not_measured": { "quic": "it ended | at once" } },
            { "name": "gone", "version": "", "reload": "", "connection": null, "renewal": null, "held": null,
              "ecdsa": [], "rsa": [], "quic": null, "not_measured": { "connection": "gone" } }
        ]
    })
}

fn table(which: &str) -> String {
    render(&file().to_string(), which).unwrap()
}

#[test]
fn a_connection_has_its_memory_and_its_descriptors() {
    let table = table("connections");
    for row in [
        "| ch06 | 500 | 40.0 KiB | 2.0 | 1 → 3 | 499 |",
        "| swift | 20 of 500 | 10.0 KiB | 2.0 | 1 → 3 | 19 |",
        "| gone | – | – | – | – | – |",
        "First, with the least memory for a connection: swift (10.0 KiB); of the book's listings ch06 (40.0 KiB).",
    ] {
        assert!(table.contains(row), "{row}\n{table}");
    }
    assert!(!table.contains("http3"), "{table}");
}

/// A descriptor that was closed meanwhile, of hundreds, is no gain.
#[test]
fn what_is_nearly_nothing_has_no_sign() {
    let mut file = file();
    file["servers"][0]["connection"]["open_after"] = json!(1);
    let table = render(&file.to_string(), "connections").unwrap();
    assert!(table.contains("| ch06 | 500 | 40.0 KiB | 0.0 |"), "{table}");
}

/// What was not shown in time took longer than what was: of 99 rotations 60 were, so no p99 is known. Half of an odd
/// number is the one in the middle.
#[test]
fn a_rotation_has_its_p50_and_p99_of_all_rotations() {
    let table = table("renewals");
    for row in [
        "| ch06 | 100 | 100 | 50.0 ms | 99.0 ms | 0.5 | 10.0 | 1 → 11 |",
        "| swift | 99 | 60 | 50.0 ms | – | 0.5 | – | – |",
        "| gone | – | – | – | – | – | – | – |",
    ] {
        assert!(table.contains(row), "{row}\n{table}");
    }
}

/// The median of the rounds, and no handshake that failed.
#[test]
fn handshakes_are_of_a_second_of_the_servers_processor() {
    let table = table("handshakes");
    for row in [
        "| ch06 | 3000 | 2000 | 0.67 | 100 |",
        "| swift | 5000 | 1000 | 0.20 | 0 |",
        "| gone | – | – | – | – |",
        "First, with the most handshakes with ECDSA: swift (5000); of the book's listings ch06 (3000).",
        // Nothing more to say where a listing is first.
        "First, with the most handshakes with RSA: ch06 (2000).",
    ] {
        assert!(table.contains(row), "{row}\n{table}");
    }
}

#[test]
fn quic_has_its_losses_beside_those_of_tcp() {
    let table = table("quic");
    let risk = |failed| {
        format!("{failed} of 40 (< 7.3 %); in all {failed} of 60")
            .replace(' ', "\u{a0}")
            .replace(";\u{a0}in\u{a0}all\u{a0}", "; in\u{a0}all ")
    };
    let row = format!(
        "| swift-http3 | 1500 | 5 of 6 | {} | {} | {} |",
        risk(3),
        risk(0),
        risk(0)
    );
    assert!(table.contains(&row), "{row}\n{table}");
    assert!(
        table.contains("| absent-http3 | – | – | it ended / at once | – | – |"),
        "{table}"
    );
    assert!(!table.contains("| swift |"), "{table}");
}

/// Nobody shall read figures of a busy machine as those of a quiet one.
#[test]
fn how_busy_the_machine_was_is_said() {
    let quiet = table("machine");
    for words in [
        "Measured on 2026-11-27 by `cargo benchmark --costs`: 2 cores of A / B",
        "others took 1 % of the processor's time. The handshakes were counted in 3 rounds of 700 ms",
        "<summary>The version of each server</summary>\n\n- swift: swift / 2  b\n",
        "Not on that machine: caddy.",
    ] {
        assert!(quiet.contains(words), "{words}\n{quiet}");
    }
    assert!(!quiet.contains("not quiet"), "{quiet}");
    for (busy, words) in [
        (
            json!(0.4),
            "**The machine was not quiet**: before the first server was started, others took 40 %",
        ),
        (Value::Null, "its system does not tell"),
    ] {
        let mut file = file();
        file["busy_before"] = busy;
        let loaded = render(&file.to_string(), "machine").unwrap();
        assert!(loaded.contains(words), "{loaded}");
    }
}

#[test]
fn each_table_of_costs_is_whole() {
    for which in TABLES {
        let table = table(which);
        let rows = table.lines().filter(|line| line.starts_with('|'));
        let cells: Vec<_> = rows.map(|row| row.matches('|').count()).collect();
        assert!(cells.len() > 2, "{which}: no row");
        assert!(
            cells.windows(2).all(|two| two[0] == two[1]),
            "{which}: {cells:?}\n{table}"
        );
    }
}

#[test]
fn what_is_no_costs_is_refused() {
    let error = |text: &str, which| render(text, which).unwrap_err().to_string();
    assert!(error("{}", "quic").contains("missing field"));
    assert!(error(&file().to_string(), "prices").contains("no table `prices`"));
    let mut nobody = file();
    nobody["servers"] = json!([]);
    assert!(error(&nobody.to_string(), "quic").contains("no server"));
}
