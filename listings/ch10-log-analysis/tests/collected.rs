//! A log as it comes through collectors: lines that cannot be read, that lack a part or a line break, and that come slowly.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use lab::BOUND;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::assert::{RUN, Scene};

/// What each of these lacks may be in a line that cannot be read.
const MISSING: [&[&str]; 4] = [
    &["--loaded", "1003"],
    &["--generation-at-least", "3"],
    &["--order", "connection_opened,connection_closed"],
    &["--within", "300"],
];

/// No line can be read: that an event is not found says nothing of the server.
#[test]
fn a_log_of_which_nothing_can_be_read_proves_nothing() {
    let halves = RUN.replace(r#"{"ts":"#, r#"ts=""#);
    let logs = [
        ("starting\nready\n", "the log holds no event"),
        (halves.as_str(), "may hold what is missing"),
    ];
    for (log, words) in logs {
        for arguments in MISSING {
            let (code, error) = Scene::new(log).assert(arguments);
            assert_eq!(code, Some(2), "{arguments:?}: {error}");
            assert!(error.contains(words), "{arguments:?}: {error}");
        }
    }
}

/// A line that is cut may be what is missing, or what refutes a claim on all of them.
#[test]
fn a_cut_line_may_be_what_is_missing() {
    let began = r#"{"ts":"2026-01-01T00:00:05.000000000Z","event":"#;
    let loaded = format!(r#"{RUN}{began}"identity_loaded","generation":3,"ser"#);
    for arguments in MISSING
        .iter()
        .chain([&["--valid-for", "60"] as &[&str]].iter())
    {
        let (code, error) = Scene::new(&loaded).assert(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(error.contains("run.jsonl:9 is cut, and may"), "{error}");
    }
    // Another event, which none of them is about, apart from the order.
    let other = format!(r#"{RUN}{began}"key_exposed","fi"#);
    for arguments in MISSING {
        let code = Scene::new(&other).assert(arguments).0;
        let expected = match arguments[0] {
            "--order" => 2,
            "--within" => 0,
            _ => 1,
        };
        assert_eq!(code, Some(expected), "{arguments:?}");
    }
    // What is there is there, and what is loaded afterwards says until when.
    let next = format!(
        r#"{loaded}{began}"identity_loaded","generation":4,"serial":"1004","not_after":"2036-01-01T00:00:00Z"}}"#
    );
    for arguments in [&["--loaded", "1004"], &["--valid-for", "60"]] {
        assert_eq!(
            Scene::new(&next).assert(arguments).0,
            Some(0),
            "{arguments:?}"
        );
    }
}

/// The beginning of a log, or the middle of a line, is lost: the event whose name is left was there.
#[test]
fn the_rest_of_an_event_is_not_nothing() {
    let none = ["--none", "identity_rejected"];
    let run = RUN.replace("identity_rejected", "reload_skipped");
    let rest = r#"00:00.000000000Z","event":"identity_rejected","generation":1,"reason":"torn"}"#;
    assert_eq!(Scene::new(&run).assert(&none).0, Some(0));
    for log in [
        format!("{rest}\n{run}"),
        format!("{run}{}{rest}\n", r#"{"ts":"2026","event":"listening","po"#),
        format!(
            "{run}{}\n",
            rest.replacen("00:00.", r#"{"ts":"2026-01-01T00:"#, 1)
                .replace("identity", "\u{fffd}")
        ),
        format!(
            "{run}{}\n",
            r#"{"ts":"2026-01-01T00:00:05Z","event":"identity_rejected","reason":"to0Z","event":"listening","port":1}"#
        ),
        format!(
            "{run}{}\n",
            r#"{"ts":"2026-01-01T00:00:05Z","event":"identity_r0Z","event":"listening","port":1}"#
        ),
        format!(
            "{run}{}\n",
            r#"{"ts":"2026-01-01T00:00:05Z","event":"identity_,"event":"listening","port":1}"#
        ),
    ] {
        let (code, error) = Scene::new(&log).assert(&none);
        assert_eq!(code, Some(2), "{log}: {error}");
    }
}

/// The same, however the program writes its JSON, and whatever a collector has made of the line.
#[test]
fn a_cut_event_is_found_in_any_notation() {
    let run = RUN.replace("identity_rejected", "reload_skipped");
    let whole = r#"{"ts":"2026-01-01T00:00:05Z","event":"identity_rejected","reason":"torn"}"#;
    let spaced = whole.replace("\":", "\": ").replace(",\"", ", \"");
    let apart = whole.replace("\":", "\" : ").replace('{', "{ ");
    let docker = |line: &str, last: &str| {
        let line = serde_json::json!(line);
        format!(r#"{{"log":{line},"stream":"stderr","time":"2026-01-01T00:00:05Z"{last}"#)
    };
    let name = whole.find("rejected").unwrap();
    for cut in [
        spaced[..70].to_owned(),
        spaced[20..].to_owned(),
        apart[..name + 10].to_owned(),
        whole[..3].to_owned(),
        docker(&whole[..name + 4], "}"),
        docker(&spaced[20..], "}"),
        serde_json::json!({"message": docker(&whole[..name + 4], "}")}).to_string(),
        format!("17672,\"{}\",api", whole[..name + 4].replace('"', "\"\"")),
    ] {
        let log = format!("{run}{cut}\n");
        let (code, error) = Scene::new(&log).assert(&["--none", "identity_rejected"]);
        assert_eq!(code, Some(2), "{cut}: {error}");
        // It is no other event.
        if cut.len() > 3 {
            let code = Scene::new(&log).assert(&["--none", "key_exposed"]).0;
            assert_eq!(code, Some(0), "{cut}");
        }
    }
}

/// Anybody may write into a log. A line is not searched again for each of its backslashes: that takes hours.
#[test]
fn a_line_of_backslashes_is_read_as_any_other() {
    let line = format!("{{\"\"ts\"\":{}\"", "\\".repeat(500_000));
    let log = format!("{RUN}{line}\n");
    let (code, error) = Scene::new(&log).assert(&["--none", "key_exposed"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(
        error.contains("is cut, and may have been `key_exposed`"),
        "{error}"
    );
}

/// Nor is a name of any length compared with each of the contract.
#[test]
fn a_name_of_any_length_is_another_event() {
    let name = "a".repeat(500_000);
    let line = format!(r#"{{"ts":"2026-01-01T00:00:05.000000000Z","event":"{name}"}}"#);
    let log = format!("{RUN}{line}\n");
    for (arguments, expected) in [(["--loaded", "1003"], 1), (["--none", "key_exposed"], 0)] {
        let (code, error) = Scene::new(&log).assert(&arguments);
        assert_eq!(code, Some(expected), "{arguments:?}: {error}");
    }
}

/// Libraries for logging have a field `event` of their own. Such a log says nothing of a server.
#[test]
fn a_log_of_other_events_proves_nothing() {
    let log = RUN.lines().filter(|line| line.starts_with('{'));
    let log: String = log
        .map(|line| line.replace(r#""event":""#, r#""event":"app "#) + "\n")
        .collect();
    for arguments in [&["--none", "identity_rejected"], &["--loaded", "1002"]] {
        let (code, error) = Scene::new(&log).assert(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(error.contains("no event of the contract"), "{error}");
    }
}

/// The line breaks were lost. Each event of the line is there all the same.
#[test]
fn an_event_in_the_middle_of_a_line_is_there() {
    let log = RUN.replace("not an event\n", "").replace('\n', "") + "\n";
    let none = ["--none", "identity_rejected reason=truncated"];
    assert_eq!(Scene::new(&log).assert(&none).0, Some(1));
    let order = "identity_loaded serial=1001,identity_rejected,identity_loaded serial=1002";
    for arguments in [&["--loaded", "1001"], &["--order", order]] {
        let (code, error) = Scene::new(&log).assert(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {error}");
    }
}

/// A load, and the rotation before it, at these seconds.
fn rotation(started: u32, loaded: u32, serial: &str) -> String {
    format!(
        r#"{{"ts":"2026-01-01T00:01:{started:02}.000000000Z","event":"rotation_started","serial":"{serial}","strategy":"bundle"}}
{{"ts":"2026-01-01T00:01:{loaded:02}.000000000Z","event":"identity_loaded","generation":3,"serial":"1a03","not_after":"2036-01-01T00:00:00Z"}}
"#
    )
}

/// An agent writes a serial number as openssl does, and the server as the contract does: they mean the same.
#[test]
fn a_serial_number_is_one_in_each_notation_of_a_log() {
    for serial in ["1a03", "1A03", "1A:03", "001a03"] {
        let log = RUN.to_owned() + &rotation(1, 2, serial);
        let (code, error) = Scene::new(&log).assert(&["--within", "1000"]);
        assert_eq!(code, Some(0), "{serial}: {error}");
        let unwanted = ["--none", "rotation_started serial=1a03"];
        assert_eq!(Scene::new(&log).assert(&unwanted).0, Some(1), "{serial}");
    }
}

/// How long a rotation took cannot be told where one of its ends has no time.
#[test]
fn a_rotation_without_a_time_is_not_judged() {
    let slow = rotation(1, 50, "1a03");
    let [started, loaded] = [
        "2026-01-01T00:01:01.000000000Z",
        "2026-01-01T00:01:50.000000000Z",
    ];
    for without in [started, loaded] {
        let log = RUN.to_owned() + &slow.replace(&format!("\"{without}\""), "1767225661.5");
        let (code, error) = Scene::new(&log).assert(&["--within", "1000"]);
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains("an event without a time"), "{error}");
    }
    let log = RUN.to_owned() + &slow;
    assert_eq!(Scene::new(&log).assert(&["--within", "1000"]).0, Some(1));
}

/// A line that is sent once more, or that comes later than the one behind it, changes nothing.
#[test]
fn lines_that_are_sent_again_or_late_are_judged_by_their_times() {
    let text = rotation(1, 2, "1a03");
    let (started, loaded) = text.split_at(text.find('\n').unwrap() + 1);
    for order in [
        [started, loaded, started].concat(),
        [loaded, started].concat(),
    ] {
        let log = RUN.to_owned() + &order;
        let (code, error) = Scene::new(&log).assert(&["--within", "1000"]);
        assert_eq!(code, Some(0), "{error}");
        let (code, error) = Scene::new(&log).assert(&["--within", "999"]);
        assert_eq!(code, Some(1), "{error}");
        assert!(error.contains("took 1000 ms"), "{error}");
    }
    // Of two, the later one is not loaded, although the line of the other one comes last.
    let log = RUN.to_owned()
        + loaded
        + &started.replace("01:01", "01:03").replace("1a03", "1a04")
        + started;
    let (code, error) = Scene::new(&log).assert(&["--within", "1000"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains("1a04 was started, and not loaded"),
        "{error}"
    );
    // Where the clock was set back in between, that is not known.
    let log = RUN.to_owned() + &rotation(40, 2, "1a03");
    let (code, error) = Scene::new(&log).assert(&["--within", "1000"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("the clock was set back"), "{error}");
    // And one event is one.
    let log = RUN.to_owned() + started + started;
    let twice = [
        "--order",
        "rotation_started serial=1a03,rotation_started serial=1a03",
    ];
    assert_eq!(Scene::new(&log).assert(&twice).0, Some(1));
}

/// A server that does not say until when its certificate is valid says nothing of how long that is.
#[test]
fn an_end_that_is_not_said_is_not_judged() {
    for end in ["null", "\"Jan  1 00:00:00 2036 GMT\"", "2082758400"] {
        let log = RUN.replace("\"2036-01-01T00:00:00Z\"", end);
        let (code, error) = Scene::new(&log).assert(&["--valid-for", "60"]);
        assert_eq!(code, Some(2), "{end}: {error}");
        assert!(error.contains("does not say until when"), "{error}");
    }
}

/// Some collectors write names in their own way. Such an event may be what is missing, or what must not be there.
#[test]
fn an_event_in_capitals_proves_nothing() {
    let log = RUN.replace("identity_rejected", "IDENTITY-REJECTED");
    let none = Scene::new(&log).assert(&["--none", "identity_rejected"]);
    assert_eq!(none.0, Some(2), "{}", none.1);
    let log = RUN.replace("identity_loaded", "IDENTITY_LOADED");
    for arguments in [
        &["--loaded", "1002"] as &[&str],
        &["--generation-at-least", "2"],
        &["--order", "rotation_started,identity_loaded"],
        &["--within", "300"],
        &["--valid-for", "60"],
    ] {
        let (code, error) = Scene::new(&log).assert(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(error.contains("may be `identity_loaded`"), "{error}");
    }
}

/// What cannot be read may say otherwise than what is there: of how long a rotation takes, and until when a certificate
/// is valid. What is loaded afterwards says that anew.
#[test]
fn what_cannot_be_read_may_refute() {
    let within = ["--within", "300"];
    let valid = ["--valid-for", "60"];
    let started = rotation(1, 2, "1a03").replace("rotation_started", "ROTATION_STARTED");
    let loaded = rotation(1, 2, "1a03").replace("identity_loaded", "IDENTITY_LOADED");
    let long = "x".repeat((1 << 20) + 1) + "\n";
    for (more, asked) in [
        (&started, within),
        (&loaded, valid),
        (&long, within),
        (&long, valid),
    ] {
        let (code, error) = Scene::new(&(RUN.to_owned() + more)).assert(&asked);
        assert_eq!(code, Some(2), "{asked:?}: {error}");
        assert!(error.contains("and may say otherwise"), "{error}");
    }
    let log = RUN.replacen("identity_loaded", "IDENTITY_LOADED", 1);
    for (seconds, expected) in [("60", 0), ("999999999", 1)] {
        let (code, error) = Scene::new(&log).assert(&["--valid-for", seconds]);
        assert_eq!(code, Some(expected), "{seconds}: {error}");
    }
}

/// A program that writes this, and goes on for a while.
fn slowly(scene: &Scene, arguments: &[&str]) -> (tokio::process::Command, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(RUN.as_bytes()).unwrap();
    let mut command = scene.command(arguments);
    command.stdin(reader);
    let mut command = tokio::process::Command::from(command);
    command.kill_on_drop(true);
    (command, writer)
}

/// As `kubectl logs --follow` does. What has come is judged, though its end has not.
#[tokio::test]
async fn what_a_pipe_has_brought_is_judged() {
    let scene = Scene::new(RUN);
    for (serial, code) in [("1002", 0), ("1003", 1)] {
        let asked = ["assert", "-", "--loaded", serial, "--wait", "2"];
        let (mut asking, _writer) = slowly(&scene, &asked);
        let asking = asking.stderr(Stdio::piped()).output();
        let ended = tokio::time::timeout(BOUND, asking).await;
        let ended = ended.expect("it waits for the end").unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{serial}: {said}");
    }
}

/// What is there is there, and what must not be was there: nothing is left to wait for.
#[tokio::test]
async fn a_pipe_is_not_waited_for_in_vain() {
    let scene = Scene::new(RUN);
    for (asked, code) in [
        (["--loaded", "1002"], 0),
        (["--generation-at-least", "2"], 0),
        (["--order", "listening,identity_loaded"], 0),
        (["--none", "identity_rejected"], 1),
    ] {
        let all = ["assert", "-", "--wait", "3600", asked[0], asked[1]];
        let (mut asking, _writer) = slowly(&scene, &all);
        let asking = asking.stderr(Stdio::piped()).output();
        let ended = tokio::time::timeout(BOUND, asking).await;
        let ended = ended.expect("it waits for the end").unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{asked:?}: {said}");
    }
}

/// A part of a line has come, and its last one has not: what stands before it is judged.
#[tokio::test]
async fn a_part_of_a_line_holds_up_no_other() {
    let scene = Scene::new(RUN);
    let asked = ["assert", "-", "--loaded", "1002", "--wait", "3600"];
    let (mut asking, mut writer) = slowly(&scene, &asked);
    let part = b"2026-01-01T00:00:05Z stderr P {\"ts\":\n";
    writer.write_all(part).unwrap();
    let asking = asking.stderr(Stdio::piped()).output();
    let ended = tokio::time::timeout(BOUND, asking).await;
    let ended = ended.expect("it waits for the last part").unwrap();
    assert_eq!(ended.status.code(), Some(0));
}

/// A pipe stays open in the middle of a line: what is there of it may be what must not be there.
#[tokio::test]
async fn a_line_of_a_pipe_that_lacks_its_end_is_not_nothing() {
    let scene = Scene::new(RUN);
    let cut = r#"{"ts":"2026-01-01T00:00:05Z","event":"key_exposed","fi"#;
    let whole = r#"{"ts":"2026-01-01T00:00:05Z","event":"key_exposed","file":"a"}"#;
    let part = format!("2026-01-01T00:00:05Z stderr P {cut}\n");
    for (more, code) in [(cut, 2), (whole, 2), (&part, 2), ("words of another", 0)] {
        let asked = ["assert", "-", "--none", "key_exposed", "--wait", "2"];
        let (mut asking, mut writer) = slowly(&scene, &asked);
        writer.write_all(more.as_bytes()).unwrap();
        let asking = asking.stderr(Stdio::piped()).output();
        let ended = tokio::time::timeout(BOUND, asking).await;
        let ended = ended.expect("it waits for the end").unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{more}: {said}");
        let is_told = said.contains("standard input:9 lacks its end");
        assert_eq!(is_told, code == 2, "{more}: {said}");
    }
}

/// Lines of a pipe are shown as they come.
#[tokio::test]
async fn what_a_pipe_has_brought_is_shown() {
    let scene = Scene::new(RUN);
    let (mut showing, _writer) = slowly(&scene, &["show", "-"]);
    let mut showing = showing.stdout(Stdio::piped()).spawn().unwrap();
    let mut shown = BufReader::new(showing.stdout.take().unwrap()).lines();
    for _ in RUN.lines() {
        let reading = tokio::time::timeout(BOUND, shown.next_line());
        let line = reading.await.expect("waited for a line").unwrap();
        assert!(line.is_some(), "it has ended");
    }
}

/// A pipe has no beginning to go back to: it is said what to do.
#[test]
fn a_pipe_is_not_followed() {
    for asked in ["log --follow", "log assert --loaded 1002 --wait 1"] {
        let program = env!("CARGO_BIN_EXE_ch10-log-analysis");
        let directory = lab::directory().unwrap();
        let pipe = directory.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        // Both ends in one hand: none waits for the other.
        let held = fs::OpenOptions::new().read(true).write(true).open(&pipe);
        let _held = held.unwrap();
        let asking = Command::new(program)
            .args(asked.split(' '))
            .arg(&pipe)
            .stdin(Stdio::null())
            .output();
        let (code, said) = crate::zdr::said(&asking.unwrap());
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("it is no regular file"), "{said}");
    }
}
