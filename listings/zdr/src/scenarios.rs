//! What is done to a server on purpose: bad files, hasty and slow writers, trust that changes.
//!
//! Each trial has a server of its own. Clients come all the time; a download runs. They must not
//! notice, and once the files are fit again the server must show them.

use std::fs::{self, FileTimes};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ch09_simulating_rotation::{Sabotage, Site, Writer};
use clap::ValueEnum;
use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::Client;
use lab::log::want;
use rustix::process::Signal;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::check::{Options, Step, of_server};
use crate::judge::findings::{finding, share};
use crate::judge::measure::ms;
use crate::load::{Load, Rates};
use crate::report::{Code, Finding, Outcome, ScenarioReport, Severity};
use crate::server::StartError;
use crate::server::spec::{Layout, Protocol, Spec};
use crate::testbed::rotate::{rotate, until_shown, watch};
use crate::testbed::{SharedFixtures, TestBed, TestBedBuilder};
use ch11_verification::attempt::{Class, FailureKind, Recorder};
use ch11_verification::open_loop::finished;
use ch11_verification::phase::went_back;
use ch11_verification::rotation::{Shown, Window};

// ANCHOR: scenario
/// Something to do to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// The key of one generation, the certificate of the next.
    Torn,
    /// A chain that is cut in its second certificate.
    Truncated,
    /// A key that belongs to no certificate.
    Mismatched,
    /// A certificate whose time is over.
    Expired,
    /// A certificate whose time has not begun.
    NotYetValid,
    /// A certificate of another name.
    WrongName,
    /// A chain to an authority that nobody trusts.
    WrongCa,
    /// No certificate.
    Missing,
    /// A key that cannot be opened.
    Unreadable,
    /// A chain without its intermediate.
    Shrunk,
    /// A certificate that is none.
    Garbage,
    /// The same leaf with another chain.
    ChainOnly,
    /// Older files are put back, with their old dates.
    Rollback,
    /// New files with the dates of the old ones.
    SameDate,
    /// A writer that pauses in the middle of each file.
    SlowWrite,
    /// A writer that removes each file, pauses, and creates it again.
    RemoveCreate,
    /// Five rotations, each before the server can be done with the one before.
    Burst,
    /// A reload without a change.
    Unchanged,
    /// The server is started before its files are there.
    AbsentAtStart,
    /// The files change at the moment at which the server is ready.
    ChangedAtStart,
    /// A file that hangs when it is opened, as on a mount whose server is gone.
    Stalled,
    /// A second authority for clients is added.
    TrustAdded,
    /// The first authority for clients is taken away.
    TrustRemoved,
    /// The list of authorities for clients is written in place, and pauses after the first.
    TrustHalfWritten,
}
// ANCHOR_END: scenario

impl Scenario {
    /// All.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// The name in reports and on the command line.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// In a sentence.
    pub fn what(self) -> String {
        let value = self.to_possible_value();
        let help = value.and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }

    /// What the agent does, where it is the agent's doing: both have one name.
    fn sabotage(self) -> Option<Sabotage> {
        Sabotage::from_str(&self.name(), false).ok()
    }

    /// The entries of the failure catalogue that it reproduces.
    fn catalogue(self) -> &'static [u32] {
        match self {
            Self::Torn => &[3, 4, 20],
            Self::Truncated | Self::Shrunk => &[5],
            Self::Mismatched => &[3, 19, 20, 22],
            Self::Expired | Self::WrongCa | Self::WrongName => &[35],
            Self::NotYetValid => &[34],
            Self::Missing => &[2, 14, 19],
            Self::Unreadable => &[16],
            Self::Garbage => &[19],
            Self::ChainOnly => &[18],
            Self::Rollback | Self::SameDate => &[8],
            Self::SlowWrite => &[3, 6, 7, 14],
            Self::RemoveCreate => &[1, 2],
            Self::Burst => &[25],
            Self::Unchanged => &[27, 31],
            Self::AbsentAtStart => &[13],
            Self::ChangedAtStart => &[15],
            Self::Stalled => &[39],
            Self::TrustAdded => &[33],
            Self::TrustRemoved => &[30, 33],
            Self::TrustHalfWritten => &[5, 32],
        }
    }

    fn applies(self, spec: &Spec) -> bool {
        let attached = spec.attach.is_some();
        match self {
            Self::TrustAdded | Self::TrustRemoved | Self::TrustHalfWritten => {
                spec.client_auth && !attached
            }
            Self::AbsentAtStart | Self::ChangedAtStart => !attached,
            // These writers have two files.
            Self::SlowWrite | Self::RemoveCreate => spec.layout == Layout::Pair && !attached,
            _ => true,
        }
    }

    fn writer(self, options: &Options) -> Writer {
        match self {
            Self::SlowWrite => Writer::InPlace,
            Self::RemoveCreate => Writer::RemoveCreate,
            _ => options.writer,
        }
    }
}

