//! A client that returns after a rotation: who resumes, and what it is then shown.

use std::fs;
use std::sync::Arc;

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{Live, Reload};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use lab::agent::{Agent, Strategy};
use lab::authority::Authority;
use lab::client::{self, Options};
use lab::memory;
use rustls::{ClientConfig, HandshakeKind};

const CLIENTS: usize = 100;

struct Bench {
    _directory: tempfile::TempDir,
    agent: Agent,
    live: Arc<Live>,
    clients: Vec<Arc<ClientConfig>>,
}

impl Bench {
    /// A server with this policy, and clients that have each been there once.
    fn new(tickets: Tickets, tls12_only: bool) -> Self {
        let directory = lab::directory().unwrap();
        let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
        agent.rotate().unwrap();
        let source = Source {
            files: agent.files(),
            name: "localhost".try_into().unwrap(),
        };
        let sessions = Sessions {
            tickets,
            remembered: 4 * CLIENTS,
        };
        let live = Live::start_with(source, sessions).unwrap();
        let options = Options {
            resume: true,
            tls12_only,
        };
        let clients = (0..CLIENTS)
            .map(|_| client::config(agent.root_pem(), options).unwrap())
            .collect();
        let bench = Self {
            _directory: directory,
            agent,
            live,
            clients,
        };
        assert_eq!(bench.visits(), Visits { full: CLIENTS, resumed: 0, serial: "1001".into() });
        bench
    }

    /// Each client comes once more.
    fn visits(&self) -> Visits {
        let server = self.live.current().config.clone();
        let (mut full, mut resumed, mut serials) = (0, 0, Vec::new());
        for client in &self.clients {
            let (server, client) = memory::handshake(&server, client).unwrap();
            assert_eq!(server.handshake_kind(), client.handshake_kind());
            match client.handshake_kind() {
                Some(HandshakeKind::Resumed) => resumed += 1,
                _ => full += 1,
            }
            let shown = lab::chain::facts(client.peer_certificates().unwrap());
            serials.push(shown.unwrap().serial);
        }
        serials.dedup();
        assert_eq!(serials.len(), 1, "not all clients saw the same: {serials:?}");
        Visits { full, resumed, serial: serials.remove(0) }
    }

    fn rotate(&mut self) {
        self.agent.rotate().unwrap();
        assert!(matches!(self.live.reload(), Reload::Loaded(_)));
    }

    /// Another trust anchor joins the file. The chain stays as it is.
    fn change_trust(&mut self) {
        let other = Authority::new().unwrap();
        let both = format!("{}{}", self.agent.root_pem(), other.root_pem());
        fs::write(self.agent.files().roots, both).unwrap();
        assert!(matches!(self.live.reload(), Reload::Loaded(_)));
    }
}

#[derive(Debug, PartialEq)]
struct Visits {
    full: usize,
    resumed: usize,
    serial: String,
}
