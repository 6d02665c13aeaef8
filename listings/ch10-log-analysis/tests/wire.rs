//! What is a lie, and what is none.

use std::time::Duration;

use ch10_log_analysis::{Lie, Sighting, cross_check, unconfirmed};
use lab::event::Event;
use time::OffsetDateTime;

const SLACK: Duration = Duration::from_millis(100);

/// Seconds since 1970, in milliseconds, so that a scenario reads as numbers.
fn at(ms: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(ms)
}

fn ts(ms: i64) -> String {
    let at = at(ms);
    format!(
        "1970-01-01T00:{:02}:{:02}.{:03}Z",
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

fn event(ms: i64, rest: &str) -> Event {
    Event::parse(&format!(r#"{{"ts":"{}",{rest}}}"#, ts(ms))).unwrap()
}

fn loaded(ms: i64, generation: u64, serial: &str) -> Event {
    let rest =
        format!(r#""event":"identity_loaded","generation":{generation},"serial":"{serial}""#);
    event(ms, &rest)
}

fn saw(from: i64, until: i64, serial: &str) -> Sighting {
    Sighting {
        at: at(from),
        done: at(until),
        serial: serial.into(),
        resumed: false,
    }
}

fn lies(log: &[Event], wire: &[Sighting]) -> Vec<Lie> {
    cross_check(log, wire, SLACK)
}

fn three() -> [Event; 3] {
    [
        loaded(1000, 1, "a"),
        loaded(2000, 2, "b"),
        loaded(3000, 3, "c"),
    ]
}

#[test]
fn an_honest_run_has_no_lie() {
    let wire = [
        saw(1010, 1020, "a"),
        saw(1990, 2010, "a"),
        saw(1995, 2000, "b"),
        saw(2001, 2010, "b"),
        saw(3001, 3002, "c"),
    ];
    assert_eq!(lies(&three(), &wire), []);
}

#[test]
fn loaded_and_not_shown() {
    let wire = [
        saw(2050, 2060, "a"),
        saw(2101, 2110, "a"),
        saw(2500, 2510, "a"),
        saw(3200, 3210, "a"),
    ];
    let found = lies(&three(), &wire);
    let expected = |generation, serial: &str, loaded, came| Lie::LoadedNotShown {
        generation,
        serial: serial.into(),
        loaded: at(loaded),
        shown: "a".into(),
        at: at(came),
    };
    assert_eq!(
        found,
        [expected(2, "b", 2000, 2101), expected(3, "c", 3000, 3200)]
    );
    assert_eq!(
        found[0].to_string(),
        "the log says that generation 2 (b) is served since 1970-01-01T00:00:02Z, but a client that \
         came at 1970-01-01T00:00:02.101Z was shown a"
    );
}

/// It may still show the one before, however long it takes.
#[test]
fn who_came_before_may_be_shown_the_one_before() {
    assert_eq!(lies(&three(), &[saw(1900, 9000, "a")]), []);
}

#[test]
fn a_swap_takes_its_time_to_reach_every_worker() {
    assert_eq!(lies(&three(), &[saw(2100, 2110, "a")]), []);
    assert_eq!(lies(&three(), &[saw(2101, 2110, "a")]).len(), 1);
}

/// The line comes after the swap, and nobody says how long after.
#[test]
fn shown_before_it_is_logged_is_no_lie() {
    assert_eq!(lies(&three(), &[saw(1100, 1110, "c")]), []);
}

#[test]
fn shown_and_never_claimed() {
    let found = lies(&three(), &[saw(2500, 2510, "x"), saw(2600, 2610, "x")]);
    assert_eq!(
        found,
        [Lie::ShownNotLoaded {
            serial: "x".into(),
            at: at(2500)
        }]
    );
    let said = found[0].to_string();
    assert!(
        said.ends_with("was shown x, which the log never claims"),
        "{said}"
    );
}

#[test]
fn went_back() {
    // Each alone could be true: `c` early, `b` in time. The second client with `b` tells nothing new.
    let wire = [
        saw(2500, 2510, "c"),
        saw(2700, 2710, "b"),
        saw(2800, 2810, "b"),
    ];
    let expected = Lie::WentBack {
        from: "c".into(),
        to: "b".into(),
        at: at(2700),
    };
    assert_eq!(lies(&three(), &wire), [expected]);
    // They overlap, or come within the slack.
    assert_eq!(
        lies(&three(), &[saw(2500, 2800, "c"), saw(2700, 2710, "b")]),
        []
    );
    assert_eq!(
        lies(&three(), &[saw(2500, 2650, "c"), saw(2700, 2710, "b")]),
        []
    );
}

/// One that took long was shown an earlier one: the newer has been shown all the same.
#[test]
fn what_has_been_shown_is_not_forgotten() {
    let wire = [
        saw(2500, 2510, "c"),
        saw(2500, 2600, "b"),
        saw(2800, 2810, "b"),
    ];
    let expected = Lie::WentBack {
        from: "c".into(),
        to: "b".into(),
        at: at(2800),
    };
    assert_eq!(lies(&three(), &wire), [expected]);
}

#[test]
fn a_resumed_handshake_proves_nothing() {
    let resumed = Sighting {
        resumed: true,
        ..saw(9000, 9010, "a")
    };
    assert_eq!(lies(&three(), &[resumed]), []);
}

/// A rollback to an older identity is a new generation with an old serial.
#[test]
fn a_serial_may_come_back() {
    let log = [
        loaded(1000, 1, "a"),
        loaded(2000, 2, "b"),
        loaded(3000, 3, "a"),
    ];
    let wire = [
        saw(1500, 1510, "a"),
        saw(2500, 2510, "b"),
        saw(3500, 3510, "a"),
    ];
    assert_eq!(lies(&log, &wire), []);
    // But not between the two.
    assert_eq!(lies(&log[..2], &[saw(2500, 2510, "a")]).len(), 1);
}

#[test]
fn replaced_before_anybody_came() {
    let wire = [saw(1500, 1510, "a"), saw(3500, 3510, "c")];
    assert_eq!(lies(&three(), &wire), []);
    assert_eq!(unconfirmed(&three(), &wire), [(2, "b".to_owned())]);
}

/// What was served before the log begins is not the log's to say.
#[test]
fn a_log_that_begins_in_the_middle() {
    let log = [
        event(4500, r#""event":"drain_started","generation":4"#),
        loaded(5000, 5, "e"),
    ];
    assert_eq!(lies(&log, &[saw(4800, 4810, "d")]), []);
    assert_eq!(lies(&log, &[saw(5050, 5060, "d")]), []);
    assert_eq!(lies(&log, &[saw(5101, 5110, "d")]).len(), 1);
    assert_eq!(
        lies(&three(), &[saw(500, 510, "z")]),
        [],
        "before the log begins"
    );
    assert_eq!(lies(&[], &[saw(500, 510, "z")]), []);
}

#[test]
fn a_lost_line_is_no_lie() {
    let log = [loaded(1000, 1, "a"), loaded(3000, 3, "c")];
    assert_eq!(lies(&log, &[saw(2500, 2510, "b")]), []);
    assert_eq!(lies(&log, &[saw(3500, 3510, "b")]).len(), 1);
}

/// Times before the step and after it cannot be compared.
#[test]
fn a_clock_that_is_set_back() {
    let log = [
        loaded(100_000, 1, "a"),
        event(160_000, r#""event":"drain_finished","generation":1"#),
        loaded(40_000, 2, "b"),
        loaded(50_000, 3, "c"),
    ];
    let wire = [
        saw(130_000, 130_010, "a"),
        saw(45_000, 45_010, "b"),
        saw(51_000, 51_010, "c"),
    ];
    assert_eq!(lies(&log, &wire), []);
    assert_eq!(
        lies(&log, &[saw(51_000, 51_010, "b")]).len(),
        1,
        "after the step all holds"
    );
}

/// Threads date their events before they write them: up to a second of this is no clock that was set.
#[test]
fn events_that_come_out_of_order_are_of_one_clock() {
    let [a, b, _] = three();
    for (ms, told) in [(1001, 1), (1000, 1), (999, 0)] {
        let late = event(ms, r#""event":"drain_finished","generation":1"#);
        let log = [a.clone(), b.clone(), late];
        assert_eq!(lies(&log, &[saw(2500, 2510, "a")]).len(), told, "{ms}");
    }
}

/// What was lost is dated by the clock that was set: it may be before any claim of the new one.
#[test]
fn what_was_lost_before_a_clock_is_set_back_may_be_whenever() {
    let log = [
        loaded(10_000, 1, "a"),
        loaded(50_000, 2, "b"),
        lines_lost(50_500),
        event(20_000, r#""event":"drain_finished","generation":1"#),
    ];
    assert_eq!(lies(&log, &[saw(30_000, 30_010, "x")]), []);
}

/// Two processes, as a supervisor starts them; and two servers that do not say which they are.
#[test]
fn several_servers() {
    let of = |process: u64, ms, generation, serial: &str| {
        let rest = format!(
            r#""event":"identity_loaded","generation":{generation},"serial":"{serial}","process":{process}"#
        );
        event(ms, &rest)
    };
    let log = [
        of(1, 1000, 1, "a"),
        of(2, 1500, 1, "x"),
        of(1, 2000, 2, "b"),
    ];
    let wire = [saw(2500, 2510, "x"), saw(2600, 2610, "b")];
    assert_eq!(lies(&log, &wire), []);
    assert_eq!(lies(&log, &[saw(2500, 2510, "a")]).len(), 1);

    // The one that loads last is not the newer of the two.
    let wire = [saw(1600, 1610, "x"), saw(1800, 1810, "a")];
    assert_eq!(lies(&log, &wire), []);

    let exited = event(1800, r#""event":"process_exited","process":2"#);
    let log = [log[0].clone(), log[1].clone(), exited, log[2].clone()];
    assert_eq!(lies(&log, &[saw(2500, 2510, "x")]).len(), 1, "it is gone");
    // What was due is what is still served, and the server that loaded last is gone.
    let log = [
        of(1, 1000, 1, "a"),
        of(1, 1200, 2, "b"),
        of(2, 1500, 1, "x"),
        event(1800, r#""event":"process_exited","process":2"#),
    ];
    let due = Lie::LoadedNotShown {
        generation: 2,
        serial: "b".into(),
        loaded: at(1200),
        shown: "a".into(),
        at: at(2500),
    };
    assert_eq!(lies(&log, &[saw(2500, 2510, "a")]), [due]);

    let log = [
        loaded(1000, 1, "a"),
        loaded(1500, 1, "x"),
        loaded(2000, 2, "b"),
    ];
    let wire = [
        saw(1900, 1910, "a"),
        saw(1950, 1960, "x"),
        // Nobody can tell which of the two loaded the last one: it may be either's.
        saw(2500, 2510, "a"),
        saw(2550, 2560, "x"),
    ];
    assert_eq!(lies(&log, &wire), []);
}

/// The same port again: the server before is over.
#[test]
fn a_restart() {
    let listening = |ms, port: u64| event(ms, &format!(r#""event":"listening","port":{port}"#));
    let log = |port| {
        [
            loaded(1000, 1, "a"),
            listening(1010, 443),
            loaded(2000, 1, "b"),
            listening(2010, port),
        ]
    };
    assert_eq!(lies(&log(443), &[saw(2500, 2510, "a")]).len(), 1);
    assert_eq!(lies(&log(444), &[saw(2500, 2510, "a")]), [], "two servers");
}

fn lines_lost(ms: i64) -> Event {
    event(ms, r#""event":"lines_lost","lines":7"#)
}

/// The log says that lines of it are missing: one of them may have claimed what was shown.
#[test]
fn what_a_lost_line_may_have_claimed_is_no_lie() {
    let [a, b, c] = three();
    let wire = [saw(2500, 2510, "x"), saw(3500, 3510, "a")];
    let with = |lost: &[Event]| [&[a.clone(), b.clone()], lost].concat();
    assert_eq!(lies(&with(&[]), &wire).len(), 2);
    assert_eq!(lies(&with(&[lines_lost(9000)]), &wire), []);
    // What came before the last claim was claimed before it.
    let early = saw(1500, 1510, "x");
    assert_eq!(
        lies(&with(&[lines_lost(9000)]), std::slice::from_ref(&early)).len(),
        1
    );
    // Back to the first one and on again, in what is lost: generation 3 is skipped.
    let again = [lines_lost(4000), loaded(5000, 4, "d")];
    assert_eq!(lies(&with(&again), &wire), []);
    // Before and after that, the log is whole.
    assert_eq!(
        lies(&with(&again), &[saw(1500, 1510, "x")]).len(),
        0,
        "as in each log that has a gap"
    );
    assert_eq!(lies(&with(&again), &[saw(5500, 5510, "b")]).len(), 1);
    // As long as a swap takes, what was lost may still be shown.
    assert_eq!(lies(&with(&again), &[saw(5050, 5060, "a")]), []);
    assert_eq!(lies(&with(&again), &[saw(5101, 5110, "a")]).len(), 1);
    // No generation is skipped, so none was in what is lost.
    let whole = [a, b, lines_lost(2500), c];
    assert_eq!(lies(&whole, &wire).len(), 2);
}

/// They may be of another server, which has claims of its own.
#[test]
fn lines_that_are_lost_before_the_first_claim() {
    let log = [lines_lost(900), loaded(1000, 1, "a")];
    assert_eq!(lies(&log, &[saw(2500, 2510, "x")]), []);
    assert_eq!(lies(&log[1..], &[saw(2500, 2510, "x")]).len(), 1);
}

/// Whose lines are lost is not said.
#[test]
fn of_several_servers_any_may_have_lost_its_claim() {
    let of = |ms, process, generation, serial: &str| {
        let claim = format!(
            r#""event":"identity_loaded","process":{process},"generation":{generation},"serial":"{serial}""#
        );
        event(ms, &claim)
    };
    let both = [of(1000, 2, 1, "a"), of(1100, 1, 1, "b")];
    let wire = [saw(1050, 1060, "x"), saw(5000, 5010, "y")];
    assert_eq!(lies(&both, &wire).len(), 2);
    assert_eq!(lies(&[&both[..], &[lines_lost(1200)]].concat(), &wire), []);
    // That one of them counts on says nothing of the other.
    let on = [lines_lost(1200), of(2000, 1, 2, "c")];
    assert_eq!(lies(&[&both[..], &on].concat(), &wire), []);
}

/// A log with no claims refutes nothing, and neither does one in which a server is at work whose claims are
/// in another file.
#[test]
fn what_a_server_without_claims_in_the_log_serves_is_unknown() {
    let wire = [saw(2500, 2510, "z")];
    let listening = event(1000, r#""event":"listening","port":443"#);
    assert_eq!(lies(&[listening], &wire), []);

    let claims = r#""event":"identity_loaded","process":1,"generation":1,"serial":"a""#;
    let opened = |process: u64| {
        let rest = format!(r#""event":"connection_opened","connection":1,"process":{process}"#);
        event(2000, &rest)
    };
    let log = |process| [event(1000, claims), opened(process)];
    assert_eq!(lies(&log(1), &wire).len(), 1);
    assert_eq!(lies(&log(2), &wire), [], "another process serves as well");
}
