//! Logs as the interfaces of collectors answer: one object for many lines, in fields that none of the others has.

use std::time::Instant;

use serde_json::{Value, json};

use super::{answers, at, loaded, opened, said};
use lab::event::Event;

fn lines() -> [String; 3] {
    [loaded(0, 1, "a"), loaded(5, 2, "b"), opened(6, 1, 2)]
}

/// What these make of all lines.
fn interfaces() -> [(&'static str, Value); 8] {
    let lines = lines();
    let each = |of: fn(&String) -> Value| lines.iter().map(of).collect::<Value>();
    [
        (
            "CloudWatch, filter-log-events",
            json!({"events": each(|line| json!({"logStreamName": "s", "timestamp": 1, "message": line}))}),
        ),
        (
            "CloudWatch, Logs Insights",
            json!({"results": each(|line| json!([{"field": "@ptr", "value": "x"}, {"field": "@message", "value": line}]))}),
        ),
        (
            "Loki",
            json!({"status": "success", "data": {"resultType": "streams", "result": [
                {"stream": {"app": "api"}, "values": each(|line| json!(["1767225600000000000", line]))}
            ]}}),
        ),
        (
            "Elasticsearch, text",
            json!({"took": 1, "hits": {"total": 3, "hits": each(|line| json!({"_id": "x", "_source": {"message": line}}))}}),
        ),
        (
            "Elasticsearch, parsed",
            json!({"hits": {"hits": each(|line| json!({"_source": Event::parse(line).unwrap().0}))}}),
        ),
        (
            "OpenTelemetry",
            json!({"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords":
                each(|line| json!({"timeUnixNano": "1", "body": {"stringValue": line}, "attributes": []}))
            }]}]}),
        ),
        (
            "Azure Monitor",
            json!({"tables": [{"name": "T", "rows": each(|line| json!(["2026", line]))}]}),
        ),
        (
            "Sumo Logic",
            json!({"messages": each(|line| json!({"map": {"_raw": line}}))}),
        ),
    ]
}

#[test]
fn an_answer_holds_many_lines() {
    let plain = answers(&(lines().join("\n") + "\n"));
    for (interface, answer) in interfaces() {
        assert_eq!(answers(&format!("{answer}\n")), plain, "{interface}");
    }
}

/// What some collectors make of each line, in fields of their own.
#[test]
fn a_field_of_any_name_may_hold_an_event() {
    let plain = answers(&(lines().join("\n") + "\n"));
    let parsed = |line: &str| Event::parse(line).unwrap().0;
    let wraps: [fn(&str, Value) -> Value; 6] = [
        |line, _| json!({"_time": "x", "_msg": line}),
        |line, _| json!({"@rawstring": line}),
        |line, _| json!({"Message": line, "Id": 1}),
        |line, _| json!({"short_message": "x", "full_message": line}),
        |_, event| json!({"date": "x", "attributes": event}),
        |line, event| json!({"attributes": {"message": line, "attributes": event}}),
    ];
    for wrap in wraps {
        let wrapped = lines().map(|line| wrap(&line, parsed(&line).into()).to_string());
        let found = answers(&(wrapped.join("\n") + "\n"));
        assert_eq!(found, plain, "{}", wrapped[0]);
    }
    // What a client has sent may be whatever it likes.
    let sent = loaded(9, 3, "c");
    for access in [
        json!({"status": 404, "user_agent": sent}),
        json!({"request": {"headers": {"User-Agent": [sent]}}}),
        json!({"headers": [{"name": "User-Agent", "value": sent}]}),
        json!({"headers": [{"name": "User-Agent", "values": [sent]}]}),
        json!({"body": {"stringValue": "GET /"}, "attributes": [{"key": "agent", "value": {"stringValue": sent}}]}),
    ] {
        assert_eq!(
            answers(&format!("{access}\n"))["log"]["events"],
            0,
            "{access}"
        );
    }
    // In the words of another program, an event is quoted.
    let quoted = json!({"level": "warn", "reason": format!("not sent: {}", loaded(9, 3, "c"))});
    assert_eq!(answers(&format!("{quoted}\n"))["log"]["events"], 0);
}

