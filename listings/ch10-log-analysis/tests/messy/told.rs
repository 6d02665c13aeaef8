//! What is told of a log.

use ch10_log_analysis::answers::Answers;
use serde_json::{Value, json};
use time::macros::datetime;

use super::{answers, at, closed, loaded, log, opened, said, state};

/// One reload, one refused, a late expiry, and a watcher that died.
fn a_bad_hour() -> String {
    let refused = r#""event":"identity_rejected","generation":2,"reason":"truncated","file":"/x/tls.crt","detail":"no such block""#;
    log([
        at(
            0,
            r#""event":"rotation_started","serial":"a","strategy":"bundle""#,
        ),
        loaded(1, 1, "a"),
        at(1, r#""event":"listening","port":443"#),
        opened(2, 1, 1),
        loaded(60, 2, "b"),
        opened(61, 2, 2),
        closed(62, 2),
        at(120, refused),
        at(
            130,
            r#""event":"identity_expiring","generation":2,"level":"late","seconds_left":1100"#,
        ),
        at(
            140,
            r#""event":"watcher_died","why":"a panic","restart_ms":10"#,
        ),
    ])
}

#[test]
fn what_a_person_on_call_asks() {
    let text = a_bad_hour();
    let expected = [
        "served now: generation 2, serial b",
        "  since 2026-01-01T00:01:00Z (9 min 0 s ago)",
        "  until 2026-01-01T01:00:00Z (in 50 min 0 s)",
        "  by its own word: no client says so in this log",
        "reloads: 2 loaded, 1 refused (truncated 1)",
        "  the last one: truncated in /x/tls.crt, at 2026-01-01T00:02:00Z (8 min 0 s ago), NOT mended: generation 2 goes on",
        "    no such block",
        "connections: 2 opened, 1 of them open, 1 under an old generation",
        "  connection 1 under generation 1, since 2026-01-01T00:00:02Z (9 min 58 s ago)",
        "alarm: identity_expiring: late, since 2026-01-01T00:02:10Z (7 min 50 s ago)",
        "alarm: watcher_died: a panic, since 2026-01-01T00:02:20Z (7 min 40 s ago)",
        "from file to load: once, 1.00 s",
        "from load to wire: 2 times, median 1.00 s, longest 1.00 s",
        "from file to wire: once, 2.00 s",
        "log: 10 events, 0 broken lines",
    ];
    let found = said(&text);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{found}");

    let mended = log([
        text.trim_end().to_owned(),
        loaded(150, 3, "c"),
        at(
            150,
            r#""event":"alarm_cleared","generation":3,"level":"fresh","seconds_left":2000"#,
        ),
        at(151, r#""event":"watcher_restarted","restarts":1"#),
        at(
            152,
            r#""event":"handshake_seen","serial":"c","resumed":false,"tls":"1.3""#,
        ),
    ]);
    let found = said(&mended);
    assert!(found.contains("mended by generation 3"), "{found}");
    assert!(found.contains("alarms: none is raised"), "{found}");
    assert!(!found.contains("by its own word"), "{found}");
}

/// What the agent wrote and nobody took is told until it is taken, or replaced.
#[test]
fn a_rotation_that_does_not_arrive() {
    let began = |second, serial: &str| {
        let rest = format!(r#""event":"rotation_started","serial":"{serial}","strategy":"bundle""#);
        at(second, &rest)
    };
    let text = log([began(0, "a"), loaded(1, 1, "a"), began(60, "b")]);
    let found = said(&text);
    let line = "not loaded: serial b, which the agent began to write at 2026-01-01T00:01:00Z (9 min 0 s ago)";
    assert!(found.lines().any(|said| said == line), "{found}");
    let found = answers(&(text.clone() + &began(70, "c") + "\n"));
    assert_eq!(found["not_loaded"]["serial"], "c");
    let found = answers(&(text + &log([began(70, "c"), loaded(71, 2, "c")])));
    assert_eq!(found["not_loaded"], Value::Null);
}

#[test]
fn an_expired_one_is_told_in_capitals() {
    let found = Answers::of(
        &state(&log([loaded(0, 1, "a")])),
        datetime!(2026-01-01 01:00:30 UTC),
    );
    assert!(found.to_string().contains("(EXPIRED 30 s ago)"), "{found}");
}

/// What is raised is told until it is cleared, each by the event that clears it.
#[test]
fn alarms_and_what_clears_them() {
    let raised = [
        at(
            1,
            r#""event":"identity_expiring","generation":1,"level":"urgent","seconds_left":9"#,
        ),
        at(
            2,
            r#""event":"watch_degraded","to":"polling","why":"no inotify""#,
        ),
        at(
            3,
            r#""event":"identity_held","generation":1,"file":"f","seconds":60"#,
        ),
        at(4, r#""event":"listen_failed","port":443,"why":"in use""#),
        at(5, r#""event":"watcher_died","why":"w","restart_ms":1"#),
        at(6, r#""event":"key_exposed","file":"k","mode":"0644""#),
    ];
    let names = |text: &str| -> Vec<String> {
        let found = answers(text);
        let alarms = found["servers"][0]["alarms"].as_object().unwrap();
        alarms.keys().cloned().collect()
    };
    let text = loaded(0, 1, "a") + "\n" + &log(raised);
    let all = [
        "identity_expiring",
        "identity_held",
        "key_exposed",
        "listen_failed",
        "watch_degraded",
        "watcher_died",
    ];
    assert_eq!(names(&text), all);
    let text = text
        + &log([
            at(
                7,
                r#""event":"alarm_cleared","generation":1,"level":"late","seconds_left":20"#,
            ),
            at(8, r#""event":"listening","port":443"#),
            at(9, r#""event":"watcher_restarted","restarts":1"#),
            loaded(10, 2, "b"),
        ]);
    assert_eq!(
        names(&text),
        ["identity_expiring", "key_exposed", "watch_degraded"]
    );
    let says = &answers(&text)["servers"][0]["alarms"]["identity_expiring"];
    assert_eq!(
        (&says["says"], &says["since"]),
        (&json!("late"), &json!("2026-01-01T00:00:07Z"))
    );
    let fresh = at(
        11,
        r#""event":"alarm_cleared","generation":2,"level":"fresh","seconds_left":99"#,
    );
    assert_eq!(names(&(text + &fresh)), ["key_exposed", "watch_degraded"]);
}

/// A fault is over when the server says so: of that file or root alone where it names one.
#[test]
fn a_fault_that_is_over_is_told_no_more() {
    let exposed = |file| format!(r#""event":"key_exposed","file":"/tls/{file}","mode":"0644""#);
    let expired = |root| {
        format!(
            r#""event":"trust_expired","root":"Root","root_sha256":"{root}","file":"/ca.crt","not_after":"x""#
        )
    };
    let over = |rest: &str| format!(r#""event":"fault_ended",{rest}"#);
    let raised = [
        exposed("a"),
        exposed("b"),
        expired("aa"),
        expired("bb"),
        r#""event":"trust_rejected","file":"/ca.crt","reason":"malformed""#.into(),
        r#""event":"names_lost","names":"api""#.into(),
        r#""event":"watch_degraded","to":"polling","why":"w""#.into(),
        r#""event":"accept_failed","why":"w""#.into(),
        r#""event":"tickets_unavailable","why":"w""#.into(),
    ];
    let mut text = loaded(0, 1, "a") + "\n" + &log(raised.map(|one| at(1, &one)));
    let alarms = |text: &str| answers(text)["servers"][0]["alarms"].clone();
    let both = "/tls/a has mode 0644; /tls/b has mode 0644";
    assert_eq!(alarms(&text)["key_exposed"]["says"], both);
    assert_eq!(
        alarms(&text)["trust_expired"]["says"],
        "/ca.crt: Root; /ca.crt: Root"
    );
    for ended in [
        r#""fault":"key_exposed","file":"/tls/a""#,
        r#""fault":"trust_expired","file":"/ca.crt","root":"Root","root_sha256":"aa""#,
    ] {
        text += &log([at(2, &over(ended))]);
    }
    assert_eq!(alarms(&text)["key_exposed"]["says"], "/tls/b has mode 0644");
    assert_eq!(alarms(&text)["trust_expired"]["says"], "/ca.crt: Root");
    for (ended, left) in [
        (r#""fault":"key_exposed","file":"/tls/b""#, 6),
        (
            r#""fault":"trust_expired","file":"/ca.crt","root":"Root","root_sha256":"bb""#,
            5,
        ),
        (r#""fault":"trust_rejected","file":"/ca.crt""#, 4),
        (r#""fault":"names_lost""#, 3),
        (r#""fault":"watch_degraded""#, 2),
        (r#""fault":"accept_failed""#, 1),
        (r#""fault":"tickets_unavailable""#, 0),
    ] {
        text += &log([at(3, &over(ended))]);
        assert_eq!(alarms(&text).as_object().unwrap().len(), left, "{ended}");
    }
}

/// What is held for later is over once the files hold something else, be it what is served already.
#[test]
fn what_is_held_no_more_is_no_alarm() {
    let held = at(
        1,
        r#""event":"identity_held","generation":1,"file":"f","seconds":60"#,
    );
    for next in [
        r#""event":"reload_skipped","generation":1,"why":"unchanged""#,
        r#""event":"identity_rejected","generation":1,"reason":"missing","file":"f","detail":"""#,
    ] {
        let text = log([loaded(0, 1, "a"), held.clone(), at(2, next)]);
        let alarms = &answers(&text)["servers"][0]["alarms"];
        assert_eq!(*alarms, json!({}), "{next}");
    }
}

/// A histogram knows three digits, and no time was longer than the longest.
#[test]
fn nothing_took_longer_than_the_longest() {
    let began = r#""event":"rotation_started","serial":"a","strategy":"bundle""#;
    let load = loaded(0, 1, "a").replace("00:00:00.000000000", "00:00:01.234567000");
    let took = &answers(&log([at(0, began), load]))["file_to_load"];
    for times in ["p50_us", "p99_us", "max_us"] {
        assert_eq!(took[times], 1_234_567, "{times}");
    }
}

/// Five connections are named, and how many more there are is told.
#[test]
fn old_connections_beyond_the_fifth_are_counted() {
    let old = |connections: u64| {
        let opened: String = (1..=connections)
            .map(|it| opened(1, it, 1) + "\n")
            .collect();
        said(&(loaded(0, 1, "a") + "\n" + &opened + &loaded(2, 2, "b") + "\n"))
    };
    for (connections, more) in [(5, None), (6, Some("  and 1 more"))] {
        let found = old(connections);
        let rest = found.lines().find(|line| line.starts_with("  and "));
        assert_eq!(rest, more, "{found}");
    }
}

/// Where none was refused, no reason stands behind the count.
#[test]
fn reloads_of_which_none_was_refused() {
    let found = said(&log([loaded(0, 1, "a"), loaded(2, 2, "b")]));
    let line = "reloads: 2 loaded, none refused";
    assert!(found.lines().any(|said| said == line), "{found}");
}

/// Milliseconds are for what takes milliseconds, and days for what takes days. Three digits are told of what is
/// shorter than ten seconds.
#[test]
fn a_time_is_told_in_units_of_its_size() {
    let later = |ts: &str| loaded(0, 1, "a").replace("2026-01-01T00:00:00.000000000", ts);
    let took = |ts| {
        let began = at(
            0,
            r#""event":"rotation_started","serial":"a","strategy":"bundle""#,
        );
        let found = said(&log([began, later(ts)]));
        let line = found
            .lines()
            .find(|line| line.starts_with("from file to load"))
            .unwrap();
        line.strip_prefix("from file to load: once, ")
            .unwrap()
            .to_owned()
    };
    assert_eq!(took("2026-01-01T00:00:00"), "0.00 ms");
    assert_eq!(took("2026-01-01T00:00:00.00999"), "9.99 ms");
    assert_eq!(took("2026-01-01T00:00:00.01"), "10.0 ms");
    assert_eq!(took("2026-01-01T00:00:00.05"), "50.0 ms");
    assert_eq!(took("2026-01-01T00:00:00.09995"), "100 ms");
    assert_eq!(took("2026-01-01T00:00:00.5"), "500 ms");
    assert_eq!(took("2026-01-01T00:00:00.9995"), "1.00 s");
    assert_eq!(took("2026-01-01T00:00:09.995"), "10 s");
    assert_eq!(took("2026-01-01T00:00:09"), "9.00 s");
    assert_eq!(took("2026-01-01T00:05:00"), "5 min 0 s");
    assert_eq!(took("2026-01-03T05:00:00"), "2 d 5 h");
}

/// Nobody read the log for a while: the answers say that they lack something.
#[test]
fn lines_that_are_lost_are_told_of() {
    let lost = |second, lines| at(second, &format!(r#""event":"lines_lost","lines":{lines}"#));
    let text = log([loaded(1, 1, "a"), lost(2, 40), lost(3, 2)]);
    assert_eq!(answers(&text)["log"]["lost_lines"], 42);
    let found = said(&text);
    let line = "log: 3 events, 0 broken lines; 42 lines are lost, and what they held is not in these answers";
    assert!(found.lines().any(|said| said == line), "{found}");
    let found = said(&log([loaded(1, 1, "a"), lost(2, 1)]));
    let line = "; 1 line is lost, and what it held is not in these answers\n";
    assert!(found.ends_with(line), "{found}");
}

/// What is counted of a server: connections that ended, and reloads that ended in a panic.
#[test]
fn what_has_ended_is_counted() {
    let panicked = at(4, r#""event":"reload_panicked","generation":1,"why":"x""#);
    let text = log([
        loaded(0, 1, "a"),
        opened(1, 1, 1),
        opened(1, 2, 1),
        closed(2, 1),
        closed(3, 2),
        panicked,
    ]);
    let server = &answers(&text)["servers"][0];
    assert_eq!(server["connections"]["closed"], 2);
    assert_eq!(server["reloads"]["refused"], json!({"panicked": 1}));
    assert_eq!(server["reloads"]["last_refused"]["detail"], "x");
}

/// An alarm says what its event does: which file, which port, and why. A port on which listening has stopped is no
/// port of the server any more.
#[test]
fn what_an_alarm_says() {
    for (name, fields, says) in [
        (
            "identity_held",
            r#""file":"f","seconds":60"#,
            "f is valid in 60 s",
        ),
        (
            "key_exposed",
            r#""file":"k","mode":"0644""#,
            "k has mode 0644",
        ),
        ("trust_rejected", r#""file":"f","reason":"torn""#, "f: torn"),
        ("trust_expired", r#""file":"f","root":"Old""#, "f: Old"),
        ("names_lost", r#""names":"a.example""#, "a.example"),
        ("file_pinned", r#""file":"f","why":"mounted""#, "f: mounted"),
        (
            "watch_degraded",
            r#""to":"polling","why":"w""#,
            "polling: w",
        ),
        ("watcher_died", r#""why":"w""#, "w"),
        ("accept_failed", r#""why":"w""#, "w"),
        ("tickets_unavailable", r#""why":"w""#, "w"),
        ("listen_failed", r#""port":443,"why":"w""#, "port 443: w"),
        (
            "listening_stopped",
            r#""port":443,"why":"w""#,
            "port 443: w",
        ),
    ] {
        let listening =
            [443, 8443].map(|port| at(1, &format!(r#""event":"listening","port":{port}"#)));
        let raised = at(2, &format!(r#""event":"{name}",{fields}"#));
        let server = &answers(&(log(listening) + &raised))["servers"][0];
        assert_eq!(server["alarms"][name]["says"], says, "{name}");
        let stopped = name == "listening_stopped";
        let ports = if stopped {
            json!([8443])
        } else {
            json!([443, 8443])
        };
        assert_eq!(server["ports"], ports, "{name}");
    }
}
