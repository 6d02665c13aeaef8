//! What is wanted of `lies`. Each function is a check, and its comment says what has to hold.

use std::time::Duration;

use super::exercise::{Claim, Sighting, lies};

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// A log: 1001 from the start, and 1002 at 100 ms.
fn log() -> Vec<Claim> {
    claims(&[(0, "1001"), (100, "1002")])
}

fn claims(all: &[(u64, &str)]) -> Vec<Claim> {
    let claim = |(at, serial): &(u64, &str)| Claim {
        at: ms(*at),
        serial: (*serial).to_owned(),
    };
    all.iter().map(claim).collect()
}

/// A full handshake from the one moment to the other.
fn seen(began: u64, done: u64, serial: &str) -> Sighting {
    Sighting {
        began: ms(began),
        done: ms(done),
        serial: serial.into(),
        resumed: false,
    }
}

fn is_a_lie(claims: &[Claim], seen: Sighting) -> bool {
    !lies(claims, &[seen]).is_empty()
}

/// What is shown to a client that began after the line is compared with the line.
pub fn an_old_certificate_after_the_line_is_a_lie() {
    assert!(
        is_a_lie(&log(), seen(150, 155, "1001")),
        "The log says at 100 ms that 1002 is served. A client began at 150 ms and was shown 1001. No swap explains this, and it \
         is not among the lies."
    );
    let wire = [
        seen(50, 55, "1001"),
        seen(150, 155, "1002"),
        seen(160, 170, "1001"),
    ];
    let found = lies(&log(), &wire);
    assert!(
        found == [&wire[2]],
        "Of three handshakes the last alone contradicts the log: it began at 160 ms and was shown 1001. Found were {found:?}."
    );
}

/// A client that began before the line is no evidence, however late it was done.
pub fn a_client_that_began_before_the_line_is_no_evidence() {
    assert!(
        !is_a_lie(&log(), seen(90, 190, "1001")),
        "A slow client began at 90 ms, was shown 1001, and was done at 190 ms. The line of 1002 is of 100 ms. The client may have \
         said hello before the swap, so the log can be true, and it is accused. When was the client sure to be served after \
         the line?"
    );
    assert!(
        !is_a_lie(&log(), seen(100, 105, "1001")),
        "A client began in the same moment in which 1002 was logged, and was shown 1001. Which of the two came first cannot \
         be told, and the log is accused."
    );
}

/// A new certificate may be shown before its line.
pub fn a_certificate_may_be_shown_before_its_line() {
    assert!(
        !is_a_lie(&log(), seen(80, 85, "1002")),
        "A client was shown 1002 at 80 ms, and the line of 1002 is of 100 ms. The line comes after the swap, by a time that nothing \
         limits, so the log is true. It is accused."
    );
    let mut late = self::log();
    late[1].at = Duration::from_secs(24 * 3600);
    assert!(
        !is_a_lie(&late, seen(80, 85, "1002")),
        "A client was shown 1002 at 80 ms, and the line of 1002 came a day later: the disk of the log was full, perhaps. Nothing limits the time between a swap and its line, so the log is true. It is accused."
    );
    let log = claims(&[(0, "1001"), (100, "1002"), (140, "1003")]);
    assert!(
        !is_a_lie(&log, seen(80, 190, "1003")),
        "A slow client began at 80 ms, and was shown 1003. The server logged two lines in that time: 1002 at 100 ms, and 1003 at 140 ms. The \
         client may have been served after both swaps, so the log is true. It is accused."
    );
}

/// A resumed handshake shows nothing.
pub fn a_resumed_handshake_shows_nothing() {
    let resumed = Sighting {
        resumed: true,
        ..seen(150, 151, "1001")
    };
    assert!(
        !is_a_lie(&log(), resumed),
        "A client resumed a session at 150 ms. No certificate was sent: 1001 is what it knows as of the first handshake. It proves \
         nothing, and the log is accused."
    );
}

