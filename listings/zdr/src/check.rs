//! The check itself.
//!
//! The folder holds what is asked for ([`Options`]) and the run under load; this file does one after the other: set
//! up, rotate under load, run the scenarios, judge. It may use [`scenarios`], [`judge`](crate::judge),
//! [`testbed`](crate::testbed), [`load`](crate::load), [`report`](crate::report) and [`server`](crate::server).

pub mod estimate;
mod options;
mod pace;
mod pass;
pub mod plan;
mod quiet;
mod reach;
mod run;

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::attempt::{FailureKind, OwnEnd};
use crate::error::Error;
use crate::gate::ROTATION;
use crate::judge::shortage::{is_short, short_of_files};
use crate::judge::verdict::verdict;
use crate::load::Load;
use crate::report::{Finding, Report, ScenarioReport, Severity};
use crate::scenarios::options::ScenarioContext;
use crate::scenarios::{self, ScenarioRuns, unjudged};
use crate::server::spec::{Protocol, Spec};
use crate::testbed::TestBed;
use crate::testbed::preflight::ready;
use crate::testbed::rotate::few_come;
use crate::testbed::shared::SharedFixtures;
use crate::testbed::signalled::{ended_by_its_signal, half_handed_over};
use ch11_verification::attempt::Class;
pub use options::{Options, RATE, RunControl, Step, rate};
use pace::{begun, lower, slowed};
pub use run::machine;
use run::{Run, outline};

// ANCHOR: check
/// Judges a server.
///
/// # Errors
/// When it cannot be started or reached, or has none of the classes that are asked for: then
/// nothing was measured. Whatever goes wrong later ends the check early, and is in the report.
pub async fn check(
    spec: &Spec,
    options: &Options,
    control: &RunControl<'_>,
) -> Result<Report, Error> {
    (control.progress)(Step::Starting);
    let fixtures = SharedFixtures::new(spec, options.patience).await?;
    let fixtures = fixtures.with_keeper(options.keep.clone());
    let mut options = options.clone();
    let mut run = loop {
        let run = Box::pin(rotated(&fixtures, &options, control)).await?;
        let Some(rate) = lower(&run.options).filter(|_| run.has_no_verdict()) else {
            break run;
        };
        // There was too much to do: once more, with fewer clients.
        (control.progress)(Step::Slowed(rate));
        options.rate = rate;
    };
    if let Some(keeper) = &options.keep
        && run.fails()
    {
        keeper.keep(ROTATION);
    }

    // Where there is too much to do, scenarios say no more.
    // What no load explains is a verdict.
    if run.interrupted.is_none() && !run.has_no_verdict() {
        let context = ScenarioContext {
            fixtures,
            options: run.options.for_scenarios(),
            typical: run.slowest,
            daily: run.daily(),
            keeps_waiting: run.keeps_waiting,
            own_end: run.own_end,
        };
        run.interrupted = run_scenarios(&context, control, &mut run.report).await;
    }
    run.report.interrupted = run.interrupted;
    Ok(concluded(run.report, run.overloaded, &options))
}
// ANCHOR_END: check

/// What came of rotating under load.
struct Rotated {
    report: Report,
    /// With the rate that clients came at.
    options: Options,
    /// What ended it early.
    interrupted: Option<String>,
    /// That there was too much to do, which explains what failed.
    overloaded: Option<String>,
    /// The longest that a rotation took.
    slowest: Duration,
    /// Clients waited for rotations alone.
    keeps_waiting: bool,
    /// What brings the server to end conversations by itself, where it ends some.
    own_end: Option<OwnEnd>,
}

impl Rotated {
    /// Whether anything was found that counts.
    fn fails(&self) -> bool {
        self.report.findings.iter().any(Finding::fails)
    }

    /// How clients failed at rotations in which nothing was wrong.
    fn daily(&self) -> Vec<FailureKind> {
        let found = self.report.findings.iter();
        let found = found.filter(|of| of.scenario == ROTATION && of.severity == Severity::Failure);
        found
            .flat_map(|of| &of.evidence)
            .map(|of| of.kind)
            .collect()
    }

    /// Whether there was too much to do, and nothing else is known.
    fn has_no_verdict(&self) -> bool {
        self.overloaded.is_some() && self.interrupted.is_none() && !self.fails()
    }
}

