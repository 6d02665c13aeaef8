//! The check itself.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use ch10_log_analysis::{Sighting, cross_check};
use lab::client::Client;
use lab::log::want;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::judge::findings;
use crate::judge::measure;
use crate::load::{Load, Rates};
use crate::report::{
    Code, FORMAT, Finding, Machine, Plan, Report, Resources, ScenarioReport, Server, Severity,
    Verdict,
};
use crate::scenarios::{self, Scenario};
use crate::server::spec::Spec;
use crate::testbed::rotate::rotate;
use crate::testbed::{SharedFixtures, TestBed};
use ch11_verification::attempt::{Attempt, Class, Recorder};
use ch11_verification::phase::went_back;
use ch11_verification::rotation::Window;

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
    /// Somebody else rotates.
    pub observe: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rotations: 10,
            interval: Duration::from_secs(1),
            steady: Duration::from_secs(2),
            writer: Writer::VaultAgent,
            classes: None,
            rate: 50.0,
            downloads: 2,
            pool: 8,
            scenarios: Scenario::all().to_vec(),
            jobs: 4,
            patience: Duration::from_secs(5),
            observe: false,
        }
    }
}

/// What is going on.
#[derive(Clone, Debug)]
pub enum Step {
    /// The server is being started.
    Starting,
    /// It is watched before the first rotation.
    Steady,
    /// A rotation is over.
    Rotated {
        /// Its number.
        number: u32,
        /// How long it took from the files to the first handshake that showed it.
        after: Option<Duration>,
    },
    /// A scenario is over.
    ScenarioOutcome(ScenarioReport),
}

/// What a check needs beside the server and the options.
pub struct RunControl<'a> {
    /// Is told what is going on.
    pub progress: &'a (dyn Fn(Step) + Sync),
    /// Says why the check has to end, once it has.
    pub interrupt: watch::Receiver<Option<String>>,
}

impl RunControl<'_> {
    /// Waits until the check has to end, and says why.
    pub(crate) async fn interrupted(&self) -> String {
        let mut interrupt = self.interrupt.clone();
        let notified = interrupt.wait_for(Option::is_some).await;
        match notified.map(|error| error.clone()) {
            Ok(error) => error.unwrap_or_default(),
            // Nobody is left who could.
            Err(_) => std::future::pending().await,
        }
    }
}

// ANCHOR: check
/// Judges a server.
///
/// # Errors
/// When it cannot be started or reached, or has none of the classes that are asked for: then
/// nothing was measured. Whatever goes wrong later ends the check early, and is in the report.
pub async fn check(spec: &Spec, options: &Options, control: &RunControl<'_>) -> io::Result<Report> {
    (control.progress)(Step::Starting);
    let began = OffsetDateTime::now_utc();
    let (fixtures, mut testbed, classes) = tokio::select! {
        // Boxed: without optimisation, its room is more than a thread of a test has.
        ready = Box::pin(set_up(spec, options)) => ready?,
        error = control.interrupted() => {
            let plan = plan(spec, options, options.writer, &[]);
            let mut report = outline(spec, &plan, began);
            report.interrupted = Some(error);
            report.verdict = findings::verdict(&report);
            return Ok(report);
        }
    };
    let mut run = Run::new(spec, options, &testbed, &classes)?;

    let load = Load::start(&testbed.target, &run.recorder, &classes, &run.rates)?;
    let mut interrupted = tokio::select! {
        done = Box::pin(run.rotations(&mut testbed, control)) => done.err().map(|error| error.to_string()),
        error = control.interrupted() => Some(error),
    };
    // Nobody is cut off; but who interrupts does not wait for a server that hangs.
    tokio::select! {
        () = load.stop() => {}
        error = async {
            let error = control.interrupted().await;
            sleep(LAST_WORDS).await;
            error
        } => interrupted = Some(error),
    }
    let mut report = run.report(spec, &mut testbed);
    drop(testbed);

    if interrupted.is_none() {
        let typical = run.slowest();
        let mut tried = scenarios::ScenarioRuns::default();
        let progress = control.progress;
        let trials = scenarios::all(spec, &fixtures, options, typical, progress, &mut tried);
        tokio::select! {
            () = trials => {}
            error = control.interrupted() => interrupted = Some(error),
        }
        let (scenarios, findings) = tried.done().await;
        report.scenarios = scenarios;
        report.findings.extend(findings);
        if spec.attach.is_some() && !options.scenarios.is_empty() {
            // Whatever was being done to it, what it is left with is fit.
            let leaving = TestBed::set_up(spec, &fixtures, options.writer, options.patience);
            let left = timeout(options.patience, Box::pin(leaving)).await;
            if let Ok(Err(error)) = left {
                interrupted.get_or_insert(error.to_string());
            }
        }
    }
    report.seconds = run.recorder.now().as_secs_f64();
    report.findings.sort_by_key(|finding| finding.severity);
    report.interrupted = interrupted;
    report.verdict = findings::verdict(&report);
    Ok(report)
}
// ANCHOR_END: check