/// A serial that the log never names is a lie.
pub fn a_serial_that_the_log_never_names_is_a_lie() {
    assert!(
        is_a_lie(&log(), seen(150, 155, "1003")),
        "A client was shown 1003, which this log never names although it is whole. It is not among the lies."
    );
    assert!(
        is_a_lie(&log(), seen(50, 55, "1003")),
        "A client was shown 1003 before the line of 1002. The log has all that was claimed, and 1003 is in no line of it: no later line can \
         explain it either. It is not among the lies."
    );
    assert!(
        is_a_lie(&[], seen(50, 55, "1001")),
        "A client was shown 1001, and this log claims nothing at all. A log without a line explains nothing, and no sighting may be passed over. It is not among the lies."
    );
    let late = claims(&[(100, "1001")]);
    assert!(
        is_a_lie(&late, seen(50, 55, "1003")) && !is_a_lie(&late, seen(50, 55, "1001")),
        "The first line of a log comes at 100 ms, and names 1001. Before it, one client was shown 1003 and another one 1001. The line comes after the swap, so it explains the second, and it explains nothing else: a server that serves before \
         its first line is still held to what its log names."
    );
}

/// Each lie is picked, in the order in which they were given.
pub fn each_lie_is_picked_in_the_order_given() {
    let wire = [
        seen(300, 305, "1001"),
        seen(160, 170, "1002"),
        seen(150, 155, "1001"),
    ];
    let found = lies(&log(), &wire);
    assert!(
        found == [&wire[0], &wire[2]],
        "1002 was logged at 100 ms, and of three handshakes that began later the first and the third were shown 1001. Both are lies, and \
         belong into the answer as they were given, although they have one serial, and although the first began last. Found were {found:?}."
    );
    let twice = [seen(150, 155, "1001"), seen(150, 155, "1001")];
    let found = lies(&log(), &twice).len();
    assert!(
        found == 2,
        "Two clients began in one moment, were done in one moment, and were both shown 1001, which was replaced. Of these two lies {found} was found: sightings that are equal are of two \
         clients, as many as there are."
    );
}

/// What was put back is served again.
pub fn what_was_put_back_is_served_again() {
    let log = claims(&[(0, "1001"), (100, "1002"), (200, "1001")]);
    assert!(
        !is_a_lie(&log, seen(250, 255, "1001")),
        "The log says that 1001 was put back at 200 ms. A client that began at 250 ms was shown 1001, as the log says, and the log is \
         accused. One serial can have two claims."
    );
    assert!(
        is_a_lie(&log, seen(250, 255, "1002")),
        "1001 was put back at 200 ms, and a client that began at 250 ms was shown 1002. That is a lie, and not found."
    );
}

/// Over all small runs, an honest server is never accused, and one that shows what it has replaced always is.
pub fn an_honest_server_is_never_accused() {
    for swap in 1..8 {
        for line in swap..10 {
            let log = claims(&[(0, "1001"), (line, "1002")]);
            for began in 1..12 {
                for served in began..14 {
                    let serial = if served < swap { "1001" } else { "1002" };
                    assert!(
                        !is_a_lie(&log, seen(began, 14, serial)),
                        "A server swapped at {swap} ms and logged it at {line} ms. A client began at {began} ms, was served at {served} ms, and \
                         was shown {serial}, truthfully. The log is accused."
                    );
                }
                let frozen = is_a_lie(&log, seen(began, 14, "1001"));
                assert!(
                    frozen == (began > line),
                    "A server logged 1002 at {line} ms and goes on showing 1001. A client that began at {began} ms can prove it only \
                     if it began after the line. Here the answer is {frozen}."
                );
            }
        }
    }
    nor_is_one_that_swaps_twice();
    nor_is_one_that_swaps_for_weeks();
}