/// Does all that was asked for, several at once, and returns it in the order of asking. `typical`
/// is how long the server takes to pick up a rotation.
pub async fn all(
    spec: &Spec,
    fixtures: &Arc<SharedFixtures>,
    options: &Options,
    typical: Duration,
    progress: &(dyn Fn(Step) + Sync),
    trials: &mut ScenarioRuns,
) {
    let jobs = match spec.attach {
        Some(_) => 1,
        None => options.jobs.max(1),
    };
    let turns = Arc::new(Semaphore::new(jobs));
    for (at, scenario) in options.scenarios.iter().copied().enumerate() {
        let (spec, fixtures, options) = (spec.clone(), fixtures.clone(), options.clone());
        let turns = turns.clone();
        trials.under_way.spawn(async move {
            let _turn = turns.acquire().await;
            (at, one(scenario, &spec, &fixtures, &options, typical).await)
        });
    }
    while let Some(ended) = trials.under_way.join_next().await {
        if let Some((at, (report, found))) = finished(ended) {
            progress(Step::ScenarioOutcome(report.clone()));
            trials.over.push((at, (report, found)));
        }
    }
}

/// What was done to a server so far. It is there even when not everything could be done.
#[derive(Default)]
pub struct ScenarioRuns {
    over: Vec<Numbered>,
    under_way: JoinSet<Numbered>,
}

/// Its place, and what came of it.
type Numbered = (usize, (ScenarioReport, Vec<Finding>));

impl ScenarioRuns {
    /// In the order in which it was asked for. What is under way is given up, and has let go of its
    /// server and files when this returns.
    pub async fn done(mut self) -> (Vec<ScenarioReport>, Vec<Finding>) {
        self.under_way.shutdown().await;
        self.over.sort_by_key(|(at, _)| *at);
        let mut findings = Vec::new();
        let scenarios = self.over.into_iter().map(|(_, (report, found))| {
            findings.extend(found);
            report
        });
        (scenarios.collect(), findings)
    }
}

/// Does one thing to a server of its own.
pub async fn one(
    scenario: Scenario,
    spec: &Spec,
    fixtures: &Arc<SharedFixtures>,
    options: &Options,
    typical: Duration,
) -> (ScenarioReport, Vec<Finding>) {
    let mut report = ScenarioReport {
        name: scenario.name(),
        what: scenario.what(),
        outcome: Outcome::NotApplicable,
        attempts: 0,
        failed: 0,
        kept_serving: true,
        kept_last_good: true,
        recovered_ms: None,
    };
    if !scenario.applies(spec) {
        return (report, Vec::new());
    }
    // Boxed: without optimisation, the room that all of them need at once is more than a worker
    // thread has.
    let outcome: Pin<Box<dyn Future<Output = io::Result<ScenarioOutcome>> + Send>> = match scenario
    {
        Scenario::AbsentAtStart => Box::pin(absent_at_start(spec, fixtures, options)),
        Scenario::TrustAdded => Box::pin(trust_added(spec, fixtures, options)),
        Scenario::TrustRemoved => Box::pin(trust_removed(spec, fixtures, options)),
        Scenario::TrustHalfWritten => {
            Box::pin(trust_half_written(spec, fixtures, options, typical))
        }
        _ => Box::pin(under_load(scenario, spec, fixtures, options, typical)),
    };
    let outcome = outcome.await;
    let mut findings = match outcome {
        Ok(outcome) if outcome.moot => return (report, Vec::new()),
        Ok(outcome) => {
            report.attempts = outcome.attempts;
            report.failed = outcome.failed;
            report.recovered_ms = outcome.recovered.map(ms);
            outcome.findings
        }
        Err(error) => {
            let words = error.to_string();
            vec![finding(Severity::Failure, Code::DidNotStart, "", words)]
        }
    };
    for finding in &mut findings {
        finding.scenario = scenario.name();
        finding.catalogue = scenario.catalogue().to_vec();
        match finding.code {
            Code::UnfitShown | Code::WrongChain | Code::WentBack => report.kept_last_good = false,
            _ => {}
        }
    }
    report.kept_serving = report.failed == 0;
    let failure = |finding: &Finding| finding.severity == Severity::Failure;
    report.outcome = match findings.iter().any(failure) {
        true => Outcome::Failed,
        false => Outcome::Passed,
    };
    (report, findings)
}

