//! This process may open so many files, and a server may have so many clients, and no more: where there is no room for
//! another connection, that is no fault of a rotation.

use std::io;
use std::num::NonZero;
use std::thread::{self, available_parallelism};

use parking_lot::Mutex;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::attempt::{Attempt, FailureKind};
use crate::error::Error;

/// With fewer, not even one client of each class and the server's files can be open at once.
const FEWEST: u64 = 64;

/// With fewer, not even the timers and signals of this process have theirs.
const FEWEST_FOR_ITSELF: u64 = 16;

/// So many threads beside one for each processor, which wait for files and for the system.
const THREADS: usize = 4;

/// Whether this process may open enough files to judge a server at all.
///
/// # Errors
/// With the limit, and what to change.
pub fn enough() -> Result<(), Error> {
    at_least(FEWEST)
}

/// Whether this process may open enough files to begin.
///
/// # Errors
/// With the limit, and what to change.
pub fn enough_for_itself() -> Result<(), Error> {
    at_least(FEWEST_FOR_ITSELF)
}

fn at_least(fewest: u64) -> Result<(), Error> {
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < fewest => Err(Error::Invalid(format!(
            "this process may have {limit} files open at once, and needs {fewest} at least: raise the limit \
             (ulimit -n 1024)"
        ))),
        _ => Ok(()),
    }
}

/// Whether this process may have its threads. The runtime, which needs them, panics where it cannot have them, and may
/// not end after that.
///
/// # Errors
/// With what to change.
pub fn enough_threads() -> Result<(), Error> {
    let processors = available_parallelism().map_or(1, NonZero::get);
    let none_left = |error: io::Error| {
        Error::Invalid(format!(
            "this process may have no more threads ({error}): raise the limit (ulimit -u; in a container, its number of \
             processes), or end others of this user"
        ))
    };
    threads(processors + THREADS).map_err(none_left)
}

/// So many threads at once, for a moment.
fn threads(many: usize) -> io::Result<()> {
    let gate = &Mutex::new(());
    thread::scope(|scope| {
        let closed = gate.lock();
        let begun = (0..many).map(|_| {
            let waits = move || drop(gate.lock());
            thread::Builder::new().spawn_scoped(scope, waits)
        });
        let begun: io::Result<Vec<_>> = begun.collect();
        drop(closed);
        begun.map(drop)
    })
}

/// Whether an error says that this process, or the whole system, had no descriptor left.
pub(crate) fn is_short(error: &str) -> bool {
    let none_left = [Errno::MFILE, Errno::NFILE];
    let mut none_left = none_left
        .iter()
        .map(|errno| format!("(os error {})", errno.raw_os_error()));
    none_left.any(|of| error.contains(&of))
}

/// What PostgreSQL says to a client that is one too many. Among other digits it is another number.
const SQLSTATE: &str = "53300";

/// What others say to it: Redis, Dovecot, mail servers (Exim counts "concurrent SMTP connections"), and servers of HTTP
/// that limit how often one client may come (RFC 6585, section 4).
const FULL: [&str; 6] = [
    "max number of clients reached",
    "Maximum number of connections",
    "oo many con",
    "oo many sessions",
    "rate limit exceeded",
    "429 Too Many Requests",
];

/// Whether a server's answer says that it has no room for another client.
pub(crate) fn is_full(answer: &str) -> bool {
    let mut words = answer.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| word == SQLSTATE) || FULL.iter().any(|words| answer.contains(words))
}

/// What there was no room for, if anything: a descriptor of this process, or a client at the server.
pub(crate) fn shortage(records: &[Attempt]) -> Option<String> {
    let errors = || records.iter().filter_map(|record| record.error.as_deref());
    let short = errors().find(|error| is_short(error)).map(short_of_files);
    short.or_else(|| errors().find(|error| is_full(error)).map(full))
}

/// Takes away what says nothing about the server: what this side could not try, and clients that found it full, or
/// waited in vain at one that was.
pub(crate) fn set_aside(records: &mut Vec<Attempt>) {
    let says = |record: &Attempt, what: fn(&str) -> bool| record.error.as_deref().is_some_and(what);
    let is_full_up = records.iter().any(|record| says(record, is_full));
    let waited = |record: &Attempt| record.failed == Some(FailureKind::Stalled);
    records.retain(|record| {
        !(says(record, is_short) || says(record, is_full) || is_full_up && waited(record))
    });
}

/// What is said of that.
pub(crate) fn full(answer: &str) -> String {
    format!(
        "the server has no room for so many clients (it answers: {answer}), which says nothing about its \
         rotation. Raise its limit of connections, or ask for less load (`--rate`, `--pool`, `--downloads`)"
    )
}

/// What is said of it.
pub(crate) fn short_of_files(error: &str) -> String {
    let limit = match getrlimit(Resource::Nofile).current {
        Some(limit) => format!("it may have {limit} files open at once"),
        None => "its limit is that of the system".into(),
    };
    format!(
        "`zdr` itself could open no more connections or files ({error}); {limit}. Raise the limit (ulimit -n \
         4096), or ask for less load (`--rate`, `--pool`, `--downloads`)"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attempt::Class;

    fn ended(error: Option<&str>, failed: Option<FailureKind>) -> Attempt {
        Attempt {
            failed,
            error: error.map(str::to_owned),
            ..Attempt::opening(Class::Full, Duration::ZERO)
        }
    }

    #[test]
    fn clients_that_find_no_room_are_set_aside() {
        let full = "nothing within 5s; last came `421 Too many connections`";
        let cut = ended(Some("reset"), Some(FailureKind::HandshakeCut));
        let waits = ended(Some("nothing within 5s"), Some(FailureKind::Stalled));
        let turned_away = ended(Some(full), Some(FailureKind::Status));
        let mut some = vec![ended(None, None), cut.clone(), waits.clone()];
        assert_eq!(shortage(&some), None);
        set_aside(&mut some);
        assert_eq!(some.len(), 3, "the server had room");
        some.push(turned_away);
        let words = shortage(&some).unwrap();
        assert!(words.contains("no room for so many clients"), "{words}");
        set_aside(&mut some);
        assert_eq!(some.len(), 2, "who was cut is not set aside");
        assert_eq!(some[1].failed, Some(FailureKind::HandshakeCut));
    }

    #[test]
    fn a_server_that_is_full_is_told_from_one_that_fails() {
        let full = [
            "53300 sorry, too many clients already",
            "-ERR max number of clients reached",
            "* BYE Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
            "421 Too many connections from 127.0.0.1",
            "421 4.7.0 too many connections",
            "421 Too many concurrent SMTP connections; please try again later.",
            "421 4.3.2 Connection rate limit exceeded.",
            "429 Too Many Requests",
            r"the connection was answered `\x17\x00\x00\x00\xff\x10\x04Too many connections`, and then: early eof",
        ];
        assert!(full.iter().all(|answer| is_full(answer)));
        for other in [
            "57P01 terminating connection due to administrator command",
            "500 Internal Server Error",
            "500 request 1533007 failed",
        ] {
            assert!(!is_full(other), "{other}");
        }
    }
}
