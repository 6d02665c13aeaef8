//! What is normalised, and what is not.

use lab_test::transcript::normalise;

#[test]
fn only_named_values_are_replaced() {
    let output = concat!(
        r#"{"ts":"2026-11-24T16:57:35.4Z","event":"listening","port":43767}"#,
        "\n",
        r#"{"ts":"x","event":"identity_rejected","generation":1,"reason":"missing","file":"/a/b/tls.crt"}"#,
        "\n",
        r#"{"event":"identity_rejected","detail":"mode 0640, not valid after 1795561192 (3601 seconds ago)"}"#,
        "\n",
        r#"{"ts":"x","event":"gap_closed","refused":10,"gap_ms":2.7,"serial":"1001"}"#,
        "\nlistening on 127.0.0.1:4433 after 3.1 ms; 10 refused\n",
    );
    let expected = concat!(
        r#"{"ts":"[TIME]","event":"listening","port":"[PORT]"}"#,
        "\n",
        r#"{"ts":"[TIME]","event":"identity_rejected","generation":1,"reason":"missing","file":"[PATH]/tls.crt"}"#,
        "\n",
        r#"{"event":"identity_rejected","detail":"mode 0640, not valid after [TIME] ([DURATION] seconds ago)"}"#,
        "\n",
        r#"{"ts":"[TIME]","event":"gap_closed","refused":10,"gap_ms":"[DURATION]","serial":"1001"}"#,
        "\nlistening on 127.0.0.1:[PORT] after [DURATION]; 10 refused\n",
    );
    assert_eq!(normalise(output), expected);
}

/// Connections are put in order between other events, and never moved across one.
#[test]
fn concurrent_events_are_ordered_by_rule() {
    let line = |event: &str, connection: u64| {
        format!(r#"{{"event":"{event}","connection":{connection}}}"#) + "\n"
    };
    let barrier = "{\"event\":\"identity_loaded\"}\n";
    let output = [
        line("connection_opened", 2),
        line("connection_opened", 1),
        line("connection_closed", 1),
        barrier.into(),
        line("connection_closed", 2),
        line("connection_opened", 3),
    ]
    .concat();
    let expected = [
        line("connection_opened", 1),
        line("connection_closed", 1),
        line("connection_opened", 2),
        barrier.into(),
        line("connection_closed", 2),
        line("connection_opened", 3),
    ]
    .concat();
    assert_eq!(normalise(&output), expected);
}
