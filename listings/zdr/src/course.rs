//! The course: the same check in stages, each of which opens the next, and a page to read where one
//! does not. `lesson` has the stages and their hints, `stage` what came of one, `audit` the stage about
//! the log, `options` how much is done and where it begins, `text` the output in a terminal, `page` one in
//! a browser.
//!
//! Uses `check` and what `check` uses.

pub mod audit;
pub mod lesson;
mod options;
pub mod page;
mod stage;
pub mod text;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use lab::agent::Strategy;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::check::{RunControl, Step, check};
use crate::error::Error;
use crate::report::{Finding, Outcome, Report, ScenarioReport};
use crate::scenarios::options::{ScenarioContext, ScenarioOptions};
use crate::scenarios::{self, ScenarioRuns, unjudged};
use crate::server::spec::{Layout, Protocol, Spec};
use crate::testbed::shared::SharedFixtures;
use ch11_verification::attempt::Class;
use lesson::Lesson;
pub use options::CourseOptions;
pub use stage::{StageReport, State};

/// A run of the course.
#[derive(Clone, Debug, Serialize)]
pub struct Course {
    /// The server.
    pub server: String,
    /// Whether all stages were passed.
    pub passed: bool,
    /// All stages.
    pub stages: Vec<StageReport>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Why it ended before its time.
    pub interrupted: Option<String>,
}

/// What one stage hands on to the next.
struct Going<'a> {
    spec: &'a Spec,
    options: &'a CourseOptions,
    control: &'a RunControl<'a>,
    fixtures: SharedFixtures,
    /// How long it takes to pick up a rotation.
    typical: Duration,
    /// Findings about the log, for the stage that is about it.
    log: Vec<Finding>,
}

// ANCHOR: course
/// Takes a server through the course. `show` is called with each stage once it is over.
///
/// # Errors
/// For a server that is attached to: a stage needs servers of its own. When files cannot be written.
pub async fn course(
    spec: &Spec,
    options: &CourseOptions,
    control: &RunControl<'_>,
    show: &(dyn Fn(usize, &StageReport) + Sync),
) -> io::Result<Course> {
    let lessons = lessons(spec, options)?;
    let began = Instant::now();
    // A course asks for all of it.
    let spec = &Spec {
        require: None,
        allow: Vec::new(),
        ..spec.clone()
    };
    let mut going = Going {
        spec,
        options,
        control,
        fixtures: SharedFixtures::new(spec, options.patience).await?,
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
    for (at, lesson) in lessons.into_iter().enumerate() {
        let mut stage = StageReport::closed(lesson);
        if at + 1 < options.from {
            stage.state = State::NotTaken;
        } else if course.passed {
            let began = Instant::now();
            tokio::select! {
                biased;
                error = control.interrupted() => course.interrupted = Some(error),
                taken = going.take(&mut stage) => {
                    taken?;
                    stage.judge(&mut going.log);
                }
            }
            stage.seconds = began.elapsed().as_secs_f64();
            course.passed = stage.state != State::Failed && stage.state != State::Closed;
        }
        show(at, &stage);
        course.stages.push(stage);
    }
    course.seconds = began.elapsed().as_secs_f64();
    Ok(course)
}
// ANCHOR_END: course

/// The stages of this server's course.
fn lessons(spec: &Spec, options: &CourseOptions) -> io::Result<Vec<Lesson>> {
    let lessons = Lesson::of(spec);
    let error = if spec.attach.is_some() {
        "the course starts many servers: give it a `command`, not an `attach`".to_owned()
    } else if options.from > lessons.len() {
        format!("the course of this server has {} stages", lessons.len())
    } else {
        return Ok(lessons);
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, error))
}

