//! What is wanted of `Ages`. Each function is a check, and its comment says what has to hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hint::black_box;
use std::panic;
use std::time::Duration;

use exercise_bench::each_process;

use super::exercise::Ages;

const HOUR: Duration = Duration::from_secs(3600);
/// A tenth of an hour is six minutes.
const JITTER: f64 = 0.1;
const FIRST: Duration = Duration::from_secs(54 * 60);

/// Numbers such as servers draw: from the same beginning each time, so that each run of these checks is like the one before.
fn seeds() -> impl Iterator<Item = u64> {
    (1..).map(|number: u64| {
        // splitmix64.
        let mut drawn = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        drawn ^ (drawn >> 31)
    })
}

/// Ages of the connections 1 to 1,000 of one server.
fn of_one_server() -> Vec<Duration> {
    of_one_server_apart(1)
}

/// The same for as many connections whose numbers are so far apart.
fn of_one_server_apart(step: u64) -> Vec<Duration> {
    let server = Ages::new(HOUR, JITTER, seeds().next().unwrap());
    (1..=1000).map(|number| server.of(number * step)).collect()
}

/// How many of 1,000 clients come back in the busiest second, and in the emptiest of the six minutes.
fn crowd(ages: &[Duration]) -> (usize, usize) {
    let (mut seconds, mut minutes) = (BTreeMap::new(), [0; 6]);
    for age in ages {
        *seconds.entry(age.as_secs()).or_insert(0) += 1;
        let minute = age.saturating_sub(FIRST).as_secs() / 60;
        minutes[minute.min(5) as usize] += 1;
    }
    let busiest = seconds.into_values().max();
    (busiest.unwrap_or(0), minutes.into_iter().min().unwrap_or(0))
}

/// No connection is older than the limit when it is asked.
pub fn none_is_older_than_the_limit() {
    let oldest = of_one_server().into_iter().max().unwrap();
    assert!(
        oldest <= HOUR,
        "The limit is an hour, and a connection is {oldest:?} old when it is asked to leave. Operators rely on the limit: with the grace period on top of it, \
         nothing that was decided in a handshake lasts longer. Jitter shortens a life, and never lengthens it."
    );
}

/// None is asked earlier than the jitter allows.
pub fn none_is_asked_earlier_than_the_jitter_allows() {
    let youngest = of_one_server().into_iter().min().unwrap();
    let just = FIRST - Duration::from_millis(1);
    assert!(
        youngest >= just,
        "The jitter is a tenth of an hour, so that no connection is asked before it is 54 minutes old, and one is {youngest:?} old."
    );
}

/// Clients that came together do not come back together.
pub fn clients_that_came_together_come_back_one_by_one() {
    let (second, minute) = crowd(&of_one_server());
    // Spread at random, three come back in a second. 30 would be a wonder, and so would 80 in a minute in place of 167.
    assert!(
        second <= 30 && minute >= 80,
        "A server was restarted, and 1,000 clients connected at once. Their connections have to go over six minutes, about three in each second. In the busiest second \
         {second} of them come back, and in the emptiest minute {minute}. Those that are asked together return together, and each needs a handshake. Each \
         connection needs another share of the jitter, to the second and finer."
    );
    let apart = of_one_server_apart(1000);
    let (second, minute) = crowd(&apart);
    assert!(
        second <= 30 && minute >= 80,
        "Clients connect all day, and 1,000 connections are open whose numbers are 1000, 2000 and so on. In the busiest second {second} of them come back, and in the emptiest minute {minute}: a part of the \
         number is left out, so that connections with the same rest share an age. The share follows from the whole number."
    );
}

/// One connection has the same answer each time.
pub fn one_connection_has_the_same_answer_each_time() {
    let server = Ages::new(HOUR, JITTER, 7);
    let [first, second] = [server.of(1), server.of(1)];
    assert!(
        first == second,
        "A connection was asked for its age twice, and the answers are {first:?} and {second:?}. A server compares at each tick of a clock: drawn anew each time, \
         the earliest draw wins, and all leave at the beginning of the jitter."
    );
    whatever_else_was_asked();
}

/// A server asks for the ages of all its connections, tick by tick.
fn whatever_else_was_asked() {
    let server = Ages::new(HOUR, JITTER, 7);
    let before = server.of(1);
    for others in [1, 1000, MANY] {
        for connection in 2..others + 2 {
            black_box(server.of(connection));
        }
        let after = server.of(1);
        assert!(
            before == after,
            "A connection was asked for its age, then {others} others were, and then the first one again: {before:?} and {after:?}. What was drawn for it is forgotten meanwhile, and it is drawn anew. A connection may live for as long as `max_age`, beside \
             any number of others. Nothing can be forgotten where nothing is remembered: make the age from the seed and the number."
        );
    }
}

/// Servers that were started together do not empty together.
pub fn servers_that_started_together_differ() {
    let first_of = |seed| Ages::new(HOUR, JITTER, seed).of(1);
    let ages: Vec<_> = seeds().take(1000).map(first_of).collect();
    let (second, minute) = crowd(&ages);
    assert!(
        second <= 30 && minute >= 80,
        "1,000 servers were started together, each with a seed of its own. The first connection of each has to go over six minutes; in the busiest second {second} of \
         them go, and in the emptiest minute {minute}. The number of a connection is the same on each server. The seed is what differs."
    );
}

