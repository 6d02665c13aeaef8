//! The course: the same check in stages, of which each opens the next, and a page to read where one
//! does not.

pub mod audit;
pub mod lesson;
pub mod text;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::check::{Options, RunControl, check};
use crate::judge::findings::finding;
use crate::report::{Code, Finding, Outcome, Report, Severity};
use crate::scenarios::{self, Scenario};
use crate::server::spec::{Layout, Protocol, Spec};
use crate::testbed::SharedFixtures;
use ch11_verification::attempt::Class;
use lesson::{Hint, Lesson};

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
    /// Servers at once.
    pub jobs: usize,
    /// How long a client waits for anything.
    pub patience: Duration,
    /// Who writes, where the files allow it.
    pub writers: Vec<Writer>,
    /// What is done on purpose, each in its stage.
    pub trials: Vec<Scenario>,
}

impl CourseOptions {
    /// For a reader's server.
    pub fn full() -> Self {
        Self {
            rotations: 10,
            by_each_writer: 3,
            interval: Duration::from_millis(300),
            steady: Duration::from_millis(500),
            rate: 50.0,
            jobs: 4,
            patience: Duration::from_secs(5),
            writers: Writer::ALL.to_vec(),
            trials: Scenario::all().to_vec(),
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
            patience: Duration::from_secs(15),
            writers: vec![
                Writer::VaultAgent,
                Writer::Kubelet,
                Writer::Certbot,
                Writer::InPlace,
                Writer::RemoveCreate,
            ],
            ..Self::full()
        }
    }

    fn options(&self, rotations: u32, writer: Writer) -> Options {
        Options {
            rotations,
            interval: self.interval,
            steady: self.steady,
            writer,
            rate: self.rate,
            jobs: self.jobs,
            patience: self.patience,
            scenarios: Vec::new(),
            ..Options::default()
        }
    }
}

/// What came of a stage.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The next is open.
    Passed,
    /// There are findings.
    Failed,
    /// One before has not been passed.
    Closed,
}

/// A stage, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// Which.
    pub lesson: Lesson,
    /// What came of it.
    pub state: State,
    /// Attempts of clients meanwhile.
    pub attempts: u64,
    /// Failures meanwhile.
    pub failed: u64,
    /// Rotations under load, not counting those of scenarios.
    pub rotations: u64,
    /// Things done to it on purpose.
    pub scenarios: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// What the stage could not ask of this server.
    pub skipped: Vec<String>,
    /// Where to read on.
    pub page: Option<&'static str>,
    /// The heading there.
    pub heading: Option<&'static str>,
    #[serde(skip)]
    hint: Option<&'static Hint>,
}

/// A run of the course.
#[derive(Clone, Debug, Serialize)]
pub struct Course {
    /// The server.
    pub server: String,
    /// Whether all stages were passed.
    pub passed: bool,
    /// All stages.
    pub stages: Vec<Attempt>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Why it ended before its time.
    pub interrupted: Option<String>,
}

/// What stages hand on.
struct Going<'a> {
    spec: &'a Spec,
    effort: &'a CourseOptions,
    control: &'a RunControl<'a>,
    fixtures: Arc<SharedFixtures>,
    /// How long it takes to pick up a rotation.
    typical: Duration,
    /// Findings about the log, for the stage that is about it.
    log: Vec<Finding>,
}

// ANCHOR: course
/// Takes a server through the course. `show` is told of each stage once it is over.
///
/// # Errors
/// For a server that is attached to: a stage needs servers of its own. When files cannot be written.
pub async fn course(
    spec: &Spec,
    effort: &CourseOptions,
    control: &RunControl<'_>,
    show: &(dyn Fn(usize, &Attempt) + Sync),
) -> io::Result<Course> {
    if spec.attach.is_some() {
        let error = "the course starts many servers: give it a `command`, not an `attach`";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
    }
    let began = Instant::now();
    let mut going = Going {
        spec,
        effort,
        control,
        fixtures: Arc::new(SharedFixtures::new(spec).await?),
        typical: Duration::ZERO,
        log: Vec::new(),
    };
    let mut course = Course {
        server: spec.name.clone(),
        passed: true,
        stages: Vec::new(),
        seconds: 0.0,
        interrupted: None,
    };
    for (at, lesson) in Lesson::of(spec).into_iter().enumerate() {
        let mut attempt = Attempt::closed(lesson);
        if course.passed {
            let began = Instant::now();
            tokio::select! {
                biased;
                error = control.interrupted() => course.interrupted = Some(error),
                taken = going.take(&mut attempt) => {
                    taken?;
                    attempt.judge(&mut going.log);
                }
            }
            attempt.seconds = began.elapsed().as_secs_f64();
            course.passed = attempt.state == State::Passed;
        }
        show(at, &attempt);
        course.stages.push(attempt);
    }
    course.seconds = began.elapsed().as_secs_f64();
    Ok(course)
}
// ANCHOR_END: course

