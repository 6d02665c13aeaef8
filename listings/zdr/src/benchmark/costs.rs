//! What a connection, a rotation and a handshake cost: what `cargo benchmark --costs` measures and writes down.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::connection::{ConnectionCost, connection_cost};
use super::cost::{Held, Speed, held};
use super::handshake::{QuicCost, handshakes, quic};
use super::program::version;
use super::renewal::{RenewalCost, renewal_cost};
use crate::check::RunControl;
use crate::report::Machine;
use crate::server::spec::{Keys, Spec};
use crate::testbed::shared::SharedFixtures;

/// All that was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Costs {
    /// The day, UTC.
    pub date: String,
    /// The command that measured it.
    pub command: String,
    /// The machine, on which servers and clients ran.
    pub machine: Machine,
    /// Which share of its processor time others took, before anything was started. `None` where the system does
    /// not tell.
    pub busy_before: Option<f64>,
    /// How long the handshakes of one kind of key were counted in each round, in milliseconds.
    pub handshake_ms: u64,
    /// Rounds that are complete.
    pub rounds: u32,
    /// The servers that are there.
    pub servers: Vec<ServerCosts>,
    /// Those that are not: their program was not found.
    pub missing: Vec<String>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct CostOptions {
    /// How often each server has its turn. All but the handshakes is measured in the first.
    pub rounds: u32,
    /// Connections that are kept.
    pub connections: usize,
    /// Rotations, at most.
    pub rotations: u32,
    /// For how long it is rotated.
    pub rotating: Duration,
    /// Rotations with connections that are held, and connections for each.
    pub held: (u32, usize),
    /// For how long handshakes are counted, of each kind of key.
    pub time: Duration,
    /// Rotations under the load of QUIC's clients.
    pub quic_rotations: u32,
    /// How long a client waits for anything.
    pub patience: Duration,
}

/// What was measured of a server. One that speaks HTTP/3 has the figures of that alone: the same server without it
/// has the others.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ServerCosts {
    /// Its name.
    pub name: String,
    /// What its version command printed.
    pub version: String,
    /// How it is notified of new files, in words.
    pub reload: String,
    /// What a connection costs that does nothing.
    pub connection: Option<ConnectionCost>,
    /// What a rotation costs while no connection is kept.
    pub renewal: Option<RenewalCost>,
    /// The same while each generation has a connection with an answer under way.
    pub held: Option<Held>,
    /// Full handshakes with a leaf for ECDSA on P-256, in each round.
    pub ecdsa: Vec<Speed>,
    /// Full handshakes with a leaf for RSA of 2048 bits, in each round.
    pub rsa: Vec<Speed>,
    /// QUIC, where it is spoken.
    pub quic: Option<QuicCost>,
    /// What is missing, and why.
    pub not_measured: BTreeMap<String, String>,
}

/// Measures the servers, one after the other, round by round. After each round `keep` is given what there is by
/// then, and the number of rounds.
///
/// # Errors
/// When `keep` fails. A server that fails is a result.
pub async fn costs(
    specs: &[Spec],
    options: &CostOptions,
    control: &RunControl<'_>,
    say: &(dyn Fn(&str) + Sync),
    keep: &(dyn Fn(u32, &[ServerCosts]) -> io::Result<()> + Sync),
) -> io::Result<()> {
    let mut servers: Vec<_> = specs.iter().map(ServerCosts::new).collect();
    for round in 1..=options.rounds {
        for (spec, server) in specs.iter().zip(&mut servers) {
            say(&format!(
                "round {round} of {}: {}",
                options.rounds, spec.name
            ));
            match (spec.http3, round) {
                (true, 1) => server.of_quic(spec, options, control).await,
                (true, _) => {}
                (false, 1) => {
                    server.once(spec, options).await;
                    server.handshakes(spec, options).await;
                }
                (false, _) => server.handshakes(spec, options).await,
            }
        }
        keep(round, &servers)?;
    }
    Ok(())
}

impl ServerCosts {
    fn new(spec: &Spec) -> Self {
        Self {
            name: spec.name.clone(),
            version: spec.version.as_deref().map_or_else(String::new, version),
            reload: spec.reload.words(),
            ..Self::default()
        }
    }

    async fn once(&mut self, spec: &Spec, options: &CostOptions) {
        let fixtures = match SharedFixtures::new(spec, options.patience).await {
            Ok(fixtures) => fixtures,
            Err(error) => return self.missing("server", &error.into()),
        };
        match connection_cost(&fixtures, options.connections).await {
            Ok(cost) => self.connection = Some(cost),
            Err(error) => self.missing("connection", &error),
        }
        match renewal_cost(&fixtures, options.rotations, options.rotating).await {
            Ok(cost) => self.renewal = Some(cost),
            Err(error) => self.missing("renewal", &error),
        }
        let (rotations, each) = options.held;
        match held(&fixtures, rotations, each).await {
            Ok(cost) => self.held = Some(cost),
            Err(error) => self.missing("held", &error),
        }
    }

    async fn handshakes(&mut self, spec: &Spec, options: &CostOptions) {
        for (keys, name) in [(Keys::Ecdsa, "ecdsa"), (Keys::Rsa, "rsa")] {
            match handshakes(spec, keys, options.time, options.patience).await {
                Ok(speed) if keys == Keys::Rsa => self.rsa.push(speed),
                Ok(speed) => self.ecdsa.push(speed),
                Err(error) => self.missing(name, &error),
            }
        }
    }

    async fn of_quic(&mut self, spec: &Spec, options: &CostOptions, control: &RunControl<'_>) {
        match quic(spec, options.time, options.quic_rotations, control).await {
            Ok(cost) => self.quic = Some(cost),
            Err(error) => self.missing("quic", &error),
        }
    }

    fn missing(&mut self, what: &str, error: &io::Error) {
        let error = error.to_string();
        self.not_measured.entry(what.to_owned()).or_insert(error);
    }
}