/// Without jitter, the limit holds for all alike.
pub fn without_jitter_it_is_the_limit() {
    for limit in [HOUR, HOUR / 2] {
        let age = Ages::new(limit, 0.0, 7).of(1);
        assert!(
            age == limit,
            "The jitter is 0 and the limit {limit:?}, and a connection is {age:?} old when it is asked. The limit is the `max_age` that `new` was given."
        );
    }
}

/// The jitter is a part of the limit, whatever both of them are.
pub fn the_jitter_is_a_part_of_the_limit() {
    for (limit, jitter) in [(HOUR / 6, 0.1), (HOUR * 24, 0.1), (HOUR, 0.5)] {
        let server = Ages::new(limit, jitter, 7);
        let ages: Vec<_> = (1..=1000).map(|connection| server.of(connection)).collect();
        let parts = ages.iter().map(|age| age.div_duration_f64(limit));
        let [earliest, latest] =
            [f64::min, f64::max].map(|pick| parts.clone().reduce(pick).unwrap());
        assert!(
            (1.0 - jitter - 1e-6..=1.0 - jitter * 0.9).contains(&earliest)
                && latest > 1.0 - jitter * 0.1,
            "The limit is {limit:?} and the jitter {jitter}, so 1,000 connections have to go when between {:.2} and 1.00 of the limit is over, and all of that time has to be used. \
             The first goes after {earliest:.2}, and the last after {latest:.2}. The jitter is the part of `max_age` that `new` was given.",
            1.0 - jitter
        );
    }
    let server = Ages::new(Duration::from_secs(10), JITTER, 7);
    let mut tenths = [0; 10];
    for connection in 1..=1000 {
        let late = server.of(connection).saturating_sub(Duration::from_secs(9));
        tenths[(late.as_millis() / 100).min(9) as usize] += 1;
    }
    let busiest = tenths.into_iter().max().unwrap();
    // Spread at random, a hundred each.
    assert!(
        busiest <= 200,
        "The limit is ten seconds and the jitter a tenth of it, so 1,000 connections have to go over one second, about a hundred in each tenth of it. In the busiest tenth {busiest} of \
         them go. An age that is rounded to seconds has no jitter where that is short: a `Duration` counts nanoseconds."
    );
}

/// Each number can be drawn, and each can be that of a connection.
pub fn no_number_is_too_large() {
    Ages::new(HOUR, JITTER, 7).of(1);
    for seed in [0, u64::MAX] {
        for connection in [0, u64::MAX] {
            let age = panic::catch_unwind(|| Ages::new(HOUR, JITTER, seed).of(connection));
            assert!(
                age.is_ok_and(|age| age <= HOUR),
                "A server has drawn {seed} as its seed, and asked for the age of connection {connection}: `of` panicked, or the age is beyond the limit. Two numbers of 64 bits that are \
                 added or multiplied do not fit into 64 bits."
            );
        }
    }
    of_a_connection_nothing_is_kept();
}

/// As many connections as a busy server has in an hour.
const MANY: u64 = 400_000;

/// What an answer keeps of each connection, none of which is heard of again, in bytes.
fn of_a_connection_nothing_is_kept() {
    let this = (module_path!(), "no_number_is_too_large");
    let grown = each_process(this, ["a-server"], |_| {
        let (server, before) = (Ages::new(HOUR, JITTER, 7), memory());
        for connection in 1..=MANY {
            black_box(server.of(connection));
        }
        memory().saturating_sub(before).to_string()
    });
    let grown: u64 = grown[0].parse().unwrap();
    assert!(
        grown < MANY * 10,
        "A server was asked for the ages of {MANY} connections, and took {grown} bytes more: something is remembered of each of them, and no call says when it may be forgotten. A function of the seed and the number has nothing to remember."
    );
}

/// What this process has in memory. Zero where the system does not say.
fn memory() -> u64 {
    let said = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = said.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.map_or(0, |pages: u64| pages * 4096)
}

/// A longer jitter spreads them further.
pub fn a_longer_jitter_spreads_them_further() {
    let server = Ages::new(HOUR * 24, 0.5, 7);
    let ages = (1..=1000).map(|connection| server.of(connection).as_secs());
    let seconds: BTreeSet<_> = ages.collect();
    // Spread at random, about 990.
    assert!(
        seconds.len() >= 950,
        "The limit is a day and the jitter a half of it, so 1,000 connections go over 43,200 s, nearly each of them in a second of its own. They go in {} different seconds. A share that is one of a hundred, or of a \
         thousand, makes as many crowds, however long the jitter is.",
        seconds.len()
    );
    let ages = (1..=4000).map(|connection| server.of(connection).as_secs());
    let seconds: BTreeSet<_> = ages.collect();
    // Spread at random, about 3,820.
    assert!(
        seconds.len() >= 3000,
        "The limit is a day and the jitter a half of it, so 4,000 connections go in about 3,800 of 43,200 seconds. They go in {} different seconds: connections whose numbers have one remainder go together. The \
         number of a connection counts as a whole.",
        seconds.len()
    );
}