/// What came of a trial.
#[derive(Default)]
struct ScenarioOutcome {
    attempts: u64,
    failed: u64,
    recovered: Option<Duration>,
    findings: Vec<Finding>,
    /// It could not be done: the server did not even show a rotation in which nothing is wrong.
    moot: bool,
}

impl ScenarioOutcome {
    fn fail(&mut self, code: Code, words: impl Into<String>) {
        let words = words.into();
        self.findings
            .push(finding(Severity::Failure, code, "", words));
    }
}

/// Clients, and what they write down.
struct ProbeClient {
    recorder: Arc<Recorder>,
    client: Client,
    within: Duration,
}

impl ProbeClient {
    fn new(spec: &Spec, testbed: &TestBed) -> io::Result<Self> {
        Ok(Self {
            recorder: Arc::default(),
            client: testbed
                .target
                .client(None, false, testbed.target.identity.as_deref())?,
            within: Duration::from_millis(spec.limits.reload_within_ms),
        })
    }

    async fn rotate(&self, testbed: &mut TestBed) -> io::Result<Window> {
        rotate(testbed, &self.recorder, &self.client, self.within).await
    }

    /// A rotation whose files are written by `write`.
    async fn rotate_by(
        &self,
        testbed: &mut TestBed,
        issued: Issued,
        write: impl AsyncFnOnce(&mut TestBed, &Issued) -> io::Result<()>,
    ) -> io::Result<Window> {
        testbed.announce(&issued);
        let began = self.recorder.now();
        write(testbed, &issued).await?;
        watch(
            testbed,
            &self.recorder,
            &self.client,
            self.within,
            issued,
            began,
        )
        .await
    }
}

fn classes(spec: &Spec) -> Vec<Class> {
    match spec.protocol {
        Protocol::Lab => vec![Class::Full, Class::Download],
        Protocol::Http => vec![Class::Full, Class::Pooled, Class::Download],
        Protocol::AnyHttp => vec![Class::Full, Class::Pooled],
    }
}