// ANCHOR: rotated
/// Starts the server, and rotates under load.
async fn rotated(
    fixtures: &SharedFixtures,
    options: &Options,
    control: &RunControl<'_>,
) -> Result<Rotated, Error> {
    let ready = tokio::select! {
        // Boxed: without optimisation, its room is more than a thread of a test has.
        ready = Box::pin(set_up(fixtures, options, control)) => ready?,
        error = control.interrupted() => {
            return Ok(Rotated {
                report: outline(fixtures.spec(), options, options.writer, &[]),
                options: options.clone(),
                interrupted: Some(error),
                overloaded: None,
                slowest: Duration::ZERO,
                keeps_waiting: false,
                own_end: None,
            });
        }
    };
    let (mut testbed, classes, left_out) = ready;
    let begun = Box::pin(begun(options, &mut testbed, (&classes, left_out), control));
    let (mut run, load, mut interrupted) = begun.await?;
    if interrupted.is_none() {
        let rotations = Box::pin(run.rotations(&mut testbed, control));
        interrupted = tokio::select! {
            done = rotations => done.err().map(|error| error.with_advice()),
            error = control.interrupted() => Some(error),
        };
    }
    // Whoever ends it is given what was measured until then.
    if let Some(error) = not_reloaded(&run, &mut testbed)
        .await
        .filter(|_| !control.is_interrupted())
    {
        return Err(error);
    }
    stop(load, control, &mut interrupted).await;
    // For so long clients came.
    let took = run.elapsed();
    look_afterwards(&mut run, &testbed, control, &mut interrupted).await;
    let cut_short = interrupted.as_deref().filter(|error| is_short(error));
    let shortage = run.shortage().or(cut_short.map(short_of_files));
    let unexplained = run.unexplained().unwrap_or_default();
    let interrupted = interrupted.map(|error| error + &unexplained);
    let mut report = run.report(&mut testbed);
    report.findings.extend(slowed(&run.options));
    report.findings.extend(run.options.guessed());
    report.seconds = took.as_secs_f64();
    Ok(Rotated {
        overloaded: report.interrupted.take(),
        report,
        interrupted: shortage.or(interrupted),
        slowest: run.slowest(),
        keeps_waiting: run.keeps_waiting(&testbed),
        own_end: run.own_end_of(Class::Held),
        options: run.options,
    })
}

/// Why the way to reload is none: the server ended by its signal, or a second one runs beside it.
async fn not_reloaded(run: &Run, testbed: &mut TestBed) -> Option<Error> {
    if !run.has_rotated()
        && let Some(error) = ended_by_its_signal(&mut testbed.server).await
    {
        return Some(error);
    }
    // Where the first server goes on beside a second one and all is well, that is judged nevertheless.
    match run.is_unsettled() {
        true => half_handed_over(&testbed.server).await,
        false => None,
    }
}
// ANCHOR_END: rotated

/// The report with its verdict. That there was too much to do ends a run in which nothing failed without one.
fn concluded(mut report: Report, overloaded: Option<String>, options: &Options) -> Report {
    report.weigh(options.today);
    if !report.findings.iter().any(Finding::fails) {
        let overloaded = overloaded.or_else(|| unjudged(&report.scenarios, &report.findings));
        report.interrupted = report.interrupted.or(overloaded);
    }
    report.verdict = verdict(&report);
    report
}

