//! Events whose order is not that of what happened.

use super::{answers, at, loaded, log, opened, said};

#[test]
fn a_clock_that_is_set_back_measures_nothing() {
    let text = log([
        at(
            100,
            r#""event":"rotation_started","serial":"a","strategy":"bundle""#,
        ),
        loaded(40, 1, "a"),
    ]);
    let found = answers(&text);
    assert_eq!(found["log"]["clock_set_back"], 1);
    let told = said(&text);
    assert!(
        told.ends_with("broken lines; its clock was set back once\n"),
        "{told}"
    );
    assert_eq!(found["log"]["unmeasured"], 1);
    assert_eq!(found["file_to_load"]["count"], 0);
}

/// The swap comes before the line: a connection's line may be the first to tell of a generation.
#[test]
fn a_connection_ahead_of_its_generation() {
    let text = log([
        loaded(0, 1, "a"),
        opened(1, 1, 1),
        opened(2, 2, 2),
        loaded(2, 2, "b"),
    ]);
    let found = answers(&text);
    assert_eq!(found["load_to_wire"]["count"], 2);
    assert_eq!(
        found["servers"][0]["connections"]["old"][0]["connection"],
        1
    );
    assert_eq!(
        found["servers"][0]["connections"]["old"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// The lines of connections are concurrent: one of the generation before may come after the swap.
#[test]
fn a_connection_behind_its_generation() {
    let text = log([
        loaded(0, 1, "a"),
        loaded(2, 2, "b"),
        opened(2, 1, 1),
        opened(3, 2, 2),
    ]);
    let found = answers(&text);
    assert_eq!(found["load_to_wire"]["count"], 2);
    assert_eq!(found["replaced_unseen"], 0);
}

#[test]
fn a_resumed_connection_confirms_nothing() {
    let resumed = at(
        3,
        r#""event":"connection_opened","connection":1,"generation":null,"resumed":true,"tls":"1.3""#,
    );
    let text = log([loaded(0, 1, "a"), resumed, loaded(4, 2, "b")]);
    let found = answers(&text);
    assert!(said(&text).contains("\nreplaced before any client came: 1\n"));
    assert_eq!(found["load_to_wire"]["count"], 0);
    assert_eq!(found["replaced_unseen"], 1);
    assert_eq!(found["servers"][0]["connections"]["open_unknown"], 1);
}

/// A session keeps the certificate of its first handshake, so a client that resumes one was shown none.
#[test]
fn a_resumption_shows_no_certificate() {
    for resumed in [
        r#""event":"connection_opened","connection":1,"generation":1,"resumed":true,"tls":"1.3""#,
        r#""event":"handshake_seen","serial":"a","resumed":true,"tls":"1.3""#,
    ] {
        let text = log([loaded(0, 1, "a"), at(1, resumed)]);
        assert_eq!(answers(&text)["load_to_wire"]["count"], 0, "{resumed}");
        assert!(said(&text).contains("  by its own word"), "{resumed}");
    }
}

/// Each that was replaced is counted, not the last alone.
#[test]
fn generations_that_no_client_saw() {
    let text = log([loaded(0, 1, "a"), loaded(1, 2, "b"), loaded(2, 3, "c")]);
    assert_eq!(answers(&text)["replaced_unseen"], 2);
    let text = log([
        loaded(0, 1, "a"),
        opened(0, 1, 1),
        loaded(1, 2, "b"),
        loaded(2, 3, "c"),
    ]);
    assert_eq!(answers(&text)["replaced_unseen"], 1);
}

/// An agent begins to write one certificate, and a server that is late loads the one before it.
#[test]
fn a_load_of_another_certificate_ends_no_rotation() {
    let rest = r#""event":"rotation_started","serial":"b","strategy":"bundle""#;
    let text = log([at(0, rest), loaded(1, 1, "a")]);
    assert_eq!(answers(&text)["not_loaded"]["serial"], "b");
    let text = text + &loaded(3, 2, "b") + "\n";
    let found = &answers(&text)["file_to_load"];
    assert_eq!(found["count"], 1);
    assert_eq!(found["max_us"], 3_000_000);
}