async fn under_load(
    scenario: Scenario,
    spec: &Spec,
    fixtures: &Arc<SharedFixtures>,
    options: &Options,
    typical: Duration,
) -> io::Result<ScenarioOutcome> {
    // A client that waits for longer than the server hangs would not notice.
    let patience = match scenario {
        Scenario::Stalled => options.patience.min(Duration::from_secs(2)),
        _ => options.patience,
    };
    let mut testbed = Box::pin(TestBed::set_up(
        spec,
        fixtures,
        scenario.writer(options),
        patience,
    ))
    .await?;
    let mut outcome = ScenarioOutcome::default();
    let probes = ProbeClient::new(spec, &testbed)?;
    let rates = Rates {
        per_second: [Class::Full, Class::Pooled]
            .map(|class| (class, options.rate))
            .into(),
        downloads: 1,
        pool: 2,
    };
    let load = Load::start(&testbed.target, &probes.recorder, &classes(spec), &rates)?;

    // What has never been picked up cannot be lost.
    let mut typical = typical;
    if scenario != Scenario::ChangedAtStart {
        let first = probes.rotate(&mut testbed).await?;
        match first.first_new {
            Some(new) => typical = typical.max(new.saturating_sub(first.notified)),
            None => {
                load.stop().await;
                // Whoever shows no rotation at all has been told so already. Whoever shows others
                // fails here by this writer, or by chance.
                outcome.moot = typical.is_zero() && scenario.writer(options) == options.writer;
                let complaint = first
                    .complaint
                    .map_or_else(String::new, |error| format!(" It said: {error}"));
                outcome.fail(
                    Code::NotPickedUp,
                    format!(
                        "Nothing had been done to it yet, and within {} ms no handshake showed the \
                         new certificate.{complaint}",
                        probes.within.as_millis()
                    ),
                );
                return Ok(outcome);
            }
        }
    }
    let from = probes.recorder.now();
    let last = Box::pin(run(scenario, &mut testbed, &probes, typical)).await?;
    if let Some(window) = &last {
        match window.first_new {
            Some(new) => outcome.recovered = Some(new.saturating_sub(window.notified)),
            None => missed(scenario, &mut outcome, window, &probes),
        }
    }
    // Whether it stays so.
    sleep(typical.clamp(Duration::from_millis(100), Duration::from_secs(2))).await;
    load.stop().await;

    let records = probes.recorder.records();
    let records: Vec<_> = records
        .into_iter()
        .filter(|record| record.done >= from)
        .collect();
    if let Some(window) = &last
        && went_back(&records, window, None)
    {
        outcome.fail(
            Code::WentBack,
            "The last certificate was shown, and then an older one.",
        );
    }
    outcome.attempts = records.len() as u64;
    outcome.failed = records
        .iter()
        .filter(|record| record.failed.is_some())
        .count() as u64;
    let ended = testbed.server.ended().is_some();
    let mut kinds: Vec<(Code, FailureKind, String, u64)> = Vec::new();
    for record in &records {
        let Some(kind) = record.failed else { continue };
        let code = match (scenario, Code::of(kind)) {
            (Scenario::Stalled, Code::HandshakesFailed) => Code::HandshakeWaitsForFiles,
            (_, Code::HandshakesFailed) if scenario.sabotage().is_some() => Code::LastGoodLost,
            (_, code) => code,
        };
        match kinds.iter_mut().find(|(of, ..)| *of == code) {
            Some((.., count)) => *count += 1,
            None => kinds.push((code, kind, record.error.clone().unwrap_or_default(), 1)),
        }
    }
    for (code, kind, error, count) in kinds {
        let words = format!(
            "{} attempts failed, {count} of them so: {} ({error}).",
            share(outcome.failed, outcome.attempts),
            kind.words(),
        );
        outcome.fail(code, words);
    }
    let by_itself = of_server(&mut testbed, "");
    // A server that is told to restart with files that are not fit has no choice but to end.
    outcome.findings.extend(by_itself);
    if ended {
        outcome.recovered = None;
    }
    Ok(outcome)
}

fn missed(
    scenario: Scenario,
    outcome: &mut ScenarioOutcome,
    window: &Window,
    probes: &ProbeClient,
) {
    let complaint = window.complaint.as_ref();
    let complaint = complaint.map_or_else(String::new, |error| format!(" It said: {error}"));
    let within = probes.within.as_millis();
    match scenario.sabotage().is_some() || scenario == Scenario::Stalled {
        true => outcome.fail(
            Code::NotRecovered,
            format!(
                "The files are fit again, and within {within} ms no handshake showed the new \
                 certificate.{complaint}"
            ),
        ),
        false => outcome.fail(
            Code::NotPickedUp,
            format!("Within {within} ms no handshake showed the new certificate.{complaint}"),
        ),
    }
}

