//! What is wanted of `Workers`. Each function is a check, and its comment says what has to hold.
//!
//! The handshakes run in memory, both ends on one thread.

use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use ch01_restart_baseline::load_once;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, LeafRequest};
use lab::client::{Options, config};
use rustls::client::{Resumption, Tls12Resumption};
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::{ClientConfig, HandshakeKind, ServerConfig};

use super::exercise::Workers;

const WORKERS: usize = 4;

/// Four workers, and what clients trust.
struct Bench {
    workers: Workers,
    root_pem: String,
}

fn bench() -> Bench {
    bench_with(WORKERS)
}

fn bench_with(number: usize) -> Bench {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let mut config: ServerConfig = (*load_once(&files.certificate, &files.key, 1).unwrap()).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.send_tls13_tickets = 3;
    config.ignore_client_order = true;
    let workers = Workers::new(number, config);
    Bench {
        workers: workers.unwrap_or_else(|error| panic!("`new` returned: {error}.")),
        root_pem: agent.root_pem().to_owned(),
    }
}

/// How a client keeps its sessions.
#[derive(Clone, Copy)]
enum Keeps {
    Tls13,
    Tls12Ticket,
    Tls12Id,
}
use Keeps::{Tls12Id, Tls12Ticket, Tls13};

impl Keeps {
    fn words(self) -> &'static str {
        match self {
            Tls13 => "TLS 1.3 with a ticket",
            Tls12Ticket => "TLS 1.2 with a ticket",
            Tls12Id => "TLS 1.2 without a ticket, whose session the server remembers",
        }
    }
}

impl Bench {
    fn client(&self, keeps: Keeps) -> Arc<ClientConfig> {
        let options = Options {
            resume: true,
            tls12_only: !matches!(keeps, Tls13),
            ..Options::default()
        };
        let mut client = config(&self.root_pem, options).unwrap();
        if matches!(keeps, Tls12Id) {
            let resumption = Resumption::in_memory_sessions(8);
            Arc::make_mut(&mut client).resumption =
                resumption.tls12_resumption(Tls12Resumption::SessionIdOnly);
        }
        client
    }

