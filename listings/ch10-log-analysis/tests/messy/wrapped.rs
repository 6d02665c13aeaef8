//! The same log as collectors of logs store it.

use std::collections::BTreeMap;

use ch10_log_analysis::wrapped::event_in;
use lab::event::Event;
use serde_json::json;

use super::{answers, at, loaded, opened, said};

/// What a collector makes of a line.
type Wrap = fn(&str) -> String;

const COLLECTORS: [(&str, Wrap); 49] = [
    ("nobody", str::to_owned),
    ("Windows", |line| format!("{line}\r")),
    ("a byte order mark", |line| format!("\u{feff}{line}")),
    ("CRI", |line| {
        format!("2026-01-01T00:00:01.5Z stderr F {line}")
    }),
    ("journald", |line| {
        format!("Jan 01 00:00:01 host api[123]: {line}")
    }),
    ("kubectl --prefix", |line| {
        format!("[pod/api-0/server] {line}")
    }),
    ("Docker", |line| {
        json!({"log": format!("{line}\n"), "stream": "stderr", "time": "2026-01-01T00:00:01Z"})
            .to_string()
    }),
    ("journalctl -o json", |line| {
        json!({"__CURSOR": "s=1", "MESSAGE": line, "_PID": "123"}).to_string()
    }),
    ("journalctl -o json, with a control character", |line| {
        json!({"__CURSOR": "s=1", "MESSAGE": line.as_bytes()}).to_string()
    }),
    ("jq without -r", |line| json!(line).to_string()),
    ("Google Cloud", |line| {
        let event = Event::parse(line).unwrap();
        json!({"insertId": "a", "jsonPayload": event.0, "severity": "INFO"}).to_string()
    }),
    ("Fluent Bit of CRI", |line| {
        json!({"log": format!("2026-01-01T00:00:01Z stderr F {line}")}).to_string()
    }),
    ("syslog (RFC 5424)", |line| {
        format!(r#"<14>1 2026-01-01T00:00:01.003Z host api 123 ID47 [x@1 a="b"] {line}"#)
    }),
    ("journalctl -o short-iso-precise", |line| {
        format!("2026-01-01T00:00:01.123456+00:00 host api[123]: {line}")
    }),
    ("journalctl -o json-sse", |line| {
        format!("data: {}", json!({"MESSAGE": line}))
    }),
    ("journalctl -o json-seq", |line| {
        format!("\u{1e}{}", json!({"MESSAGE": line}))
    }),
    ("journalctl -o json, several values", |line| {
        json!({"MESSAGE": [line, "x"]}).to_string()
    }),
    ("kubectl --prefix --timestamps", |line| {
        format!("[pod/api-0/server] 2026-01-01T00:00:01.5Z {line}")
    }),
    ("stern, coloured", |line| {
        format!("\u{1b}[36mapi-0\u{1b}[0m \u{1b}[1;36mserver\u{1b}[0m {line}")
    }),
    ("stern -o json", |line| {
        json!({"message": line, "podName": "api-0"}).to_string()
    }),
    ("docker compose", |line| format!("api-1  | {line}")),
    ("logcli", |line| {
        format!(r#"2026-01-01T00:00:01Z {{app="api", pod="api-0"}} {line}"#)
    }),
    ("logcli -o jsonl", |line| {
        json!({"labels": {"app": "api"}, "line": line, "timestamp": "x"}).to_string()
    }),
    ("Vector", |line| {
        json!({"file": "/x", "message": line, "source_type": "file"}).to_string()
    }),
    ("Fluent Bit, a record", |line| {
        json!([1.5, {"log": line}]).to_string()
    }),
    ("Fluent Bit, parsed", |line| {
        let event = Event::parse(line).unwrap();
        json!({"date": 1.5, "log": line, "log_processed": event.0}).to_string()
    }),
    ("Fluentd", |line| {
        format!(
            "2026-01-01T00:00:01+00:00\tkube.api\t{}",
            json!({"log": line})
        )
    }),
    ("Filebeat", |line| {
        let event = Event::parse(line).unwrap();
        json!({"@timestamp": "x", "json": event.0, "log": {"offset": 1}}).to_string()
    }),
    ("Elasticsearch", |line| {
        json!({"_id": "x", "_source": {"event": {"original": line}}}).to_string()
    }),
    ("CloudWatch, a stream", |line| {
        format!("2026-01-01T00:00:01.123000+00:00 stream/abc {line}")
    }),
    ("CloudWatch Logs Insights", |line| {
        json!({"@timestamp": "x", "@message": line}).to_string()
    }),
    ("Splunk, an export", |line| {
        json!({"preview": false, "result": {"_raw": line}}).to_string()
    }),
    ("Splunk, the event collector", |line| {
        json!({"time": 1, "event": line}).to_string()
    }),
    ("Datadog", |line| {
        json!({"id": "x", "content": {"message": line}}).to_string()
    }),
    ("Graylog", |line| {
        json!({"version": "1.1", "short_message": line}).to_string()
    }),
    ("Azure", |line| json!({"LogMessage": line}).to_string()),
    ("Google Cloud, text in an object", |line| {
        json!({"jsonPayload": {"message": line}}).to_string()
    }),
    ("a table", |line| {
        format!("1767225601000,\"{}\",api", line.replace('"', "\"\""))
    }),
    ("logfmt", |line| {
        format!("time=2026-01-01 level=info msg={} pod=api-0", json!(line))
    }),
    ("Fluent Bit, on a terminal", |line| {
        format!(
            r#"[0] tail.0: [[1767225601.1, {{}}], {{"log"=>{}}}]"#,
            json!(line)
        )
    }),
    ("in the quotes of a shell", |line| format!("msg='{line}'")),
    ("in brackets", |line| format!("api (1): ({line})")),
    ("words behind it", |line| format!("{line} host=api-0")),
    ("a terminal", |line| {
        format!("\u{1b}[31m{line}\u{1b}[0m\u{1b}[K")
    }),
    ("jq, sorted, behind words", |line| {
        let sorted: BTreeMap<_, _> = Event::parse(line).unwrap().0.into_iter().collect();
        format!("host api[1]: {}", json!(sorted))
    }),
    ("a space in each bracket", |line| {
        line.replacen('{', "{ ", 1).replace("\":", "\" : ")
    }),
    ("a hole of a truncated file", |line| format!("\0\0\0{line}")),
    ("an array", |line| format!("{line},")),
    ("an array of one", |line| format!("[{line}]")),
];

#[test]
fn the_log_is_read_however_it_was_collected() {
    let lines = [loaded(0, 1, "a"), loaded(5, 2, "b"), opened(6, 1, 2)];
    let plain = answers(&lines.concat().replace("}{", "}\n{"));
    for (collector, wrap) in COLLECTORS {
        let log = lines
            .iter()
            .map(|line| wrap(line) + "\n")
            .collect::<String>();
        let found = answers(&log);
        assert_eq!(found, plain, "{collector}");
        assert_eq!(found["log"]["broken_lines"], 0, "{collector}");
        assert_eq!(found["servers"][0]["serving"]["serial"], "b", "{collector}");
    }
}

/// Other programs have a field of this name, too. An event of the contract says when it happened.
#[test]
fn what_has_no_time_is_an_event_only_where_it_stands_alone() {
    let line = loaded(0, 1, "a");
    let event = Event::parse(&line).unwrap();
    let labelled = json!({"event": "log", "message": line}).to_string();
    assert_eq!(event_in(&labelled), Some(event));
    let other = r#"{"event":"login"}"#;
    assert_eq!(event_in(other).unwrap().name(), "login");
    for line in [format!("GET / {other}"), format!("{other} in 5 ms")] {
        assert_eq!(event_in(&line), None, "{line}");
    }
}

/// What is cut, and what only speaks of an event, is none.
#[test]
fn what_is_no_whole_event_is_none() {
    let whole = loaded(0, 1, "a");
    let deep = (0..4).fold(whole.clone(), |line, _| json!({"log": line}).to_string());
    let twice = format!("{}{whole}", &at(1, r#""event":"identity_loaded","#)[..30]);
    for line in [
        "",
        "[",
        "]",
        "null",
        "2026-01-01T00:00:01Z stderr P",
        r#"{"log":1,"message":null,"fields":[]}"#,
        r#"{"log":"a line of another program"}"#,
        r#"{"message":{"event":5}}"#,
        &whole[..40],
        &twice,
        &deep,
    ] {
        assert_eq!(event_in(line), None, "{line}");
    }
}

/// Line breaks were lost, or a collector has made one message of several lines: each event counts, in its order.
#[test]
fn several_events_in_a_line_are_several() {
    let lines = [loaded(0, 1, "a"), loaded(5, 2, "b"), opened(6, 1, 2)];
    let plain = answers(&(lines.join("\n") + "\n"));
    for joined in [
        lines.concat(),
        lines.join(" "),
        json!({"log": lines.join("\n")}).to_string(),
        lines
            .each_ref()
            .map(|line| format!("host api: {line}"))
            .join("\t"),
    ] {
        assert_eq!(answers(&(joined.clone() + "\n")), plain, "{joined}");
    }
    // One of them is cut, and the others are there.
    let cut = format!("{}{}{}\n", lines[0], &lines[1][..40], lines[2]);
    let found = answers(&cut);
    assert_eq!(found["log"]["events"], 2, "{found}");
    assert_eq!(found["log"]["broken_lines"], 1, "{found}");
    assert!(said(&cut).contains("(the first is line 1: cut"), "{cut}");
}