/// Twenty swaps, and a client or two after each of them.
fn nor_is_one_that_swaps_for_weeks() {
    let serials: Vec<_> = (1001..1021).map(|serial| serial.to_string()).collect();
    let lines = (0..).step_by(100).zip(serials.iter().map(String::as_str));
    let log = claims(&lines.clone().collect::<Vec<_>>());
    for ((at, serial), before) in lines.clone().skip(1).zip(&serials) {
        assert!(
            !is_a_lie(&log, seen(at + 50, at + 55, serial)),
            "A server has swapped twenty times, and logged {serial} at {at} ms. A client that began 50 ms later was shown {serial}, truthfully, and the log is accused. Each line counts, however many came after it."
        );
        assert!(
            is_a_lie(&log, seen(at + 50, at + 55, before)),
            "A server has swapped twenty times, and logged {serial} at {at} ms. A client that began 50 ms later was shown {before}, which was replaced. It is not among the lies: each line counts, however many came after it."
        );
    }
}

/// With two swaps: to a third certificate, or back to the first. What was shown between the two is as good as what was shown after them.
fn nor_is_one_that_swaps_twice() {
    for third in ["1003", "1001"] {
        for (swaps, lines) in [([2, 5], [3, 6]), ([2, 5], [4, 9]), ([3, 4], [5, 6])] {
            let log = claims(&[(0, "1001"), (lines[0], "1002"), (lines[1], third)]);
            for began in 1..12 {
                for served in began..14 {
                    let serial = match served {
                        served if served < swaps[0] => "1001",
                        served if served < swaps[1] => "1002",
                        _ => third,
                    };
                    assert!(
                        !is_a_lie(&log, seen(began, 14, serial)),
                        "A server swapped to 1002 at {} ms and to {third} at {} ms, and logged it at {} and {} ms. A client began at {began} ms, was served at {served} ms, and was shown {serial}, \
                         truthfully. The log is accused.",
                        swaps[0],
                        swaps[1],
                        lines[0],
                        lines[1]
                    );
                }
                let frozen = is_a_lie(&log, seen(began, 14, "1002"));
                assert!(
                    frozen == (began > lines[1]),
                    "A server logged 1002 at {} ms and {third} at {} ms, and goes on showing 1002. A client that began at {began} ms can prove it only if it began after the second line. Here the answer is {frozen}.",
                    lines[0],
                    lines[1]
                );
            }
        }
    }
}

/// Two lines of one moment are two claims.
pub fn two_lines_of_one_moment_are_two_claims() {
    let log = claims(&[(0, "1001"), (100, "1002"), (100, "1003")]);
    assert!(
        !is_a_lie(&log, seen(90, 105, "1002")),
        "The server loaded 1002 and then 1003, and both lines are of 100 ms. A client began before them and was shown 1002, between the two swaps, so the log is true. It is accused: was \
         one of the two claims lost, as the value of a map whose keys are times?"
    );
    assert!(
        is_a_lie(&log, seen(110, 115, "1002")),
        "The server loaded 1002 and then 1003, and both lines are of 100 ms. A client that began at 110 ms was shown 1002, which was replaced by then. It is not among the lies."
    );
}

/// Times are compared to their last digit.
pub fn times_are_compared_to_their_last_digit() {
    let hour = Duration::from_secs(3600);
    let mut log = log();
    log[1].at = hour;
    for (after, accused) in [(0, false), (1, true)] {
        let mut wire = seen(0, 0, "1001");
        wire.began = hour + Duration::from_nanos(after);
        wire.done = hour + Duration::from_millis(5);
        assert!(
            is_a_lie(&log, wire) == accused,
            "The line of 1002 is of 3600 s, and a client that began {after} ns later was shown 1001. It is {}. A `Duration` is compared as it is: milliseconds, or seconds as a number with \
             a fraction, leave out what decides here.",
            if accused {
                "not among the lies"
            } else {
                "accused"
            }
        );
    }
}

/// Serials are texts.
pub fn serials_are_texts() {
    let log = claims(&[(0, "100a"), (100, "100b")]);
    assert!(
        is_a_lie(&log, seen(150, 155, "100a")),
        "The log says at 100 ms that 100b is served. A client began at 150 ms and was shown 100a. It is not among the lies. Serials are hexadecimal, and have up to 40 digits: compare them as text."
    );
}
