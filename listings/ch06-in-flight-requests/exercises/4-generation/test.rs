//! What is wanted of `Handshake`. Each function is a check, and its comment says what has to hold.
//!
//! The handshakes run in memory, both ends on one thread.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use ch01_restart_baseline::load_once;
use lab::agent::{Agent, Strategy};
use lab::client::{Options, config};
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ProducesTickets;
use rustls::{ClientConfig, HandshakeKind, ServerConfig};

use super::exercise::Handshake;

/// The configurations of the generations 1 to 3, with one pair of ticket keys, and a client that resumes.
struct Bench {
    generations: Vec<Arc<ServerConfig>>,
    client: Arc<ClientConfig>,
}

fn bench() -> Bench {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let keys = Ticketer::new().unwrap();
    let mut generation = |number| {
        agent.rotate().unwrap();
        let config = load_once(&files.certificate, &files.key, number).unwrap();
        let mut config = Arc::unwrap_or_clone(config);
        config.ticketer = keys.clone();
        Arc::new(config)
    };
    let generations = (1..=3).map(&mut generation).collect();
    let resume = Options {
        resume: true,
        ..Options::default()
    };
    Bench {
        generations,
        client: config(agent.root_pem(), resume).unwrap(),
    }
}

impl Bench {
    fn handshake(&self, number: u64) -> Arc<Handshake> {
        Handshake::new(number, self.generations[number as usize - 1].clone())
    }

    /// The client comes while this generation is current. Whether it resumed, the serial that it holds, and the generation that the
    /// connection is said to be of.
    fn visit(&self, number: u64) -> (bool, String, u64) {
        let handshake = self.handshake(number);
        let (server, client) = lab::memory::handshake(&handshake.config(), &self.client)
            .unwrap_or_else(|error| {
                panic!("A handshake under generation {number} failed: {error}.")
            });
        let resumed = server.handshake_kind() == Some(HandshakeKind::Resumed);
        let shown = lab::chain::facts(client.peer_certificates().unwrap()).unwrap();
        (resumed, shown.serial, handshake.generation(resumed))
    }
}

/// A full handshake is of the generation whose certificate it shows.
pub fn a_full_handshake_is_of_its_own_generation() {
    let (resumed, serial, generation) = bench().visit(2);
    assert!(
        !resumed && generation == 2,
        "A client came for the first time, under generation 2. It was shown {serial}, and its connection is said to be of generation {generation}."
    );
}

/// A client that resumes is of the generation in which its session began.
pub fn a_client_that_resumes_is_of_the_generation_of_its_session() {
    let bench = bench();
    bench.visit(1);
    let (resumed, serial, generation) = bench.visit(2);
    assert!(
        resumed,
        "A client has a ticket of generation 1, and did a full handshake under generation 2. A session has to come out of a ticket as it went in."
    );
    assert!(
        generation == 1,
        "A client that was shown {serial} under generation 1 resumed under generation 2: no certificate was sent, so it still holds {serial}. Its connection is \
         said to be of generation {generation}. By such a log no connection lives under the old certificate any more, and a drain of generation 1 leaves this one \
         out."
    );
}

/// However often it is resumed, a session stays of the generation in which it began.
pub fn a_session_stays_of_its_generation() {
    let bench = bench();
    let serials = [1, 2, 3].map(|number| bench.visit(number).1);
    let (resumed, _, generation) = bench.visit(3);
    assert!(
        resumed && generation == 1,
        "A client came under generation 1, and resumed under 2, under 3, and again. All that time it held {}. Its connection is said to be of generation {generation}. Each \
         resumption brings a new ticket: it has to say where the session began, rather than where the ticket was given out.",
        serials[2]
    );
}

/// A ticket that was opened is not a session that was resumed.
pub fn a_ticket_that_was_opened_need_not_be_resumed() {
    let bench = bench();
    let ticket = bench.handshake(1).encrypt(b"a session").unwrap();
    let under = bench.handshake(2);
    let session = under.decrypt(&ticket);
    assert!(
        session.as_deref() == Some(b"a session"),
        "What went into a ticket under generation 1 was `a session`, and what came out under generation 2 is {session:?}."
    );
    let [full, resumed] = [under.generation(false), under.generation(true)];
    assert!(
        [full, resumed] == [2, 1],
        "A ticket of generation 1 was opened under generation 2. Where the session is not resumed after all, since it is of another name perhaps, the client is shown a \
         certificate, and the connection is of generation 2: the answer is {full}. Where it is resumed, it is of 1: the answer is {resumed}."
    );
}

/// A ticket without a number is none.
pub fn a_ticket_without_a_number_is_none() {
    let bench = bench();
    bench.visit(2);
    for old in ["old", "a session of the server before this one"] {
        let ticket = bench.generations[0].ticketer.encrypt(old.as_bytes());
        let decrypt = || bench.handshake(2).decrypt(ticket.as_ref().unwrap());
        let session = panic::catch_unwind(AssertUnwindSafe(decrypt));
        assert!(
            matches!(session, Ok(None)),
            "The server before this one shared the ticket keys, and sealed `{old}` without a number. Its ticket has to be none, so that the client does a full \
             handshake. `decrypt` {}.",
            match session {
                Ok(session) => format!(
                    "returned {:?}, and took what is no number for one",
                    session.map(|session| String::from_utf8_lossy(&session).into_owned())
                ),
                Err(_) => "panicked, and with it the handshake".into(),
            }
        );
    }
}