/// Does it. Returns the last rotation, after which all should be well.
async fn run(
    scenario: Scenario,
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
) -> io::Result<Option<Window>> {
    let pause = (typical * 2).clamp(Duration::from_millis(60), Duration::from_secs(2));
    if let Some(sabotage) = scenario.sabotage() {
        let name = testbed.name().to_owned();
        sabotage.apply(&mut testbed.site, &mut testbed.authority, &name)?;
        // What it says from now on is of these files. Before, it may have seen half of them.
        let before = judged(testbed);
        // That it complains is its right.
        let _ = testbed.notify().await;
        hold(testbed, typical, Some(before)).await;
        return probes.rotate(testbed).await.map(Some);
    }
    match scenario {
        Scenario::ChainOnly => {
            let mut issued = testbed.good.clone();
            // The root is of no use to a client, and does no harm.
            issued.chain_pem.push_str(testbed.authority.root_pem());
            issued.facts =
                lab::chain::facts_of_pem(issued.chain_pem.as_bytes()).map_err(io::Error::other)?;
            let write = async |testbed: &mut TestBed, issued: &Issued| testbed.site.write(issued);
            probes.rotate_by(testbed, issued, write).await.map(Some)
        }
        Scenario::Rollback => {
            let old = testbed.good.clone();
            let date = modified(&testbed.site)?;
            probes.rotate(testbed).await?;
            let write = async |testbed: &mut TestBed, issued: &Issued| dated(testbed, issued, date);
            probes.rotate_by(testbed, old, write).await.map(Some)
        }
        Scenario::SameDate => {
            let date = modified(&testbed.site)?;
            let issued = issue(testbed)?;
            let write = async |testbed: &mut TestBed, issued: &Issued| dated(testbed, issued, date);
            probes.rotate_by(testbed, issued, write).await.map(Some)
        }
        Scenario::SlowWrite | Scenario::RemoveCreate => {
            let mut last = None;
            for _ in 0..3 {
                let issued = issue(testbed)?;
                let write = async |testbed: &mut TestBed, issued: &Issued| {
                    slowly(testbed, issued, pause).await
                };
                last = Some(probes.rotate_by(testbed, issued, write).await?);
                if scenario == Scenario::SlowWrite {
                    break;
                }
            }
            Ok(last)
        }
        Scenario::Burst => {
            for _ in 0..4 {
                let issued = testbed.issue()?;
                testbed.site.write(&issued)?;
                let _ = testbed.notify().await;
                // Long enough to read it, and too short to be done with it.
                let pause = typical / 8;
                sleep(pause.clamp(Duration::from_millis(20), Duration::from_millis(200))).await;
            }
            probes.rotate(testbed).await.map(Some)
        }
        Scenario::Unchanged => {
            let complaint = testbed.notify().await.err();
            hold(testbed, typical, None).await;
            let generation = testbed.chains.latest();
            let now = probes.recorder.now();
            let Shown { first, converged } = until_shown(
                testbed,
                &probes.recorder,
                &probes.client,
                generation,
                probes.within,
            )
            .await;
            Ok(Some(Window {
                generation,
                serial: testbed.good.facts.serial.clone(),
                began: now,
                notified: now,
                first_new: first,
                converged,
                end: probes.recorder.now(),
                complaint,
            }))
        }
        Scenario::Stalled => {
            let files = testbed.site.files();
            for path in [&files.certificate, &files.key] {
                // Where both are one file, the second finds the first one's.
                let _ = fs::remove_file(path);
                if !path.exists() {
                    fifo(path)?;
                }
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), testbed.notify()).await;
            sleep(testbed.target.patience + Duration::from_millis(500)).await;
            // The mount's server is back: whoever waits is let go, and finds nothing.
            for path in [&files.certificate, &files.key] {
                let mut writer = fs::OpenOptions::new();
                use std::os::unix::fs::OpenOptionsExt;
                let nonblock = rustix::fs::OFlags::NONBLOCK.bits() as i32;
                drop(writer.write(true).custom_flags(nonblock).open(path));
                let _ = fs::remove_file(path);
            }
            probes.rotate(testbed).await.map(Some)
        }
        _ => probes.rotate(testbed).await.map(Some),
    }
}

fn issue(testbed: &mut TestBed) -> io::Result<Issued> {
    let request = LeafRequest::new(testbed.name());
    testbed.authority.issue(&request).map_err(io::Error::other)
}

/// How often it has logged that it serves what it read, and that it does not.
fn judged(testbed: &TestBed) -> [usize; 2] {
    let log = testbed.server.output().log();
    JUDGMENTS.map(|event| log.all(&want(event)).len())
}

const JUDGMENTS: [&str; 2] = ["identity_loaded", "identity_rejected"];

