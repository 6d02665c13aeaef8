//! What is asked for, and what all scenarios of a run share.

use std::time::Duration;

use ch09_simulating_rotation::Writer;
use lab::agent::Strategy;

use crate::attempt::{FailureKind, OwnEnd};
use crate::error::Error;
use crate::gate::scenario::Scenario;
use crate::testbed::TestBed;
use crate::testbed::shared::SharedFixtures;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct ScenarioOptions {
    /// What is done to the server, in the order of the report.
    pub scenarios: Vec<Scenario>,
    /// How many of them at once.
    pub jobs: usize,
    /// Attempts a second of each class of clients.
    pub rate: f64,
    /// Whether half as many will do for one that is tried again, because there was too much to do.
    pub lowers_rate: bool,
    /// How files are written, where the scenario does not say it.
    pub writer: Writer,
}

/// What each scenario of a run needs: a server of its own can be started from it.
#[derive(Clone)]
pub struct ScenarioContext {
    /// What the test beds share.
    pub fixtures: SharedFixtures,
    /// What is asked for.
    pub options: ScenarioOptions,
    /// How long the server takes to pick up a rotation; zero where none was picked up.
    pub typical: Duration,
    /// How clients fail at rotations in which nothing is wrong: where they do so in a scenario, that is no news of it.
    pub daily: Vec<FailureKind>,
    /// Whether clients waited for such rotations, and at no other time: those who do so in a scenario tell nothing of
    /// too much to do.
    pub keeps_waiting: bool,
    /// What brings the server to end conversations by itself, where it ended some while nothing was rotated.
    pub own_end: Option<OwnEnd>,
}

impl ScenarioContext {
    /// How a scenario writes files.
    pub(crate) fn writer(&self, scenario: Scenario) -> Writer {
        match scenario {
            Scenario::SlowWrite => Writer::Bare(Strategy::InPlace),
            Scenario::RemoveCreate => Writer::Bare(Strategy::RemoveCreate),
            // Others come with both files at once.
            Scenario::SameKey if self.fixtures.spec().attach.is_none() => Writer::VaultAgent,
            _ => self.options.writer,
        }
    }

    /// A test bed for a scenario.
    pub(crate) async fn start(&self, scenario: Scenario) -> Result<TestBed, Error> {
        // A client that waits for longer than the server hangs would not notice.
        let patience = match scenario {
            Scenario::Stalled => self.fixtures.patience().min(Duration::from_secs(2)),
            _ => self.fixtures.patience(),
        };
        let mut fixtures = self.fixtures.with_patience(patience);
        if scenario == Scenario::OtherRoot {
            fixtures = fixtures.with_second_root();
        }
        // Boxed: without optimisation, so much room is more than a worker thread has.
        Box::pin(fixtures.start(self.writer(scenario))).await
    }
}
