//! What is wanted of `ready` and `live`. Each function is a check, and its comment says what has to hold.

use std::time::Duration;

use super::exercise::{State, live, ready};

const HOUR: i64 = 3600;

/// A healthy server with this many hours left.
fn healthy(hours: i64) -> State {
    State {
        seconds_left: hours * HOUR,
        look_age: Duration::from_secs(10),
        look_bound: Duration::from_secs(300),
        rejected: false,
    }
}

/// The agent has truncated the file and died, when 72 hours were left.
fn hours_after_the_agent_died(hours: i64) -> State {
    State {
        rejected: true,
        ..healthy(72 - hours)
    }
}

/// The watcher has died, or hangs on a mount, and has looked at nothing for an hour.
fn without_a_watcher() -> State {
    State {
        look_age: Duration::from_secs(3600),
        ..healthy(72)
    }
}

/// No fault of files or clock kills the process: the file is broken and the certificate runs out, and `/live` stays green.
pub fn no_fault_of_files_or_clock_kills_the_process() {
    // Until three weeks after the end.
    let killed = (0..=600).find(|hour| !live(&hours_after_the_agent_died(*hour)));
    assert!(
        killed.is_none(),
        "The agent truncated the file and died. {} hours later (the certificate ended after 72) `live` said no, and the \
         orchestrator killed the process. Open downloads were cut. Its successor read the truncated file and did not start, \
         again and again. The good certificate was in the memory of the process alone, and the clients that would still have \
         come back with a ticket are shut out. No restart mends a certificate.",
        killed.unwrap_or_default()
    );
}

/// A dead watcher kills no process.
pub fn a_dead_watcher_kills_no_process() {
    assert!(
        [1, 24, 7 * 24].iter().all(|hours| live(&State {
            look_age: Duration::from_secs(hours * 3600),
            ..without_a_watcher()
        })),
        "Nothing has looked at the files for an hour, a day or a week, the certificate has 72 hours left, and `live` said no. The orchestrator cuts \
         every connection today for a problem that would come in three days; and where a mount hangs, the next process hangs as \
         well. Inside the process, a supervisor can start the watcher again."
    );
}

/// Two faults at once kill no process either.
pub fn two_faults_at_once_kill_no_process() {
    let state = State {
        rejected: true,
        ..without_a_watcher()
    };
    for state in [
        state,
        State {
            seconds_left: -HOUR,
            ..state
        },
    ] {
        assert!(
            live(&state),
            "Nothing has looked at the files for an hour, they were broken before, and {} s are left. `live` said no. Two faults that a restart does not mend \
             are not mended by one: the next process reads the same files, and begins with no certificate at all.",
            state.seconds_left
        );
    }
    however_long_it_lasts();
}

/// No operator came to look for a year, or for longer than can be counted.
fn however_long_it_lasts() {
    for (seconds_left, look_age) in [
        (-366 * 24 * HOUR, Duration::ZERO),
        (72 * HOUR, Duration::from_secs(366 * 24 * 3600)),
        (-i64::MAX, Duration::MAX),
        (i64::MAX, Duration::MAX),
    ] {
        let state = State {
            seconds_left,
            look_age,
            ..healthy(72)
        };
        assert!(
            live(&state)
                && live(&State {
                    rejected: true,
                    ..state
                }),
            "{seconds_left} s are left, nothing has looked at the files for {look_age:?}, and `live` said no. However long a fault of files or clock lasts, a restart does not mend it."
        );
    }
}

/// A healthy server is ready, up to the last second of its certificate.
pub fn a_healthy_server_is_ready_up_to_the_last_second() {
    for (state, when) in [
        (healthy(72), "with 72 hours left"),
        (healthy(0), "in the last second of its certificate"),
        (
            State {
                look_age: Duration::from_secs(300),
                ..healthy(72)
            },
            "when its last look is exactly as old as the bound",
        ),
    ] {
        assert!(
            ready(&state),
            "The server is healthy, {when}, and `ready` said no: {state:?}."
        );
    }
}

/// What clients reject is not ready.
pub fn what_clients_reject_is_not_ready() {
    let expired = State {
        seconds_left: -1,
        ..healthy(0)
    };
    assert!(
        !ready(&expired),
        "The certificate expired a second ago, so each new client rejects it, and `ready` said yes. Another server may have a \
         better one."
    );
    for hours in [74, 30 * 24] {
        assert!(
            !ready(&hours_after_the_agent_died(hours)),
            "The file is broken, what was served before goes on being served, and that has expired: {} hours ago. `ready` said yes. Each new client rejects what is served, whatever is in the file.",
            hours - 72
        );
    }
}

/// Rejected files are no reason to be unready.
pub fn rejected_files_are_no_reason_to_be_unready() {
    let unready = (0..=72).find(|hours| !ready(&hours_after_the_agent_died(*hours)));
    assert!(
        unready.is_none(),
        "The file is broken, what is served is good for another {} hours, and `ready` said no. All replicas read the same files: with \
         this answer, all of them are taken out of service at once, and each could have served until the end. Raise an alarm instead.",
        72 - unready.unwrap_or_default()
    );
}

/// A dead watcher is seen by readiness.
pub fn a_dead_watcher_is_seen_by_readiness() {
    assert!(
        [false, true].iter().all(|rejected| !ready(&State {
            rejected: *rejected,
            ..without_a_watcher()
        })),
        "Nothing has looked at the files for an hour, the bound is five minutes, and `ready` said yes. This is the quietest of \
         failures: handshakes succeed until the certificate runs out, and no renewal will be served. `look_age` is the pulse of \
         the watcher."
    );
    however_much_time_is_left();
}

/// A certificate of a public authority has weeks left, and one of a company's own has years.
fn however_much_time_is_left() {
    for days in [7, 30, 89, 397, 3650] {
        let state = State {
            seconds_left: days * 24 * HOUR,
            ..without_a_watcher()
        };
        assert!(
            !ready(&state),
            "Nothing has looked at the files for an hour, the bound is five minutes, and `ready` said yes, since {days} days are left. A certificate that was revoked, or whose key has leaked, is replaced long before its end, and this server \
             would go on with it. Whether the watcher lives is one question, and how much time is left is another."
        );
    }
}

/// How old a look may be, the server is told.
pub fn how_old_a_look_may_be_is_told() {
    let seconds = Duration::from_secs;
    let a_little_more = seconds(60) + Duration::from_nanos(1);
    for (bound, age) in [
        (seconds(60), seconds(61)),
        (seconds(3600), seconds(3600)),
        (seconds(60), a_little_more),
    ] {
        let state = State {
            look_age: age,
            look_bound: bound,
            ..healthy(72)
        };
        let rejected = State {
            rejected: true,
            ..state
        };
        assert!(
            [state, rejected]
                .iter()
                .all(|state| ready(state) == (age <= bound)),
            "This server polls in another rhythm: the bound is {bound:?}, and the last look was {age:?} ago. `ready` said {}, or something else where that look rejected the files, which says nothing of the watcher. The bound is `look_bound`, and no constant, and it is compared as it is, to its last digit.",
            if ready(&state) { "yes" } else { "no" }
        );
    }
}