/// Gives the server time to do something wrong. One that says what it makes of its files is waited
/// for, until it has said it and then been silent for a while: a busy machine is slow.
async fn hold(testbed: &mut TestBed, typical: Duration, before: Option<[usize; 2]>) {
    const SILENT: Duration = Duration::from_millis(300);
    let shortest = match before {
        Some([loaded, _]) if loaded > 0 => Duration::from_secs(2),
        _ => Duration::from_millis(500),
    };
    let mut bound = (typical * 3).clamp(shortest, Duration::from_secs(5));
    let Some(mut heard) = before else {
        return sleep(bound).await;
    };
    let log = testbed.server.output().log();
    let [loaded, rejected] = JUDGMENTS.map(want);
    loop {
        let said = async {
            tokio::select! {
                Some(_) = log.find(&loaded, heard[0] + 1) => true,
                Some(_) = log.find(&rejected, heard[1] + 1) => true,
                else => false,
            }
        };
        if !matches!(timeout(bound, said).await, Ok(true)) {
            return;
        }
        (heard, bound) = (judged(testbed), SILENT);
    }
}

fn fifo(path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    Ok(mknodat(
        CWD,
        path,
        FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )?)
}

fn modified(site: &Site) -> io::Result<SystemTime> {
    fs::metadata(site.files().certificate)?.modified()
}

/// Writes files with a date of the past, while the server stands still: it must not see them before
/// they have it.
fn dated(testbed: &mut TestBed, issued: &Issued, date: SystemTime) -> io::Result<()> {
    testbed.server.pause(Signal::STOP);
    let files = testbed.site.files();
    let written = testbed.site.write(issued).and_then(|()| {
        for path in [&files.certificate, &files.key] {
            let times = FileTimes::new().set_modified(date);
            fs::File::open(path)?.set_times(times)?;
        }
        Ok(())
    });
    testbed.server.pause(Signal::CONT);
    written
}

/// Writes, and pauses after each step that a reader could see.
async fn slowly(testbed: &mut TestBed, issued: &Issued, pause: Duration) -> io::Result<()> {
    let issued = issued.clone();
    let mut site = testbed.site.again();
    let writing = tokio::task::spawn_blocking(move || {
        site.write_stepwise(&issued, |_| std::thread::sleep(pause))
    });
    writing.await.map_err(io::Error::other)?
}

async fn absent_at_start(
    spec: &Spec,
    fixtures: &Arc<SharedFixtures>,
    options: &Options,
) -> io::Result<ScenarioOutcome> {
    let mut outcome = ScenarioOutcome::default();
    let mut builder = TestBedBuilder::new(spec, fixtures, options.writer)?;
    let good = builder.issue()?;
    let mut site = builder.site.again();
    let (late, patience) = (good.clone(), options.patience);
    let mut starting = std::pin::pin!(builder.start(spec, good, patience));
    // It has this long to find that nothing is there.
    let found = tokio::time::timeout(Duration::from_millis(500), &mut starting).await;
    let started = match found {
        // It is up without them, or gone.
        Ok(Ok(testbed)) => site.write(&late).map(|()| testbed),
        Ok(gone) => gone,
        Err(_) => {
            site.write(&late)?;
            starting.await
        }
    };
    let mut testbed = match started {
        Ok(testbed) => testbed,
        Err(error) => {
            let gone = error.get_ref().and_then(|error| error.downcast_ref());
            let (severity, words) = match gone {
                Some(StartError::Ended(..)) => (
                    Severity::Warning,
                    format!("Without its files it does not start, and does not wait: {error}"),
                ),
                _ => (
                    Severity::Failure,
                    format!("It did not come up once its files were there: {error}"),
                ),
            };
            outcome
                .findings
                .push(finding(severity, Code::DidNotStart, "", words));
            return Ok(outcome);
        }
    };
    let probes = ProbeClient::new(spec, &testbed)?;
    let complaint = testbed.notify().await.err();
    let generation = testbed.chains.latest();
    let now = probes.recorder.now();
    let (recorder, client) = (&probes.recorder, &probes.client);
    let shown = until_shown(&mut testbed, recorder, client, generation, probes.within).await;
    match shown.first {
        Some(new) => outcome.recovered = Some(new.saturating_sub(now)),
        None => {
            let complaint =
                complaint.map_or_else(String::new, |error| format!(" It said: {error}"));
            outcome.fail(
                Code::NotPickedUp,
                format!(
                    "It was started before its files were there, and {} ms after they were, it did \
                     not show them.{complaint}",
                    probes.within.as_millis()
                ),
            );
        }
    }
    outcome.findings.extend(of_server(&mut testbed, ""));
    Ok(outcome)
}

