//! How much the course does in each stage.

use std::time::Duration;

use ch09_simulating_rotation::Writer;
use lab::agent::Strategy;

use crate::check::{Options, RATE};
use crate::gate::scenario::Scenario;

/// How much is done in each stage.
#[derive(Clone, Debug)]
pub struct CourseOptions {
    /// Rotations under load.
    pub rotations: u32,
    /// Rotations by each writer.
    pub by_each_writer: u32,
    /// From the beginning of one to that of the next, at least.
    pub interval: Duration,
    /// How long the server is watched before and after.
    pub steady: Duration,
    /// Attempts a second of each class.
    pub rate: f64,
    /// Whether that is lowered where this machine, or the server, cannot keep up.
    pub lowers_rate: bool,
    /// Long answers at once.
    pub downloads: usize,
    /// Connections that are kept for HTTP/1.1.
    pub pool: usize,
    /// Servers at once.
    pub jobs: usize,
    /// How long a client waits for anything.
    pub patience: Duration,
    /// The writers, where the files allow them.
    pub writers: Vec<Writer>,
    /// The scenarios, each in its stage.
    pub scenarios: Vec<Scenario>,
    /// The number of the first stage that is taken. Those before it were passed another time.
    pub from: usize,
}

impl CourseOptions {
    /// For a reader's server.
    pub fn full() -> Self {
        Self {
            rotations: 10,
            by_each_writer: 3,
            interval: Duration::from_millis(300),
            steady: Duration::from_millis(500),
            rate: RATE,
            lowers_rate: true,
            downloads: 2,
            pool: 8,
            jobs: 4,
            patience: Duration::from_secs(5),
            writers: Writer::ALL.to_vec(),
            scenarios: Scenario::all().to_vec(),
            from: 1,
        }
    }

    /// For tests: enough to stop at the right stage, and not enough for figures. A writer of each
    /// kind.
    pub fn quick() -> Self {
        Self {
            rotations: 2,
            by_each_writer: 2,
            interval: Duration::from_millis(50),
            steady: Duration::from_millis(50),
            rate: 10.0,
            lowers_rate: false,
            downloads: 1,
            pool: 2,
            patience: Duration::from_secs(15),
            writers: vec![
                Writer::VaultAgent,
                Writer::Kubelet,
                Writer::Certbot,
                Writer::Bare(Strategy::InPlace),
                Writer::Bare(Strategy::RemoveCreate),
            ],
            ..Self::full()
        }
    }

    pub(super) fn options(&self, rotations: u32, writer: Writer) -> Options {
        Options {
            rotations,
            interval: self.interval,
            steady: self.steady,
            writer,
            rate: self.rate,
            lowers_rate: self.lowers_rate,
            downloads: self.downloads,
            pool: self.pool,
            jobs: self.jobs,
            patience: self.patience,
            scenarios: Vec::new(),
            ..Options::default()
        }
    }
}
