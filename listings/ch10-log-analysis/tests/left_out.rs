//! Lines that a collector has not written, or of which it has written a part.

use std::fs::{File, OpenOptions};

use ch10_log_analysis::read::Seen;

use crate::assert::{RUN, Scene};

/// What each of these asks may stand in a line that is not there.
fn cannot_be_told(log: &str, why: &str) {
    let scene = Scene::new(log);
    for asked in [
        ["--none", "key_exposed"],
        ["--loaded", "1003"],
        ["--generation-at-least", "3"],
        ["--within", "300"],
        ["--valid-for", "60"],
    ] {
        let (code, error) = scene.assert(&asked);
        assert_eq!(code, Some(2), "{asked:?}: {error}");
        assert!(error.contains(why), "{asked:?}: {error}");
    }
    // What is there is there.
    assert_eq!(scene.assert(&["--loaded", "1002"]).0, Some(0), "{log}");
}

/// journald cuts out what is over 4,096 bytes or no plain text, unless it is asked with `--all`.
#[test]
fn a_message_that_was_left_out_may_be_any() {
    for line in [
        r#"{"__CURSOR":"s=1","MESSAGE":null,"_PID":"123"}"#,
        r#"{ "__CURSOR" : "s=1", "MESSAGE" : null }"#,
        "Jan 01 00:00:05 host api[123]: [150B blob data]",
        "2026-01-01T00:00:05+0000 host api[123]: [16.0K blob data]",
    ] {
        cannot_be_told(&format!("{RUN}{line}\n"), "run.jsonl:9 lacks its message");
    }
    // So short is no event, another program may speak of blobs, and the kernel writes no events.
    for line in [
        "Jan 01 00:00:05 host other[9]: [5B blob data]",
        "Jan 01 00:00:05 host other[9]: wrote blob data] to [disk OK",
        r#"{"MESSAGE":null}"#,
        "Jan 01 00:00:05 host systemd-journald[1]: Missed 7 kernel messages",
    ] {
        let none = ["--none", "key_exposed"];
        let (code, error) = Scene::new(&format!("{RUN}{line}\n")).assert(&none);
        assert_eq!(code, Some(0), "{line}: {error}");
    }
}

/// systemd-journald and rsyslog limit how many lines a program may write, and say so.
#[test]
fn lines_that_were_dropped_may_be_any() {
    for line in [
        "Jan 01 00:00:05 host systemd-journald[1]: Suppressed 1204 messages from api.service",
        "Jan  1 00:00:05 host rsyslogd: imuxsock lost 17 messages from pid 123 due to rate-limiting",
        "Jan  1 00:00:05 host rsyslogd: imjournal: 17 messages lost due to rate-limiting",
    ] {
        let why = "run.jsonl:9 tells of lines that were dropped";
        cannot_be_told(&format!("{RUN}{line}\n"), why);
    }
}