/// A client with a certificate of this authority.
fn client_of(testbed: &TestBed, authority: &mut Authority, resume: bool) -> io::Result<Client> {
    let identity = authority.issue(&LeafRequest::new("client"));
    testbed
        .target
        .client(None, resume, Some(&identity.map_err(io::Error::other)?))
}

/// Comes until it is let in, or turned away, as `wanted`. Says how long that took.
async fn until_let_in(
    testbed: &TestBed,
    client: &Client,
    wanted: bool,
    within: Duration,
) -> Option<Duration> {
    let began = tokio::time::Instant::now();
    while began.elapsed() < within {
        let (_, answer) = testbed.target.probe(client).await;
        let is = match answer {
            Ok(()) => Some(true),
            Err(failed) if failed.turned_away() => Some(false),
            Err(_) => None,
        };
        if is == Some(wanted) {
            return Some(began.elapsed());
        }
        if !wanted {
            testbed.server.force();
        }
        sleep(Duration::from_millis(5)).await;
    }
    None
}

/// Adds a second authority, and waits until its clients are let in.
async fn add(
    outcome: &mut ScenarioOutcome,
    testbed: &mut TestBed,
    second: &Authority,
    client: &Client,
    within: Duration,
) -> io::Result<bool> {
    if let (_, Ok(())) = testbed.target.probe(client).await {
        outcome.fail(
            Code::LetIn,
            "A client of an authority that nobody has added was let in.",
        );
        return Ok(false);
    }
    let both = format!("{}{}", testbed.clients.root_pem(), second.root_pem());
    testbed.trust_clients(&both)?;
    let complaint = testbed.notify().await.err();
    outcome.recovered = until_let_in(testbed, client, true, within).await;
    if outcome.recovered.is_none() {
        let complaint = complaint.map_or_else(String::new, |error| format!(" It said: {error}"));
        outcome.fail(
            Code::TurnedAway,
            format!(
                "An authority was added for clients, and within {} ms none of its clients was let \
                 in.{complaint}",
                within.as_millis()
            ),
        );
    }
    Ok(outcome.recovered.is_some())
}

async fn trust_added(
    spec: &Spec,
    fixtures: &Arc<SharedFixtures>,
    options: &Options,
) -> io::Result<ScenarioOutcome> {
    let mut outcome = ScenarioOutcome::default();
    let mut testbed = Box::pin(TestBed::set_up(
        spec,
        fixtures,
        options.writer,
        options.patience,
    ))
    .await?;
    let probes = ProbeClient::new(spec, &testbed)?;
    let rates = Rates {
        per_second: [Class::Full, Class::Mutual]
            .map(|class| (class, options.rate))
            .into(),
        downloads: 1,
        pool: 2,
    };
    let classes = [Class::Full, Class::Mutual, Class::Download];
    let load = Load::start(&testbed.target, &probes.recorder, &classes, &rates)?;
    let mut second = Authority::named("More clients").map_err(io::Error::other)?;
    let client = client_of(&testbed, &mut second, false)?;
    add(&mut outcome, &mut testbed, &second, &client, probes.within).await?;
    sleep(Duration::from_millis(200)).await;
    load.stop().await;
    let records = probes.recorder.records();
    outcome.attempts = records.len() as u64;
    let failed: Vec<_> = records
        .iter()
        .filter(|record| record.failed.is_some())
        .collect();
    outcome.failed = failed.len() as u64;
    if let Some(kind) = failed.first().and_then(|record| record.failed) {
        let words = format!(
            "While an authority was added, {} attempts of others failed: {}.",
            share(outcome.failed, outcome.attempts),
            kind.words()
        );
        let code = match Code::of(kind) {
            Code::HandshakesFailed => Code::TurnedAway,
            code => code,
        };
        outcome.fail(code, words);
    }
    outcome.findings.extend(of_server(&mut testbed, ""));
    Ok(outcome)
}

