//! What is wanted of `merge`. Each function is a check, and its comment says what has to hold.

use lab::event::Event;

use super::exercise::merge;

/// A log: the second and the name of each event.
fn log(lines: &[(u32, &str)]) -> Vec<Event> {
    let in_ms = lines.iter().map(|(second, name)| (second * 1000, *name));
    log_in_ms(&in_ms.collect::<Vec<_>>())
}

/// A log: the millisecond and the name of each event.
fn log_in_ms(lines: &[(u32, &str)]) -> Vec<Event> {
    let event = |(ms, name): &(u32, &str)| {
        let (second, ms) = (ms / 1000, ms % 1000);
        let line =
            format!(r#"{{"ts":"2026-11-27T09:00:{second:02}.{ms:03}000000Z","event":"{name}"}}"#);
        Event::parse(&line).unwrap()
    };
    lines.iter().map(event).collect()
}

fn merged(first: &[(u32, &str)], second: &[(u32, &str)]) -> Vec<String> {
    names(&merge(log(first), log(second)))
}

fn names(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.name().to_owned()).collect()
}

/// No event is lost, whichever log is the longer one, and though two are of the same moment.
pub fn no_event_is_lost() {
    let (long, short) = ([(1, "a"), (3, "c"), (5, "e")], [(2, "b")]);
    for (first, second) in [(&long[..], &short[..]), (&short, &long), (&long, &[])] {
        let (found, wanted) = (merged(first, second).len(), first.len() + second.len());
        assert!(
            found == wanted,
            "Logs of {} and {} events make one of {found}. When one log is at its end, the rest of the other follows.",
            first.len(),
            second.len()
        );
    }
    let found = merged(&[(1, "a"), (1, "b")], &[(1, "c")]);
    assert!(
        found == ["a", "b", "c"],
        "Three events are of the same moment, and the merged log has {found:?}. All of them stay, and those of the first log \
         come first."
    );
    let found = merged(&[(1, "a"), (1, "a")], &[(1, "a")]);
    assert!(
        found.len() == 3,
        "Three lines are equal to the last letter, two of the one log and one of the other, and the merged log has {}. Two connections can \
         open in the same moment: equal lines are as many events.",
        found.len()
    );
}

/// Causes come before their effects.
pub fn causes_come_before_their_effects() {
    let server = [(2, "identity_loaded"), (9, "identity_rejected")];
    let agent = [(1, "rotation_started"), (8, "rotation_started")];
    let wanted = [
        "rotation_started",
        "identity_loaded",
        "rotation_started",
        "identity_rejected",
    ];
    for found in [merged(&server, &agent), merged(&agent, &server)] {
        assert!(
            found == wanted,
            "The agent's log has `rotation_started` at 1 s and 8 s, and the server's has what came of it at 2 s and 9 s. The merged log \
             is {found:?}, in which an effect stands before its cause."
        );
    }
    let server = log_in_ms(&[(2150, "identity_loaded")]);
    let agent = log_in_ms(&[(2100, "rotation_started")]);
    let found = names(&merge(server, agent));
    assert!(
        found == ["rotation_started", "identity_loaded"],
        "The agent began at 2.10 s, and the server loaded at 2.15 s, within the same second. The merged log is {found:?}: compare times to \
         their last digit."
    );
}

/// Each log keeps its order, though its clock was set back.
pub fn each_log_keeps_its_order() {
    // The clock was set back by 20 s between the first and the second line.
    let server = [
        (30, "identity_loaded"),
        (12, "connection_opened"),
        (13, "connection_closed"),
    ];
    let agent = [(29, "rotation_started"), (50, "rotation_started")];
    for found in [merged(&server, &agent), merged(&agent, &server)] {
        let of_server: Vec<_> = found
            .iter()
            .filter(|name| *name != "rotation_started")
            .collect();
        assert!(
            of_server == ["identity_loaded", "connection_opened", "connection_closed"],
            "The server loaded, then a connection was opened and closed. In between its clock was set back by 20 s. In the merged log its \
             lines are {of_server:?}: times have overruled the order in which one process wrote. Either of the two logs can be the one."
        );
    }
    let found = merged(&server, &agent);
    assert!(
        found.first().is_some_and(|name| name == "rotation_started")
            && found.last().is_some_and(|name| name == "rotation_started"),
        "The agent wrote a second before the server loaded, and again when all was over. The merged log is {found:?}."
    );
}

/// Times are compared to their last digit, and with their date.
pub fn times_are_compared_as_a_whole() {
    let event = |ts: &str, name: &str| {
        vec![Event::parse(&format!(r#"{{"ts":"{ts}","event":"{name}"}}"#)).unwrap()]
    };
    for (cause, effect, what) in [
        (
            "2026-11-27T23:59:59.900000000Z",
            "2026-11-28T00:00:00.100000000Z",
            "The agent began before midnight, and the server loaded after it: a time of day says nothing without its date",
        ),
        (
            "2026-11-27T09:00:00.100000100Z",
            "2026-11-27T09:00:00.100000150Z",
            "The server loaded 50 ns after the agent had begun: neither milliseconds nor an `f64` have so many digits",
        ),
        (
            "2026-11-30T23:59:59.900000000Z",
            "2026-12-01T00:00:00.100000000Z",
            "The agent began on the last day of November, and the server loaded on the first of December: a day says nothing without its month",
        ),
        (
            "2026-12-31T23:59:59.900000000Z",
            "2027-01-01T00:00:00.100000000Z",
            "The agent began before New Year, and the server loaded after it: a month says nothing without its year",
        ),
    ] {
        let [agent, server] = [
            event(cause, "rotation_started"),
            event(effect, "identity_loaded"),
        ];
        let found = names(&merge(server, agent));
        assert!(
            found == ["rotation_started", "identity_loaded"],
            "{what}. The merged log is {found:?}. All times are of one length and in UTC, so that they compare as text."
        );
    }
}
