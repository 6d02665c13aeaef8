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
    what_is_not_sealed_the_ticket_keys_answer(&bench);
}

/// How long a ticket lasts, and whether there are ticket keys at all. A configuration as it is built has none.
fn what_is_not_sealed_the_ticket_keys_answer(bench: &Bench) {
    let lifetime = bench.handshake(2).lifetime();
    assert!(
        lifetime > 0,
        "A ticket says for how many seconds a client may come back with it, and by your `lifetime` it is 0: a client that reads this throws the ticket away at once. \
         What you do not seal yourself, the ticket keys answer: ask `config.ticketer`."
    );
    let of_the_keys = bench.generations[1].ticketer.lifetime();
    assert!(
        lifetime == of_the_keys,
        "The ticket keys open a ticket for {of_the_keys} s, and by your `lifetime` it is {lifetime}: a client is told another time than the one after which it is turned down. What you do not seal yourself, the ticket keys \
         answer: ask `config.ticketer`."
    );
    let mut without = (*bench.generations[0]).clone();
    without.ticketer = Arc::clone(
        &ServerConfig::builder()
            .with_no_client_auth()
            .with_cert_resolver(without.cert_resolver.clone())
            .ticketer,
    );
    let without = Handshake::new(1, Arc::new(without));
    let enabled = without.enabled();
    assert!(
        !enabled,
        "A server that has no ticket keys remembers sessions itself. By your `enabled` it has keys, so rustls asks for a ticket, gets none, and remembers nothing: each client that \
         comes back does a full handshake. What you do not seal yourself, the ticket keys answer: ask `config.ticketer`."
    );
    let ticket = panic::catch_unwind(AssertUnwindSafe(|| without.encrypt(b"a session")));
    assert!(
        matches!(ticket, Ok(None)),
        "Where there are no ticket keys, nothing can be sealed, and there is no ticket: `None`. `encrypt` {}. What the keys cannot do is no reason for a handshake to fail.",
        match ticket {
            Ok(_) => "returned one",
            Err(_) => "panicked",
        }
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

/// Each handshake has an answer of its own, though others are under way.
pub fn handshakes_at_the_same_time_are_told_apart() {
    let bench = bench();
    let tickets = [1, 2].map(|number| bench.handshake(number).encrypt(b"a session").unwrap());
    let under = [bench.handshake(3), bench.handshake(3)];
    for (handshake, ticket) in under.iter().zip(&tickets) {
        let _ = handshake.decrypt(ticket);
    }
    let third = bench.handshake(3);
    let found = [&under[0], &under[1], &third].map(|handshake| handshake.generation(true));
    assert!(
        found == [1, 2, 3],
        "Two clients resume at the same time, with tickets of the generations 1 and 2, and a third one offers no ticket, under generation 3. Their connections are said to be \
         of {found:?}. What `decrypt` finds belongs to one handshake: keep it in this `Handshake`, and in nothing that all share."
    );
    let ticket = third.encrypt(b"a session").unwrap();
    let later = bench.handshake(2);
    let _ = later.decrypt(&ticket);
    let found = later.generation(true);
    assert!(
        found == 3,
        "A client made a full handshake under generation 3 while two others resumed, and its ticket says that it is of generation {found}."
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
    let bench = self::bench();
    lab::memory::handshake(&bench.generations[0], &bench.client).unwrap();
    let (resumed, serial, generation) = bench.visit(2);
    assert!(
        !resumed && generation == 2,
        "A client has a ticket that the server before this one sealed without a number, and came under generation 2. It has to make a full handshake. It {}, was shown {serial}, and its \
         connection is said to be of generation {generation}.",
        match resumed {
            true => "resumed",
            false => "made one",
        }
    );
    let (resumed, serial, generation) = bench.visit(3);
    assert!(
        resumed && generation == 2,
        "A client came with a ticket that the server before this one had sealed without a number, and made a full handshake under generation 2. Now it resumes what began then, holds \
         {serial}, and its connection is said to be of generation {generation}. What `decrypt` took for a number was the beginning of a session. rustls begins one with \
         a byte that is 1 or 0: begin with what no session begins with, such as a mark of four letters."
    );
    nor_is_one_of_a_client_that_sends_no_name();
}

/// What a session begins with depends on whether its client sent a name.
fn nor_is_one_of_a_client_that_sends_no_name() {
    let mut bench = bench();
    Arc::make_mut(&mut bench.client).enable_sni = false;
    lab::memory::handshake(&bench.generations[0], &bench.client).unwrap();
    let first = bench.visit(2);
    let (resumed, serial, generation) = bench.visit(3);
    assert!(
        !first.0 && resumed && generation == 2,
        "A client that sends no server name came with a ticket that the server before this one had sealed without a number, and has to make a full handshake under generation 2; it {}. Then it came under generation 3, holds {serial}, and its connection is said \
         to be of generation {generation}. A session of such a client begins with a byte that is 0, and one of others with a byte that is 1: a mark of one byte is not enough, begin with four letters.",
        match first.0 {
            true => "resumed",
            false => "made one",
        }
    );
}

/// A number stays what it is, however large.
pub fn a_large_number_stays_what_it_is() {
    let bench = bench();
    let config = &bench.generations[0];
    for number in [300, 70_000, u64::MAX] {
        let ticket = Handshake::new(number, config.clone()).encrypt(b"a session");
        let under = bench.handshake(2);
        let session = ticket.and_then(|ticket| under.decrypt(&ticket));
        let found = under.generation(true);
        assert!(
            session.as_deref() == Some(b"a session") && found == number,
            "A ticket was made under generation {number}, and what comes out of it is generation {found} with {session:?}. A server that reloads each \
             hour has 300 generations in two weeks: seal all eight bytes of the number."
        );
    }
}