    /// Whether the client resumes an earlier session at this worker.
    fn resumes(&self, client: &Arc<ClientConfig>, worker: usize) -> bool {
        let done = lab::memory::handshake(&self.workers.config(worker), client);
        let (_, client) =
            done.unwrap_or_else(|error| panic!("A handshake at worker {worker} failed: {error}."));
        client.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    fn discard(&self) {
        let discarded = self.workers.discard();
        assert!(
            discarded.is_ok(),
            "`discard` returned {discarded:?}, and the system does give random bytes."
        );
    }

    /// No worker resumes a session of before.
    fn all_are_discarded(&self, keeps: Keeps) {
        // A client of its own for each worker: one that is turned down takes a new session.
        let clients: Vec<_> = (0..WORKERS).map(|_| self.client(keeps)).collect();
        for client in &clients {
            self.resumes(client, 0);
            assert!(
                self.resumes(client, 1),
                "Nothing was discarded, and a client ({}) that comes from one worker to another does not resume.",
                keeps.words()
            );
        }
        self.discard();
        let resumed = (0..WORKERS).filter(|worker| self.resumes(&clients[*worker], *worker));
        let resumed: Vec<_> = resumed.collect();
        assert!(
            resumed.is_empty(),
            "All sessions were discarded, and at the workers {resumed:?} of 0 to {} a client ({}) still resumed one of before. \
             What opens sessions has to go at each worker: the ticket keys, and the memory of those without a ticket.",
            WORKERS - 1,
            keeps.words()
        );
    }
}

/// No worker opens a ticket of before.
pub fn no_worker_opens_a_ticket_of_before() {
    for keeps in [Tls13, Tls12Ticket] {
        bench().all_are_discarded(keeps);
    }
    however_many_workers_there_are();
}

/// One worker, and seven.
fn however_many_workers_there_are() {
    for number in [1, 7] {
        let bench = bench_with(number);
        let client = bench.client(Tls13);
        bench.resumes(&client, 0);
        let discarded = panic::catch_unwind(AssertUnwindSafe(|| bench.workers.discard().is_ok()));
        assert!(
            matches!(discarded, Ok(true)) && !bench.resumes(&client, number - 1),
            "A server has {number} of these workers. `discard` was called, and {}. How many there are, `new` was told: go through all of `self.0`.",
            match discarded {
                Ok(true) => "the last of them still resumed a session of before",
                Ok(false) => "returned an error",
                Err(_) => "panicked",
            }
        );
    }
}

/// No worker remembers a session of before that has no ticket.
pub fn no_worker_remembers_a_session_of_before() {
    bench().all_are_discarded(Tls12Id);
}

/// New sessions are resumed at each worker, as before.
pub fn new_sessions_are_resumed_at_each_worker() {
    let bench = bench();
    bench.discard();
    for keeps in [Tls13, Tls12Ticket, Tls12Id] {
        let client = bench.client(keeps);
        bench.resumes(&client, 0);
        let full: Vec<_> = (0..WORKERS)
            .filter(|worker| !bench.resumes(&client, *worker))
            .collect();
        assert!(
            full.is_empty(),
            "All sessions were discarded, and then a client ({}) came to worker 0 and took a new one. It came back to each worker in turn; \
             those that did not resume: {full:?}. A client meets any worker next time, so all of them have to open the new sessions: one pair of keys \
             for all, and one memory of the sessions that have no ticket.",
            keeps.words()
        );
    }
    many_clients_without_a_ticket_come_back(&bench);
}

/// As many as were remembered before: the starter has room for 256.
fn many_clients_without_a_ticket_come_back(bench: &Bench) {
    let clients: Vec<_> = (0..200).map(|_| bench.client(Tls12Id)).collect();
    for client in &clients {
        bench.resumes(client, 0);
    }
    let full = clients
        .iter()
        .filter(|client| !bench.resumes(client, 1))
        .count();
    assert!(
        full == 0,
        "After `discard`, 200 clients ({}) took a session each. They came back, and {full} of them did not resume. The memory that takes the place of the old one needs the same room: `REMEMBERED`.",
        Tls12Id.words()
    );
}

/// Sessions that began after the first discard are discarded by the second.
pub fn a_second_discard_is_like_the_first() {
    for keeps in [Tls13, Tls12Ticket, Tls12Id] {
        let bench = bench();
        bench.discard();
        bench.all_are_discarded(keeps);
    }
    what_is_discarded_stays_discarded();
    nobody_else_has_the_keys();
    no_key_comes_twice();
    the_keys_are_random_bytes_of_the_system();
}

/// Another server runs the same program, and discards as often.
fn nobody_else_has_the_keys() {
    let (bench, other) = (bench(), bench());
    for discards in 1..=3 {
        bench.discard();
        other.discard();
        let ticket = bench.workers.config(0).ticketer.encrypt(b"a session");
        let opened = ticket.and_then(|ticket| other.workers.config(0).ticketer.decrypt(&ticket));
        assert!(
            opened.is_none(),
            "Two servers run the same program, and have discarded their sessions as often ({discards}). A ticket of the one was opened by the other: both have made the same key. A key that comes from a count, from a clock or from the program's text can be made by \
             any program that knows these, and opens every ticket. `Ticketer::new` makes one that no other program knows."
        );
    }
}

/// What is drawn at random is drawn again as soon as there is little of it.
fn no_key_comes_twice() {
    let bench = bench_with(1);
    let mut tickets = Vec::new();
    for discards in 1..=1500 {
        bench.discard();
        let keys = bench.workers.config(0).ticketer.clone();
        let opened = tickets
            .iter()
            .any(|ticket: &Vec<u8>| keys.decrypt(ticket).is_some());
        assert!(
            !opened,
            "`discard` was called {discards} times, and the last of the keys opened a ticket of an earlier one: that key had been there before. Of such a key little is drawn, and the rest is always the same: a thief tries all that there are. \
             `Ticketer::new` draws all bytes of its keys anew."
        );
        tickets.extend(keys.encrypt(b"a session"));
    }
}

/// What seals tickets is `Ticketer`, or stands around one. Of two servers that draw by the clock, or by a seed, no check sees that an attacker
/// else can find what they have drawn.
fn the_keys_are_random_bytes_of_the_system() {
    let bench = bench();
    bench.discard();
    let (sealing, library) = (bench.workers.config(0).ticketer.clone(), Ticketer::new());
    let [said, own] = [sealing, library.unwrap()].map(|keys| {
        let ticket = keys.encrypt(b"a session").unwrap_or_default();
        (format!("{keys:?}"), ticket.len())
    });
    let name = own.0.split(' ').next().unwrap_or_default();
    assert!(
        said.1 == own.1 || (said.1 > own.1 && said.0.contains(name)),
        "After `discard`, a ticket of {} bytes is sealed by `{}`, and `Ticketer` makes {} bytes of the same session: these are keys of your own. No test can show that a key is hard to find. One that is made of the time or of a seed can be tried out: who has one \
         ticket tries each moment of that day, or each seed, until one opens it, and then opens all. `Ticketer::new` takes its keys from the system's random bytes.",
        said.1,
        said.0,
        own.1
    );
}

/// A client comes back after several discards.
fn what_is_discarded_stays_discarded() {
    for keeps in [Tls13, Tls12Ticket, Tls12Id] {
        let bench = bench();
        // One that is turned down takes a new session, so each discard has a client of its own.
        let clients = [(); 4].map(|()| bench.client(keeps));
        for client in &clients {
            bench.resumes(client, 0);
        }
        for (client, discards) in clients.iter().zip(1..) {
            bench.discard();
            assert!(
                !bench.resumes(client, 0),
                "A client ({}) has a session of the beginning. All sessions were discarded {discards} times since, and it resumed. What was discarded stays so: each `discard` makes keys, and a memory, that were \
                 never used before.",
                keeps.words()
            );
        }
    }
}

/// All else that a worker is configured with goes on.
pub fn all_else_goes_on() {
    let bench = bench();
    bench.discard();
    for worker in 0..WORKERS {
        let protocols = bench.workers.config(worker).alpn_protocols.clone();
        assert!(
            protocols == [b"h2"],
            "The workers were configured for HTTP/2, and after `discard` worker {worker} agrees on {} protocols by ALPN. A configuration that is made anew begins with the \
             library's defaults. Clone the one that is there, and change what opens sessions.",
            protocols.len()
        );
    }
    clients_are_asked_for_a_certificate_as_before();
    let counts: BTreeSet<_> = (0..WORKERS)
        .map(|worker| bench.workers.config(worker))
        .map(|config| (config.send_tls13_tickets, config.ignore_client_order))
        .collect();
    assert!(
        counts == BTreeSet::from([(3, true)]),
        "The workers give out three tickets for each session of TLS 1.3, and choose the cipher themselves. After `discard`, `send_tls13_tickets` and `ignore_client_order` are {counts:?}. Clone the configuration that is there, and \
         change what opens sessions, and nothing else."
    );
}

/// The workers of a server that lets in clients with a certificate alone.
fn clients_are_asked_for_a_certificate_as_before() {
    let mut authority = Authority::new().unwrap();
    let own = authority.issue(&LeafRequest::new("localhost")).unwrap();
    let config = lab::mutual::config(&own, authority.root_pem()).unwrap();
    let workers = Workers::new(WORKERS, Arc::unwrap_or_clone(config)).unwrap();
    let nameless = lab::client::config(authority.root_pem(), Options::default()).unwrap();
    let lets_in = |worker| lab::memory::handshake(&workers.config(worker), &nameless).is_ok();
    assert!(!lets_in(0), "the bench itself");
    workers.discard().unwrap();
    let let_in: Vec<_> = (0..WORKERS).filter(|worker| lets_in(*worker)).collect();
    assert!(
        let_in.is_empty(),
        "The workers ask each client for a certificate, and after `discard` a client without one was let in at the workers {let_in:?}. A configuration that is made anew \
         asks for what it is told to ask, and nothing failed and nothing was logged. Clone the one that is there: the verifier of clients is in it."
    );
}