impl Going<'_> {
    /// Does what a stage asks.
    async fn take(&mut self, attempt: &mut Attempt) -> io::Result<()> {
        let rotations = self.effort.rotations;
        match attempt.lesson {
            Lesson::Serves => self.check(attempt, 0).await?,
            Lesson::Rotates => self.check(attempt, rotations).await?,
            Lesson::ByAnyWriter => self.writers(attempt).await?,
            Lesson::SaysWhatItDoes => {
                self.check(attempt, self.effort.by_each_writer).await?;
                audit::audit(self.spec, &self.fixtures, self.effort, attempt).await;
            }
            Lesson::Refuses | Lesson::CannotBeRaced | Lesson::KnowsItsClients => {}
        }
        if attempt.fine() {
            self.trials(attempt).await;
        }
        Ok(())
    }

    /// Rotates under load.
    async fn check(&mut self, attempt: &mut Attempt, rotations: u32) -> io::Result<()> {
        let mut options = self.effort.options(rotations, Writer::VaultAgent);
        if attempt.lesson == Lesson::SaysWhatItDoes {
            // Those who see the certificate.
            options.classes = Some(vec![Class::Full]);
        }
        match check(self.spec, &options, self.control).await {
            Ok(report) => {
                self.typical = self.typical.max(slowest(&report));
                attempt.add(report, None)
            }
            Err(error) => {
                attempt.not_started(&error);
                Ok(())
            }
        }
    }

    /// Rotates by each writer, several at once.
    async fn writers(&mut self, attempt: &mut Attempt) -> io::Result<()> {
        let writers = match self.spec.layout {
            // With one file, all that is left of a strategy is that file's rename.
            Layout::Bundle => vec![Writer::Bundle],
            Layout::Pair => self.effort.writers.clone(),
        };
        let writers = writers
            .into_iter()
            .filter(|writer| (*writer == Writer::Bundle) == (self.spec.layout == Layout::Bundle));
        let (turns, mut trying) = (Arc::new(Semaphore::new(self.effort.jobs)), JoinSet::new());
        for (at, writer) in writers.enumerate() {
            let mut options = self.effort.options(self.effort.by_each_writer, writer);
            options.classes = Some(match self.spec.protocol {
                Protocol::AnyHttp => vec![Class::Full],
                _ => vec![Class::Full, Class::Download],
            });
            let (spec, turns) = (self.spec.clone(), turns.clone());
            let interrupt = self.control.interrupt.clone();
            trying.spawn(async move {
                let _turn = turns.acquire().await;
                let progress = &|_| ();
                let control = RunControl {
                    progress,
                    interrupt,
                };
                (at, writer, check(&spec, &options, &control).await)
            });
        }
        let mut tried = trying.join_all().await;
        tried.sort_by_key(|(at, ..)| *at);
        for (_, writer, report) in tried {
            match report {
                Ok(report) => attempt.add(report, Some(writer))?,
                Err(error) => attempt.not_started(&error),
            }
        }
        Ok(())
    }

    /// Does to it what the stage has in mind.
    async fn trials(&mut self, attempt: &mut Attempt) {
        let mut options = self.effort.options(0, Writer::VaultAgent);
        options.scenarios = attempt.lesson.trials().to_vec();
        options
            .scenarios
            .retain(|trial| self.effort.trials.contains(trial));
        let (spec, fixtures, progress) = (self.spec, &self.fixtures, self.control.progress);
        let mut trials = scenarios::ScenarioRuns::default();
        scenarios::all(
            spec,
            fixtures,
            &options,
            self.typical,
            progress,
            &mut trials,
        )
        .await;
        let (scenarios, findings) = trials.done().await;
        for scenario in scenarios {
            if scenario.outcome == Outcome::NotApplicable {
                attempt.skipped.push(scenario.name);
                continue;
            }
            attempt.attempts += scenario.attempts;
            attempt.failed += scenario.failed;
            attempt.scenarios += 1;
        }
        attempt.findings.extend(findings);
    }
}

fn slowest(report: &Report) -> Duration {
    let took = report.rotations.iter().filter_map(|one| one.first_new_ms);
    Duration::from_secs_f64(took.fold(0.0, f64::max) / 1000.0)
}

impl Attempt {
    fn closed(lesson: Lesson) -> Self {
        Self {
            lesson,
            state: State::Closed,
            attempts: 0,
            failed: 0,
            rotations: 0,
            scenarios: 0,
            seconds: 0.0,
            findings: Vec::new(),
            skipped: Vec::new(),
            page: None,
            heading: None,
            hint: None,
        }
    }

    /// Whether nothing has been found that this stage judges.
    fn fine(&self) -> bool {
        !self.findings.iter().any(|finding| self.fails(finding))
    }

    fn fails(&self, finding: &Finding) -> bool {
        finding.severity == Severity::Failure && self.lesson.judges(finding.code)
    }

    fn add(&mut self, report: Report, writer: Option<Writer>) -> io::Result<()> {
        self.rotations += report.rotations.len() as u64;
        for class in &report.classes {
            self.attempts += class.attempts;
            self.failed += class.failed;
        }
        self.findings
            .extend(report.findings.into_iter().map(|found| Finding {
                scenario: writer.map_or(found.scenario, |writer| writer.name().to_owned()),
                ..found
            }));
        match report.interrupted {
            // Not the server's doing.
            Some(error) if self.fine() => Err(io::Error::other(error)),
            _ => Ok(()),
        }
    }

    fn not_started(&mut self, error: &io::Error) {
        let words = error.to_string();
        let code = Code::DidNotStart;
        self.findings
            .push(finding(Severity::Failure, code, "start", words));
    }

    /// Passed or not. What is about the log is left to the stage that is, in `log`.
    fn judge(&mut self, log: &mut Vec<Finding>) {
        let lesson = self.lesson;
        // How busy this machine is says nothing about the server.
        self.findings
            .retain(|finding| finding.code != Code::LoadFellBehind);
        if lesson == Lesson::SaysWhatItDoes {
            self.findings.append(log);
        } else {
            log.extend(
                self.findings
                    .extract_if(.., |finding| !lesson.judges(finding.code)),
            );
        }
        self.findings.sort_by_key(|finding| finding.severity);
        let worst = self.findings.iter().find(|finding| self.fails(finding));
        self.hint = worst.map(|finding| lesson.hint(finding, &self.findings));
        self.page = self.hint.map(|hint| hint.page);
        self.heading = self.hint.map(|hint| hint.heading);
        self.state = match self.hint {
            Some(_) => State::Failed,
            None => State::Passed,
        };
    }
}