/// Anybody may write into a log. Beginnings within beginnings are not each tried to their end.
#[test]
fn a_line_of_beginnings_takes_no_longer_than_others() {
    let whole = loaded(0, 1, "a");
    let nested = |part: &str| part.repeat((1 << 20) / part.len() - 100);
    for part in [
        r#"{"ts":"#,
        r#"{"ts":[{"a":["#,
        r#"{"a":[{"ts":1},"#,
        r#"{"event":"x"}{"a":"#,
    ] {
        let line = nested(part);
        // Of the first, each beginning took a second and more when it was tried to its end.
        takes_no_longer(&line, &"RATHER ".repeat(line.len() / 7));
        let text = format!("{line}\n{whole}\n");
        assert_eq!(answers(&text)["servers"][0]["serving"]["serial"], "a");
        assert_eq!(answers(&text)["log"]["broken_lines"], 1, "{part}");
    }
    // What is whole behind such a beginning is read all the same.
    let text = format!("{}{whole}\n", nested(r#"{"ts":"#));
    assert_eq!(answers(&text)["servers"][0]["serving"]["serial"], "a");
}

/// Of empty lines, a whole buffer of them is no beginning that is looked at for each.
#[test]
fn empty_lines_take_no_longer_than_others() {
    takes_no_longer(&"\n".repeat(300_000), &"RATHER\n".repeat(300_000));
}

/// Reads a log in which `a` is loaded, with this and with what others have written.
fn takes_no_longer(text: &str, others: &str) {
    let took = |text: &str| {
        let began = Instant::now();
        let log = format!("{}{text}\n", loaded(0, 1, "a"));
        assert_eq!(answers(&log)["servers"][0]["serving"]["serial"], "a");
        began.elapsed()
    };
    let (begins, others, took) = (text.get(..20), took(others), took(text));
    let ratio = took.as_secs_f64() / others.as_secs_f64();
    assert!(
        ratio < 30.0,
        "{begins:?}: {took:?}, and {others:?} for others"
    );
}

/// A part of a line has to be put together with the next, as its collector says.
#[test]
fn parts_that_a_collector_marks_are_one_line() {
    let rejected = r#""event":"identity_rejected","generation":2,"reason":"torn""#;
    let whole = lines().map(|line| line + "\n").concat() + &at(7, rejected) + "\n";
    let plain = answers(&whole);
    type Wrap = fn(&str, usize, bool) -> Value;
    let wraps: [(&str, Wrap); 4] = [
        (
            "Fluent Bit",
            |part, _, last| json!({"time": "x", "stream": "stderr", "_p": if last { "F" } else { "P" }, "log": part}),
        ),
        (
            "Fluent Bit, before 1.8",
            |part, _, last| json!({"stream": "stderr", "logtag": if last { "F" } else { "P" }, "log": part}),
        ),
        ("Docker to Fluentd", |part, line, last| {
            json!({"container_id": "c", "source": "stderr", "log": part, "partial_message": "true",
                "partial_id": format!("{line}"), "partial_last": last.to_string()})
        }),
        ("Docker to journald", |part, line, last| {
            json!({"__CURSOR": "c", "MESSAGE": part, "CONTAINER_PARTIAL_MESSAGE": "true",
                "CONTAINER_PARTIAL_ID": format!("{line}"), "CONTAINER_PARTIAL_LAST": last.to_string()})
        }),
    ];
    for (collector, wrap) in wraps {
        let mut log = String::new();
        for (number, line) in whole.lines().enumerate() {
            let parts: Vec<_> = line.as_bytes().chunks(50).collect();
            for (part, bytes) in parts.iter().enumerate() {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                let wrapped = wrap(&text, number, part + 1 == parts.len());
                log += &format!("{wrapped}\n");
                // The other stream stands between the parts, and has parts that do not end.
                let other = json!({"stream": "stdout", "source": "stdout", "_p": "P", "log": "x"});
                if number == 0 && part == 0 && collector == "Fluent Bit" {
                    log += &format!("{other}\n");
                }
            }
        }
        let mut found = answers(&log);
        assert_eq!(found["servers"], plain["servers"], "{collector}");
        let left = u64::from(collector == "Fluent Bit");
        assert_eq!(found["log"]["broken_lines"].take(), left, "{collector}");
    }
    // Of old versions, the last part has no mark: then each is a line, and is cut.
    let part = json!({"log": &whole[..60], "partial_message": "true"});
    let found = answers(&format!("{part}\n{part}\n{whole}"));
    assert_eq!(found["log"]["broken_lines"], 2);
    assert_eq!(found["servers"], plain["servers"]);
}

/// Two lines, and the second is long before the first: its order cannot be relied on.
#[test]
fn of_two_lines_the_newest_may_stand_first() {
    let (first, second) = (loaded(1, 1, "a"), loaded(5, 2, "b"));
    let is_first = |log: &str| super::state(log).newest_first();
    assert!(is_first(&format!("{second}\n{first}\n")));
    assert!(!is_first(&format!("{first}\n{second}\n")));
    // Also within a second, if the generation falls as well.
    let soon = loaded(1, 2, "b").replace(":01.0", ":01.5");
    assert!(is_first(&format!("{soon}\n{first}\n")));
    assert!(!is_first(&format!("{first}\n{soon}\n")));
    // Lines of two threads change places.
    let listening = at(1, r#""event":"listening","port":443"#);
    let later = first.replace(":01.0", ":01.1");
    assert!(!is_first(&format!("{later}\n{listening}\n")));
    // A clock that was set back goes on from there.
    let third = loaded(2, 3, "c");
    assert!(!is_first(&format!("{second}\n{first}\n{third}\n")));
}

/// A root that cannot go, and what ends that.
#[test]
fn a_root_that_is_held_is_an_alarm() {
    let of = |second, event: &str, root: &str, more: &str| {
        let rest = format!(r#""event":"{event}","root":"{root}","root_sha256":"{root}"{more}"#);
        at(second, &rest) + "\n"
    };
    let held = |root| of(2, "trust_held", root, r#","why":"not_drained""#);
    let refused = of(3, "drain_refused", "Old", r#","why":"own leaf""#);
    let moved = |root, step| of(4, "trust_moved", root, &format!(r#","step":"{step}""#));
    let began = loaded(0, 1, "a") + "\n" + &held("Old") + &held("Other") + &refused;
    let alarms = |log: &str| answers(log)["servers"][0]["alarms"].clone();
    let told = said(&began);
    assert!(
        told.contains("alarm: trust_held: Old: not_drained; Other: not_drained, since"),
        "{told}"
    );
    assert!(
        told.contains("alarm: drain_refused: Old: own leaf, since"),
        "{told}"
    );
    let drained = alarms(&(began.clone() + &moved("Old", "drain")));
    assert!(drained["drain_refused"].is_null() && !drained["trust_held"].is_null());
    for step in ["remove", "add"] {
        let left = alarms(&(began.clone() + &moved("Old", step)));
        assert_eq!(left["trust_held"]["says"], "Other: not_drained", "{step}");
        assert!(left["drain_refused"].is_null(), "{step}");
    }
    let other = alarms(&(began.clone() + &moved("Else", "remove") + &moved("Old", "reissue")));
    assert_eq!(other, alarms(&began));
}