/// How long attempts that are under way may take when everything has to end.
const LAST_WORDS: Duration = Duration::from_secs(1);

async fn set_up(
    spec: &Spec,
    options: &Options,
) -> io::Result<(Arc<SharedFixtures>, TestBed, Vec<Class>)> {
    let fixtures = Arc::new(SharedFixtures::new(spec).await?);
    let testbed = match (options.observe, &spec.attach) {
        (false, _) => TestBed::set_up(spec, &fixtures, options.writer, options.patience).await?,
        (true, Some(_)) => TestBed::observe(spec, &fixtures, options.patience).await?,
        (true, None) => {
            let error = "only a server that is attached to can be rotated by somebody else";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
    };
    let classes = chosen(options, &testbed.classes().await)?;
    Ok((fixtures, testbed, classes))
}

fn plan(spec: &Spec, options: &Options, writer: Writer, classes: &[Class]) -> Plan {
    let shown = classes.iter().map(|class| {
        let rate = match class {
            Class::Download => options.downloads as f64,
            _ => options.rate,
        };
        (*class, rate)
    });
    Plan {
        rotations: options.rotations,
        interval_ms: options.interval.as_millis() as u64,
        writer: writer.name().to_owned(),
        rates: shown.collect(),
        reload_within_ms: spec.limits.reload_within_ms,
        overlap_ms: spec.limits.overlap_ms,
    }
}

/// The report of a run in which nothing was measured yet.
fn outline(spec: &Spec, plan: &Plan, began: OffsetDateTime) -> Report {
    Report {
        format: FORMAT,
        zdr: env!("CARGO_PKG_VERSION").into(),
        server: Server {
            name: spec.name.clone(),
            command: spec.command.clone(),
            reload: spec.reload.words(),
        },
        machine: machine(),
        began: began.format(&Rfc3339).unwrap_or_default(),
        seconds: 0.0,
        generators: 1,
        plan: plan.clone(),
        verdict: Verdict {
            passed: false,
            words: String::new(),
        },
        findings: Vec::new(),
        classes: Vec::new(),
        rotations: Vec::new(),
        scenarios: Vec::new(),
        resources: None,
        timeline: Vec::new(),
        interrupted: None,
    }
}

/// Lets time pass, and no more of it than the server lives.
async fn pass(testbed: &mut TestBed, time: Duration) -> io::Result<()> {
    let until = Instant::now() + time;
    loop {
        if let Some(status) = testbed.server.ended() {
            return Err(io::Error::other(format!("the server ended ({status})")));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        sleep(left.min(Duration::from_millis(50))).await;
    }
}

fn chosen(options: &Options, there: &[Class]) -> io::Result<Vec<Class>> {
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
        return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
    }
    Ok(wanted.clone())
}

/// The part of a check in which nothing is done to the server but rotating.
struct Run {
    recorder: Arc<Recorder>,
    began: OffsetDateTime,
    rates: Rates,
    classes: Vec<Class>,
    client: Client,
    options: Options,
    plan: Plan,
    windows: Vec<Window>,
    resources: Option<Resources>,
}

impl Run {
    fn new(
        spec: &Spec,
        options: &Options,
        testbed: &TestBed,
        classes: &[Class],
    ) -> io::Result<Self> {
        let rates = Rates {
            per_second: classes.iter().map(|class| (*class, options.rate)).collect(),
            downloads: options.downloads,
            pool: options.pool,
        };
        let plan = plan(spec, options, testbed.site.writer(), classes);
        Ok(Self {
            recorder: Arc::default(),
            began: OffsetDateTime::now_utc(),
            client: testbed
                .target
                .client(None, false, testbed.target.identity.as_deref())?,
            rates,
            classes: classes.to_vec(),
            options: options.clone(),
            plan,
            windows: Vec::new(),
            resources: None,
        })
    }

    // ANCHOR: rotations
    /// Rotates, and keeps what was seen, so that it is there whenever this has to end.
    async fn rotations(
        &mut self,
        testbed: &mut TestBed,
        control: &RunControl<'_>,
    ) -> io::Result<()> {
        (control.progress)(Step::Steady);
        pass(testbed, self.options.steady).await?;
        let before = testbed.server.usage();
        let within = Duration::from_millis(self.plan.reload_within_ms);
        for number in 1..=self.options.rotations {
            let next = self.recorder.now() + self.options.interval;
            let window = rotate(testbed, &self.recorder, &self.client, within).await?;
            let after = window
                .first_new
                .map(|new| new.saturating_sub(window.notified));
            self.windows.push(window);
            (control.progress)(Step::Rotated { number, after });
            pass(testbed, next.saturating_sub(self.recorder.now())).await?;
        }
        pass(testbed, self.options.steady).await?;
        let after = testbed.server.usage();
        self.resources = before.zip(after).map(|(before, after)| Resources {
            memory_before: before.memory,
            memory_after: after.memory,
            processes_before: before.processes,
            processes_after: after.processes,
            connections_held: self.held(),
        });
        Ok(())
    }
    // ANCHOR_END: rotations

    fn held(&self) -> usize {
        let per_class = |class: &Class| match class {
            Class::Pooled => self.options.pool,
            Class::Http2 | Class::Download => self.options.downloads,
            _ => 0,
        };
        self.classes.iter().map(per_class).sum()
    }

    /// The longest that a rotation took.
    fn slowest(&self) -> Duration {
        let took = |window: &Window| Some(window.first_new?.saturating_sub(window.notified));
        let took = self.windows.iter().filter_map(took);
        took.max().unwrap_or_default()
    }

    fn report(&self, spec: &Spec, testbed: &mut TestBed) -> Report {
        // A log that cannot be read has nothing to say.
        let _ = testbed.server.catch_up();
        let records = self.recorder.records();
        let windows = &self.windows;
        let of_class = |class: &Class| measure::class(*class, &self.recorder, &records, windows);
        let classes: Vec<_> = self.classes.iter().map(of_class).collect();
        let rotations = measure::rotations(&records, windows);
        let back = windows
            .iter()
            .zip(1u32..)
            .filter(|(window, number)| went_back(&records, window, windows.get(*number as usize)));
        let back: Vec<_> = back.map(|(_, number)| number).collect();

        let mut findings = findings::of_rotations(&rotations, &self.plan, &back);
        findings.extend(findings::of_classes(&classes));
        findings.extend(findings::of_latency(&classes));
        findings.extend(findings::of_resumption(
            &records,
            &rotations,
            testbed.chains.latest(),
        ));
        if let Some(resources) = &self.resources {
            findings.extend(findings::of_resources(resources, rotations.len()));
        }
        findings.extend(of_server(testbed, findings::ROTATION));
        findings.extend(self.lies(spec, testbed, &records));
        let (late, dropped) = self.recorder.fell_behind();
        if dropped > 0 || late > Duration::from_millis(250) {
            let words = format!(
                "The load was up to {} ms late, and {dropped} attempts were not made: this machine is \
                 too slow for the rate, or the server answers too slowly.",
                late.as_millis()
            );
            let code = Code::LoadFellBehind;
            findings.push(findings::finding(
                Severity::Warning,
                code,
                findings::ROTATION,
                words,
            ));
        }
        Report {
            findings,
            classes,
            rotations,
            resources: self.resources.clone(),
            timeline: measure::timeline(&records, self.recorder.now()),
            ..outline(spec, &self.plan, self.began)
        }
    }

    /// Compares what the server's log claims with what clients were shown.
    fn lies(&self, spec: &Spec, testbed: &TestBed, records: &[Attempt]) -> Vec<Finding> {
        let log = testbed.server.output().log();
        // After a restart a log begins anew, with generation 1.
        if log.all(&want("identity_loaded")).is_empty() || spec.reload.restart {
            return Vec::new();
        }
        let sightings = records
            .iter()
            .filter(|record| record.opened && !record.resumed);
        let sightings: Vec<_> = sightings
            .filter_map(|record| {
                Some(Sighting {
                    at: self.began + record.began,
                    done: self.began + record.done,
                    serial: testbed.chains.serial(record.shown?)?,
                    resumed: record.resumed,
                })
            })
            .collect();
        let slack = Duration::from_millis(self.plan.overlap_ms);
        let lies = cross_check(&log.events(), &sightings, slack);
        let lie = lies.first().map(|first| {
            let words = format!("Log and wire disagree {} times. {first}", lies.len());
            findings::finding(Severity::Failure, Code::LogLies, findings::ROTATION, words)
        });
        lie.into_iter().collect()
    }
}

/// What the server's process and its output tell.
pub(crate) fn of_server(testbed: &mut TestBed, scenario: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(status) = testbed.server.ended() {
        let last = testbed.server.output().last();
        let last = last.lines().last().unwrap_or("nothing");
        let words = format!("The server ended by itself ({status}). It said: {last}");
        found.push(findings::finding(
            Severity::Failure,
            Code::Stopped,
            scenario,
            words,
        ));
    }
    let leaks = testbed.server.output().leaks();
    if leaks > 0 {
        let words = format!("{leaks} lines of its output hold bytes of a private key.");
        found.push(findings::finding(
            Severity::Failure,
            Code::KeyInLog,
            scenario,
            words,
        ));
    }
    found
}

/// This machine.
pub fn machine() -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let about = read("/proc/cpuinfo");
    let model = about.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| Some(line.split_once(':')?.1.trim()));
    Machine {
        cores: std::thread::available_parallelism().map_or(0, |cores| cores.get()),
        processor: model.unwrap_or(std::env::consts::ARCH).to_owned(),
        system: format!(
            "{} {}",
            std::env::consts::OS,
            read("/proc/sys/kernel/osrelease").trim()
        ),
    }
}
