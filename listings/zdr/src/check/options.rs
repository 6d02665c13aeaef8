//! What is asked of a check, what it tells meanwhile, and what can end it.

use std::time::Duration;

use ch09_simulating_rotation::Writer;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::gate::day::Day;
use crate::gate::level::Level;
use crate::gate::scenario::Scenario;
use crate::judge::findings::{ROTATION, finding};
use crate::report::{Code, Finding, ScenarioReport, Severity};
use crate::scenarios::options::ScenarioOptions;
use crate::testbed::keep::Keeper;
use crate::testbed::preflight::Ready;
use ch11_verification::attempt::Class;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many rotations under load.
    pub rotations: u32,
    /// From the beginning of one to that of the next, at least.
    pub interval: Duration,
    /// How long the server is watched before the first and after the last.
    pub steady: Duration,
    /// How files are written.
    pub writer: Writer,
    /// Which classes. All that the server can be judged by, where it is not said.
    pub classes: Option<Vec<Class>>,
    /// Attempts a second of each class.
    pub rate: f64,
    /// Whether that is lowered where this machine, or the server, cannot keep up before anything is rotated.
    pub lowers_rate: bool,
    /// Whether the server is restarted only because nothing that was tried reloaded it.
    pub restart_is_a_guess: bool,
    /// Downloads at once, and long HTTP/2 streams.
    pub downloads: usize,
    /// Connections that are kept for HTTP/1.1.
    pub pool: usize,
    /// What is done to the server on purpose.
    pub scenarios: Vec<Scenario>,
    /// How many of these at once.
    pub jobs: usize,
    /// How long a client waits for anything.
    pub patience: Duration,
    /// Another agent rotates.
    pub observe: bool,
    /// How much the verdict requires. What the server's description says, where it is not said.
    pub require: Option<Level>,
    /// The day by which waivers are judged.
    pub today: Day,
    /// Keeps the files, and the secrets of handshakes, of what fails.
    pub keep: Option<Keeper>,
}

/// Attempts a second of each class, where nobody says how many.
pub const RATE: f64 = 50.0;

/// Attempts a second from a text: a rate that clients can have.
///
/// # Errors
/// What was expected.
pub fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.001..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0.001 to 100000".into()),
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rotations: 10,
            interval: Duration::from_secs(1),
            steady: Duration::from_secs(2),
            writer: Writer::VaultAgent,
            classes: None,
            rate: RATE,
            lowers_rate: false,
            restart_is_a_guess: false,
            downloads: 2,
            pool: 8,
            scenarios: Scenario::all().to_vec(),
            jobs: 4,
            patience: Duration::from_secs(5),
            observe: false,
            require: None,
            today: Day::of(OffsetDateTime::now_utc()),
            keep: None,
        }
    }
}

impl Options {
    /// What of this is asked of the scenarios.
    pub fn for_scenarios(&self) -> ScenarioOptions {
        ScenarioOptions {
            scenarios: self.scenarios.clone(),
            jobs: self.jobs,
            rate: self.rate,
            lowers_rate: self.lowers_rate,
            writer: self.writer,
        }
    }

    /// Says that it was restarted because no other way was known: that alone can fail clients.
    pub(super) fn guessed(&self) -> Option<Finding> {
        let words = "How this server reloads was not found, so for each rotation it was ended and started anew, which \
                     alone may fail clients. If it can reload, say how: `--reload signal:NAME` or \
                     `--reload \"command:...\"`. If it follows its files, but looks at them more rarely than every \
                     10 s, describe it in a file without `[reload]`, and with a longer `reload_within_ms` in `[limits]`.";
        let (code, severity) = (Code::ReloadNotFound, Severity::Warning);
        let said = || finding(severity, code, ROTATION, words.into());
        self.restart_is_a_guess.then(said)
    }
}

/// What is going on.
#[derive(Clone, Debug)]
pub enum Step {
    /// The server is being started.
    Starting,
    /// It does what its description says, and these clients can come. Nothing was rotated yet.
    Ready(Ready),
    /// It is watched before the first rotation.
    Steady,
    /// This machine, or the server, could not keep up. Clients of each class come at this rate from now on.
    Slowed(f64),
    /// A rotation begins: files are written, the server is told, and waited for. A command that reloads it may take long.
    Rotating {
        /// Its number.
        number: u32,
    },
    /// A rotation is over.
    Rotated {
        /// Its number.
        number: u32,
        /// How long it took from the files to the first handshake that showed it.
        after: Option<Duration>,
    },
    /// Conversations of this class were interrupted. It is watched for so long at the most, without a rotation, to learn
    /// whether it ends them at an age of its own.
    OwnAge {
        /// Their class.
        class: Class,
        /// How long that takes at the most.
        longest: Duration,
    },
    /// A scenario is over.
    Scenario(ScenarioReport),
}

/// What a check needs beside the server and the options.
pub struct RunControl<'a> {
    /// Is told what is going on.
    pub progress: &'a (dyn Fn(Step) + Sync),
    /// Says why the check has to end, once it has.
    pub interrupt: watch::Receiver<Option<String>>,
}

impl RunControl<'_> {
    /// Whether the check has to end by now.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.borrow().is_some()
    }

    /// Waits until the check has to end, and says why.
    pub(crate) async fn interrupted(&self) -> String {
        let mut interrupt = self.interrupt.clone();
        let notified = interrupt.wait_for(Option::is_some).await;
        match notified.map(|error| error.clone()) {
            Ok(error) => error.unwrap_or_default(),
            // Nothing is left that could end it.
            Err(_) => std::future::pending().await,
        }
    }
}