/// An answer holds many lines, and what a collector says of those that are not there stands beside others.
#[test]
fn a_line_that_is_left_out_beside_an_event() {
    let event = r#"{\"ts\":\"2026-01-01T00:00:05Z\",\"event\":\"reload_skipped\"}"#;
    let answer = |said: &str| {
        format!(r#"{{"data":{{"result":[{{"values":[["1","{event}"],["2","{said}"]]}}]}}}}"#)
    };
    let cut = &event[..event.len() - 9];
    for (line, why) in [
        (
            answer("journald: Suppressed 12 messages from api.service"),
            "tells of lines that were dropped",
        ),
        (answer("api[1]: [150B blob data]"), "lacks its message"),
        (
            format!(
                r#"[{{"__CURSOR":"a","MESSAGE":"{event}"}},{{"__CURSOR":"b","MESSAGE":null}}]"#
            ),
            "lacks its message",
        ),
        // Those that were dropped may be any, and so may what a line that is cut has lost: one of both is said.
        (
            answer(&format!(r#"Suppressed 12 messages from a"],["3","{cut}"#)),
            "run.jsonl:",
        ),
    ] {
        // Sent twice, it says the same.
        let twice = format!("{RUN}{line}\n{line}\n");
        cannot_be_told(&format!("{RUN}{line}\n"), why);
        cannot_be_told(&twice, why);
    }
}

/// Numbers of other programs are no bytes of text.
#[test]
fn numbers_of_other_programs_are_no_event() {
    for line in [
        "other: took 123,34 ms",
        "other: ids 12,123,34,5",
        "other: sizes 99, 123, 34",
        "other: at [123,34.5]",
        r#"{"of":"other","ids":[123,34]}"#,
    ] {
        let none = ["--none", "key_exposed"];
        let (code, error) = Scene::new(&format!("{RUN}{line}\n")).assert(&none);
        assert_eq!(code, Some(0), "{line}: {error}");
    }
}

/// A collector that samples writes beside each line of how many it is one. What is absent may be among the others.
#[test]
fn lines_that_were_sampled_say_nothing_of_the_others() {
    for rate in ["10", "\"10\"", "0.1"] {
        let log = RUN.replace("\"event\"", &format!("\"sample_rate\":{rate},\"event\""));
        cannot_be_told(&log, "lines were sampled (`sample_rate`");
        // What must not be there, and is.
        let none = ["--none", "identity_rejected"];
        assert_eq!(Scene::new(&log).assert(&none).0, Some(1), "{rate}");
    }
    // One of one is each.
    let log = RUN.replace("\"event\"", "\"sample_rate\":1,\"event\"");
    let code = Scene::new(&log).assert(&["--none", "key_exposed"]).0;
    assert_eq!(code, Some(0));
}

/// Text as the numbers of its bytes, cut at either end, may be what must not be there.
#[test]
fn numbers_of_bytes_that_are_cut_may_be_an_event() {
    let run = RUN.replace("identity_rejected", "reload_skipped");
    let event = r#"{"ts":"2026-01-01T00:00:05Z","event":"identity_rejected","reason":"torn"}"#;
    for separator in [",", ", "] {
        let numbers: Vec<_> = event.bytes().map(|byte| byte.to_string()).collect();
        let line = |numbers: &[String]| numbers.join(separator);
        let name = event.find("rejected").unwrap();
        for (cut, is_named) in [
            (
                format!("{{\"MESSAGE\":[{}", line(&numbers[..name + 4])),
                true,
            ),
            (format!("{{\"MESSAGE\":[{}", &line(&numbers[..=name])), true),
            (format!("{}],\"_PID\":\"1\"}}", line(&numbers[20..])), true),
            (line(&numbers[20..]), true),
            (format!("{{\"MESSAGE\":[{}", line(&numbers[..3])), false),
        ] {
            let scene = Scene::new(&format!("{run}{cut}\n"));
            let (code, error) = scene.assert(&["--none", "identity_rejected"]);
            assert_eq!(code, Some(2), "{cut}: {error}");
            assert!(error.contains("run.jsonl:9 is cut"), "{error}");
            let other = scene.assert(&["--none", "key_exposed"]).0;
            let expected = if is_named { 0 } else { 2 };
            assert_eq!(other, Some(expected), "{cut}");
        }
    }
}

/// A file that cannot be read has not been truncated: to read it again from its beginning would tell everything twice.
#[test]
fn an_error_is_no_truncation() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("run.jsonl");
    std::fs::write(&path, RUN).unwrap();
    let end = RUN.len() as u64;
    let seen = Seen::of(&File::open(&path).unwrap(), end).unwrap().unwrap();
    assert!(seen.stands_in(&File::open(&path).unwrap()).unwrap());
    // One that is open for writing alone cannot be read, whatever stands in it.
    let unreadable = OpenOptions::new().append(true).open(&path).unwrap();
    assert!(seen.stands_in(&unreadable).is_err());
    assert!(Seen::of(&unreadable, end).is_err());
    // Others stand there, or none.
    std::fs::write(&path, RUN.to_uppercase()).unwrap();
    assert!(!seen.stands_in(&File::open(&path).unwrap()).unwrap());
    std::fs::write(&path, "").unwrap();
    assert!(!seen.stands_in(&File::open(&path).unwrap()).unwrap());
    assert!(
        Seen::of(&File::open(&path).unwrap(), end)
            .unwrap()
            .is_none()
    );
}