/// How long attempts that are under way may take when everything has to end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A test bed, the classes that it is judged by, and those that are left out.
async fn set_up(
    fixtures: &SharedFixtures,
    options: &Options,
    control: &RunControl<'_>,
) -> Result<(TestBed, Vec<Class>, Vec<Class>), Error> {
    let started = match (options.observe, &fixtures.spec().attach) {
        (false, _) => fixtures.start(options.writer).await,
        (true, Some(_)) => fixtures.observe().await,
        (true, None) => {
            let error = "only a server that is attached to can be rotated by another program";
            return Err(Error::Invalid(error.into()));
        }
    };
    let testbed = started.map_err(Error::in_preflight)?;
    let there = testbed.classes().await;
    let classes = chosen(options, &there)?;
    let answered = ready(&testbed, &classes, &there, options.pool).await?;
    (control.progress)(Step::Ready(answered));
    // Any server of HTTP has a long answer somewhere. Where nobody says where, it is left out.
    let mut left_out = there;
    if testbed.target.protocol.is_http() && !left_out.contains(&Class::Download) {
        left_out.push(Class::Download);
    }
    // Where its pages are not known, nor is whether some of them take uploads or open WebSockets.
    if testbed.target.protocol == Protocol::AnyHttp {
        for class in [Class::Upload, Class::Held] {
            if !left_out.contains(&class) {
                left_out.push(class);
            }
        }
    }
    // Nor is anything known of clients that move, where the server lost one before it was rotated.
    if testbed.target.http3 && !left_out.contains(&Class::Moving) {
        left_out.push(Class::Moving);
    }
    // Nor whom it lets in, where it could ask clients for certificates and was not told to.
    let spec = fixtures.spec();
    if spec.mutual.is_some() && !spec.client_auth {
        left_out.push(Class::Mutual);
    }
    left_out.retain(|class| !classes.contains(class));
    Ok((testbed, classes, left_out))
}

fn chosen(options: &Options, there: &[Class]) -> Result<Vec<Class>, Error> {
    let Some(wanted) = &options.classes else {
        return Ok(there.to_vec());
    };
    let missing: Vec<_> = wanted
        .iter()
        .filter(|class| !there.contains(class))
        .collect();
    if let Some(class) = missing.first() {
        let there: Vec<_> = there.iter().map(|class| class.name()).collect();
        let error = format!(
            "this server cannot be judged by the class `{class}`; it can be by {}",
            there.join(", ")
        );
        return Err(Error::Invalid(error));
    }
    Ok(wanted.clone())
}

/// Lets every attempt come to its end. An interruption does not wait for a server that hangs.
async fn stop(load: Load, control: &RunControl<'_>, interrupted: &mut Option<String>) {
    tokio::select! {
        () = load.stop() => {}
        error = async {
            let error = control.interrupted().await;
            sleep(LAST_WORDS).await;
            error
        } => *interrupted = Some(error),
    }
}

/// Looks at what the server does while nothing is rotated, where clients met what that explains. As long as that takes, it
/// is seen as well whether the server comes back to an older certificate. An interruption ends it, and what it would have
/// explained is not known.
async fn look_afterwards(
    run: &mut Run,
    testbed: &TestBed,
    control: &RunControl<'_>,
    interrupted: &mut Option<String>,
) {
    if interrupted.is_none() {
        let (recorder, client) = (run.recorder.clone(), run.client.clone());
        let looking = async {
            run.look_for_clear_text(testbed).await;
            run.look_for_unclosed(testbed).await;
            run.look_for_own_ends(testbed, control).await;
        };
        tokio::select! {
            // In this order: where there is nothing to look for, nobody comes.
            biased;
            () = Box::pin(looking) => return,
            () = Box::pin(few_come(&testbed.target, &recorder, &client)) => {}
            error = control.interrupted() => *interrupted = Some(error),
        }
    }
    // What ends a run otherwise, such as the end of the server, explains much itself.
    run.is_unexplained = control.is_interrupted();
}

/// Runs the scenarios, and adds to the report what came of them. Returns what ended them early.
async fn run_scenarios(
    context: &ScenarioContext,
    control: &RunControl<'_>,
    report: &mut Report,
) -> Option<String> {
    let mut runs = ScenarioRuns::default();
    let over = |report: &ScenarioReport| (control.progress)(Step::Scenario(report.clone()));
    let mut interrupted = tokio::select! {
        () = scenarios::all(context, &over, &mut runs) => None,
        error = control.interrupted() => Some(error),
    };
    let (scenarios, findings) = runs.done().await;
    report.scenarios = scenarios;
    report.findings.extend(findings);
    let (fixtures, options) = (&context.fixtures, &context.options);
    if fixtures.spec().attach.is_some() && !options.scenarios.is_empty() {
        // Whatever was being done to it, what it is left with is valid.
        let leaving = Box::pin(fixtures.start(options.writer));
        if let Ok(Err(error)) = timeout(fixtures.patience(), leaving).await {
            interrupted.get_or_insert(error.to_string());
        }
    }
    interrupted
}