impl Going<'_> {
    /// Does what a stage asks.
    async fn take(&mut self, stage: &mut StageReport) -> io::Result<()> {
        let rotations = self.options.rotations;
        if self.options.from > 1 && self.typical.is_zero() {
            self.catch_up(stage).await?;
        }
        match stage.lesson {
            Lesson::Serves => self.check(stage, 0).await?,
            Lesson::Rotates => self.check(stage, rotations).await?,
            Lesson::ByAnyWriter => self.writers(stage).await?,
            Lesson::SaysWhatItDoes => {
                self.check(stage, self.options.by_each_writer).await?;
                audit::audit(&self.fixtures, stage).await?;
            }
            Lesson::Refuses | Lesson::CannotBeRaced | Lesson::KnowsItsClients => {}
        }
        match stage.fine() {
            true => self.scenarios(stage).await,
            false => Ok(()),
        }
    }

    /// What the stages before would have told: how long a rotation takes. A server that shows none has
    /// nothing to lose, and its scenarios would say so little that it passed them.
    async fn catch_up(&mut self, stage: &mut StageReport) -> io::Result<()> {
        let mut before = StageReport::closed(Lesson::Rotates);
        self.check(&mut before, 1).await?;
        stage.findings.extend(before.findings);
        Ok(())
    }

    /// Rotates under load.
    async fn check(&mut self, stage: &mut StageReport, rotations: u32) -> io::Result<()> {
        let mut options = self.options.options(rotations, Writer::VaultAgent);
        if stage.lesson == Lesson::SaysWhatItDoes {
            // The class that sees the certificate.
            options.classes = Some(vec![Class::Full]);
        }
        match check(self.spec, &options, self.control).await {
            Ok(report) => {
                self.typical = self.typical.max(slowest(&report));
                stage.add(report, None)
            }
            Err(error) => stage.not_started(error),
        }
    }

    /// Rotates by each writer, several at once.
    async fn writers(&mut self, stage: &mut StageReport) -> io::Result<()> {
        let writers = match self.spec.layout {
            // With one file, little is left of a strategy: that file is renamed, or the folder around it.
            Layout::Bundle => vec![Writer::Bare(Strategy::Bundle), Writer::PodCertificate],
            Layout::Pair => self.options.writers.clone(),
        };
        let of_layout =
            |writer: &Writer| writer.writes_one_file() == (self.spec.layout == Layout::Bundle);
        let writers: Vec<_> = writers.into_iter().filter(of_layout).collect();
        let jobs = self.options.jobs;
        let mut tried = self.by_each(&writers, jobs).await;
        // Servers of one description may be in each other's way.
        if jobs > 1 && tried.iter().any(|(.., report)| report.is_err()) {
            tried = self.by_each(&writers, 1).await;
        }
        for (_, writer, report) in tried {
            match report {
                Ok(report) => stage.add(report, Some(writer))?,
                Err(error) => stage.not_started(error)?,
            }
        }
        Ok(())
    }

    /// Rotates by each of these writers, so many at once. In their order.
    async fn by_each(
        &self,
        writers: &[Writer],
        jobs: usize,
    ) -> Vec<(usize, Writer, Result<Report, Error>)> {
        let (turns, mut trying) = (Arc::new(Semaphore::new(jobs.max(1))), JoinSet::new());
        for (at, writer) in writers.iter().copied().enumerate() {
            let mut options = self.options.options(self.options.by_each_writer, writer);
            options.classes = Some(match (self.spec.protocol, &self.spec.download) {
                (Protocol::AnyHttp, None) => vec![Class::Full],
                (protocol, _) if protocol.is_dialogue() => vec![Class::Full, Class::Held],
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
        tried
    }

    /// Runs the scenarios of the stage.
    async fn scenarios(&mut self, stage: &mut StageReport) -> io::Result<()> {
        let mut scenarios = stage.lesson.scenarios().to_vec();
        scenarios.retain(|scenario| self.options.scenarios.contains(scenario));
        let context = ScenarioContext {
            fixtures: self.fixtures.clone(),
            options: ScenarioOptions {
                scenarios,
                jobs: self.options.jobs,
                rate: self.options.rate,
                lowers_rate: self.options.lowers_rate,
                writer: Writer::VaultAgent,
            },
            typical: self.typical,
            // It ends at the first stage that fails.
            daily: Vec::new(),
            keeps_waiting: false,
            own_end: None,
        };
        let progress = self.control.progress;
        let over = |report: &ScenarioReport| progress(Step::Scenario(report.clone()));
        let mut runs = ScenarioRuns::default();
        scenarios::all(&context, &over, &mut runs).await;
        let (scenarios, findings) = runs.done().await;
        let unjudged = unjudged(&scenarios, &findings);
        for scenario in scenarios {
            if scenario.outcome == Outcome::NotApplicable {
                stage.skipped.push(scenario.name);
                continue;
            }
            stage.attempts += scenario.attempts;
            stage.failed += scenario.failed;
            stage.scenarios += 1;
        }
        stage.findings.extend(findings);
        stage.unless_fine(unjudged)
    }
}

fn slowest(report: &Report) -> Duration {
    let took = report.rotations.iter().filter_map(|one| one.first_new_ms);
    Duration::from_secs_f64(took.fold(0.0, f64::max) / 1000.0)
}