async fn trust_removed(
    spec: &Spec,
    fixtures: &Arc<SharedFixtures>,
    options: &Options,
) -> io::Result<ScenarioOutcome> {
    let mut outcome = ScenarioOutcome::default();
    let mut testbed = Box::pin(TestBed::set_up(
        spec,
        fixtures,
        options.writer,
        options.patience,
    ))
    .await?;
    let within = Duration::from_millis(spec.limits.reload_within_ms);
    let mut second = Authority::named("More clients").map_err(io::Error::other)?;
    let stays = client_of(&testbed, &mut second, false)?;
    if !add(&mut outcome, &mut testbed, &second, &stays, within).await? {
        return Ok(outcome);
    }
    let mut first = std::mem::replace(&mut testbed.clients, second);
    let goes = client_of(&testbed, &mut first, false)?;
    let returns = client_of(&testbed, &mut first, true)?;
    for client in [&goes, &returns, &returns] {
        if let (_, Err(failed)) = testbed.target.probe(client).await {
            let words = format!(
                "A client that is trusted was turned away: {}.",
                failed.error
            );
            outcome.fail(Code::TurnedAway, words);
            return Ok(outcome);
        }
    }
    let listed = testbed.clients.root_pem().to_owned();
    testbed.trust_clients(&listed)?;
    let _ = testbed.notify().await;
    outcome.recovered = until_let_in(&testbed, &goes, false, within).await;
    if outcome.recovered.is_none() {
        outcome.fail(
            Code::LetIn,
            format!(
                "An authority was taken away, and {} ms later its clients are still let in.",
                within.as_millis()
            ),
        );
    }
    let (seen, answer) = testbed.target.probe(&returns).await;
    if answer.is_ok() && outcome.recovered.is_some() {
        let resumed = seen.is_some_and(|shown| shown.seen.resumed);
        outcome.fail(
            if resumed {
                Code::ResumedWithoutTrust
            } else {
                Code::LetIn
            },
            "A client whose authority was taken away came back with the session that it had.",
        );
    }
    if let (_, Err(failed)) = testbed.target.probe(&stays).await {
        let words = format!(
            "A client that is still trusted was turned away: {}.",
            failed.error
        );
        outcome.fail(Code::TurnedAway, words);
    }
    outcome.attempts = 6;
    outcome.findings.extend(of_server(&mut testbed, ""));
    Ok(outcome)
}

/// A list that is cut between two authorities parses. Whoever is told when it is whole has no part
/// in this; whoever follows the file must not believe it at once.
async fn trust_half_written(
    spec: &Spec,
    fixtures: &Arc<SharedFixtures>,
    options: &Options,
    typical: Duration,
) -> io::Result<ScenarioOutcome> {
    let mut outcome = ScenarioOutcome::default();
    let mut testbed = Box::pin(TestBed::set_up(
        spec,
        fixtures,
        options.writer,
        options.patience,
    ))
    .await?;
    let within = Duration::from_millis(spec.limits.reload_within_ms);
    let mut second = Authority::named("More clients").map_err(io::Error::other)?;
    let client = client_of(&testbed, &mut second, false)?;
    if !add(&mut outcome, &mut testbed, &second, &client, within).await? {
        return Ok(outcome);
    }
    let half = testbed.clients.root_pem().to_owned();
    let whole = format!("{half}{}", second.root_pem());
    testbed.write_client_roots_in_place(&half)?;
    let hold = (typical * 3).clamp(Duration::from_millis(300), Duration::from_millis(800));
    let mut lost = Vec::new();
    let visits = async |outcome: &mut ScenarioOutcome, lost: &mut Vec<String>| {
        let began = tokio::time::Instant::now();
        while began.elapsed() < hold {
            outcome.attempts += 1;
            if let (_, Err(failed)) = testbed.target.probe(&client).await {
                outcome.failed += 1;
                lost.push(failed.error);
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    visits(&mut outcome, &mut lost).await;
    testbed.write_client_roots_in_place(&whole)?;
    visits(&mut outcome, &mut lost).await;
    if let Some(error) = lost.first() {
        let words = format!(
            "While the list of authorities was half written, {} clients of one that is on it were \
             turned away: {error}.",
            share(outcome.failed, outcome.attempts)
        );
        outcome.fail(Code::TurnedAway, words);
    }
    outcome.findings.extend(of_server(&mut testbed, ""));
    Ok(outcome)
}
