//! What is wanted of `rotate`. Each function is a check, and its comment says what has to hold.
//!
//! The handshakes run in memory, both ends on one thread.

use std::collections::BTreeMap;
use std::panic::{catch_unwind, resume_unwind};

use lab::authority::{Authority, Issued};
use lab::{memory, mutual};

use super::exercise::{Fleet, Machine, Root, rotate};

/// What one machine trusts, and the root of the leaf that it shows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Files {
    trusts: Vec<Root>,
    shows: Root,
}

/// An authority for each root, and a leaf under it, which any machine may show.
struct Authorities([(Authority, Issued); 2]);

/// A fleet whose clients call after each step.
struct Calling {
    authorities: Authorities,
    server: Files,
    clients: Vec<Files>,
    /// What came of a call between a server and a client with these files.
    calls: BTreeMap<(Files, Files), Result<(), String>>,
    steps: usize,
    /// Of the first call that failed: after which step, whose it was, and why.
    failed: Option<String>,
}

impl Authorities {
    fn new() -> Self {
        Self(["Root A", "Root B"].map(|name| {
            let mut authority = Authority::named(name).unwrap();
            let leaf = lab::authority::LeafRequest::new("localhost");
            let leaf = authority.issue(&leaf).unwrap();
            (authority, leaf)
        }))
    }

    fn leaf(&self, root: Root) -> &Issued {
        &self.0[root as usize].1
    }

    fn trusted(&self, roots: &[Root]) -> String {
        let roots = roots.iter().map(|root| &self.0[*root as usize].0);
        roots.map(Authority::root_pem).collect()
    }

    /// A handshake in which each side checks the other.
    fn call(&self, server: &Files, client: &Files) -> Result<(), String> {
        for (files, side) in [(server, "server"), (client, "client")] {
            if files.trusts.is_empty() {
                return Err(format!("the {side} trusts no root"));
            }
        }
        let options = lab::client::Options::default();
        let shown = |files: &Files| self.leaf(files.shows);
        let by_server = mutual::config(shown(server), &self.trusted(&server.trusts)).unwrap();
        let by_client =
            mutual::client_config(shown(client), &self.trusted(&client.trusts), options).unwrap();
        let handshake = memory::handshake(&by_server, &by_client);
        handshake.map(drop).map_err(|error| error.to_string())
    }
}

impl Calling {
    /// So many clients. All machines trust Root A, and show a leaf under it.
    fn with(clients: usize) -> Self {
        let files = Files {
            trusts: vec![Root::A],
            shows: Root::A,
        };
        Self {
            authorities: Authorities::new(),
            server: files.clone(),
            clients: vec![files; clients],
            calls: BTreeMap::new(),
            steps: 0,
            failed: None,
        }
    }

    fn files(&mut self, machine: Machine) -> &mut Files {
        match machine {
            Machine::Server => &mut self.server,
            Machine::Client(number) => {
                let clients = self.clients.len();
                self.clients.get_mut(number).unwrap_or_else(|| {
                    panic!("There are {clients} clients, counted from 0, and one has the number {number}.")
                })
            }
        }
    }

    /// Every client calls.
    fn call(&mut self, step: &str) {
        self.steps += 1;
        for (client, number) in self.clients.iter().zip(1..) {
            let files = (self.server.clone(), client.clone());
            let call = || self.authorities.call(&self.server, client);
            let called = self.calls.entry(files).or_insert_with(call);
            if let (Err(why), None) = (called, &self.failed) {
                self.failed = Some(format!(
                    "In step {}, after {step}, the call of client {number} failed: {why}. The server trusts {} and shows a leaf \
                     under Root {:?}; the client trusts {} and shows a leaf under Root {:?}",
                    self.steps,
                    names(&self.server.trusts),
                    self.server.shows,
                    names(&client.trusts),
                    client.shows
                ));
            }
        }
    }
}

impl Fleet for Calling {
    fn clients(&self) -> usize {
        self.clients.len()
    }

    fn trust(&mut self, machine: Machine, roots: &[Root]) {
        let mut trusts = roots.to_vec();
        trusts.sort();
        trusts.dedup();
        let step = format!("{} trusted {}", name(machine), names(&trusts));
        self.files(machine).trusts = trusts;
        self.call(&step);
    }

    fn show(&mut self, machine: Machine, root: Root) {
        self.files(machine).shows = root;
        self.call(&format!(
            "{} showed a leaf under Root {root:?}",
            name(machine)
        ));
    }
}

fn name(machine: Machine) -> String {
    match machine {
        Machine::Server => "the server".into(),
        // As people count.
        Machine::Client(number) => format!("client {}", number + 1),
    }
}

fn names(roots: &[Root]) -> String {
    let names: Vec<_> = roots.iter().map(|root| format!("Root {root:?}")).collect();
    if names.is_empty() {
        return "no root".into();
    }
    names.join(" and ")
}

fn rotated(clients: usize) -> Calling {
    let mut fleet = Calling::with(clients);
    rotate(&mut fleet);
    fleet
}

/// No call fails at any step.
pub fn no_call_fails_at_any_step() {
    for clients in [3, 1, 20, 0] {
        let rotated = catch_unwind(|| rotated(clients));
        // With clients, what it panics with is said as it is.
        let rotated = rotated.unwrap_or_else(|panicked| match clients {
            0 => panic!(
                "A server without a client has to be moved as well, before its first client comes, and `rotate` panicked: what is counted from 0 has no last one where there is none."
            ),
            _ => resume_unwind(panicked),
        });
        let failed = rotated.failed;
        assert!(
            failed.is_none(),
            "{}. Each leaf that is shown has to lead to a root that the other side trusts, at each step.",
            failed.unwrap_or_default()
        );
    }
}

/// In the end all machines show a leaf under Root B.
pub fn in_the_end_all_show_a_leaf_under_root_b() {
    for clients in [3, 20, 0] {
        let fleet = rotated(clients);
        let machines = [&fleet.server].into_iter().chain(&fleet.clients);
        let behind = machines.filter(|files| files.shows == Root::A).count();
        assert!(
            behind == 0,
            "After {} steps, {behind} of {} machines still show a leaf under Root A. They break when Root A goes.",
            fleet.steps,
            clients + 1
        );
    }
}

/// In the end Root A is trusted nowhere.
pub fn in_the_end_root_a_is_trusted_nowhere() {
    for count in [3, 20, 0] {
        let fleet = rotated(count);
        let trusts_a = |files: &&Files| files.trusts.contains(&Root::A);
        let server = trusts_a(&&fleet.server);
        let clients = fleet.clients.iter().filter(trusts_a).count();
        assert!(
            !server && clients == 0,
            "The rotation is over, and Root A is trusted by {}{clients} of {count} clients. A machine that trusts it still lets its leaves in: a \
             trust that is not taken away has not been rotated.",
            if server { "the server and by " } else { "" }
        );
    }
}
