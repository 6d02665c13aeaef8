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
use crate::load::{Load, Rates, counted};
use crate::measure::{self, ms};
use crate::record::{Class, Kind, Recorder};
use crate::report::{Code, Finding, Outcome, Scenario, Severity};
use crate::rotate::{Window, rotate, until_shown, watch};
use crate::server::Trouble;
use crate::spec::{Layout, Protocol, Spec};
use crate::stage::{Arena, Backstage, Stage};
use crate::verdict::{finding, share};

// ANCHOR: trial
/// Something to do to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trial {
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
// ANCHOR_END: trial

impl Trial {
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
    arena: &Arc<Arena>,
    options: &Options,
    typical: Duration,
    progress: &(dyn Fn(Step) + Sync),
    trials: &mut Trials,
) {
    let jobs = match spec.attach {
        Some(_) => 1,
        None => options.jobs.max(1),
    };
    let turns = Arc::new(Semaphore::new(jobs));
    for (at, trial) in options.scenarios.iter().copied().enumerate() {
        let (spec, arena, options) = (spec.clone(), arena.clone(), options.clone());
        let turns = turns.clone();
        trials.under_way.spawn(async move {
            let _turn = turns.acquire().await;
            (at, one(trial, &spec, &arena, &options, typical).await)
        });
    }
    while let Some(ended) = trials.under_way.join_next().await {
        if let Some((at, (scenario, found))) = counted(ended) {
            progress(Step::Tried(scenario.clone()));
            trials.over.push((at, (scenario, found)));
        }
    }
}

/// What was done to a server so far. It is there even when not everything could be done.
#[derive(Default)]
pub struct Trials {
    over: Vec<Trialed>,
    under_way: JoinSet<Trialed>,
}

/// Its place, and what came of it.
type Trialed = (usize, (Scenario, Vec<Finding>));

impl Trials {
    /// In the order in which it was asked for. What is under way is given up, and has let go of its
    /// server and files when this returns.
    pub async fn done(mut self) -> (Vec<Scenario>, Vec<Finding>) {
        self.under_way.shutdown().await;
        self.over.sort_by_key(|(at, _)| *at);
        let mut findings = Vec::new();
        let scenarios = self.over.into_iter().map(|(_, (scenario, found))| {
            findings.extend(found);
            scenario
        });
        (scenarios.collect(), findings)
    }
}

/// Does one thing to a server of its own.
pub async fn one(
    trial: Trial,
    spec: &Spec,
    arena: &Arc<Arena>,
    options: &Options,
    typical: Duration,
) -> (Scenario, Vec<Finding>) {
    let mut scenario = Scenario {
        name: trial.name(),
        what: trial.what(),
        outcome: Outcome::NotApplicable,
        attempts: 0,
        failed: 0,
        kept_serving: true,
        kept_last_good: true,
        recovered_ms: None,
    };
    if !trial.applies(spec) {
        return (scenario, Vec::new());
    }
    // Boxed: without optimisation, the room that all of them need at once is more than a worker
    // thread has.
    let tried: Pin<Box<dyn Future<Output = io::Result<Tried>> + Send>> = match trial {
        Trial::AbsentAtStart => Box::pin(absent_at_start(spec, arena, options)),
        Trial::TrustAdded => Box::pin(trust_added(spec, arena, options)),
        Trial::TrustRemoved => Box::pin(trust_removed(spec, arena, options)),
        Trial::TrustHalfWritten => Box::pin(trust_half_written(spec, arena, options, typical)),
        _ => Box::pin(under_load(trial, spec, arena, options, typical)),
    };
    let tried = tried.await;
    let mut findings = match tried {
        Ok(tried) if tried.moot => return (scenario, Vec::new()),
        Ok(tried) => {
            scenario.attempts = tried.attempts;
            scenario.failed = tried.failed;
            scenario.recovered_ms = tried.recovered.map(ms);
            tried.findings
        }
        Err(why) => {
            let words = why.to_string();
            vec![finding(Severity::Failure, Code::DidNotStart, "", words)]
        }
    };
    for finding in &mut findings {
        finding.scenario = trial.name();
        finding.catalogue = trial.catalogue().to_vec();
        match finding.code {
            Code::UnfitShown | Code::WrongChain | Code::WentBack => scenario.kept_last_good = false,
            _ => {}
        }
    }
    scenario.kept_serving = scenario.failed == 0;
    let failure = |finding: &Finding| finding.severity == Severity::Failure;
    scenario.outcome = match findings.iter().any(failure) {
        true => Outcome::Failed,
        false => Outcome::Passed,
    };
    (scenario, findings)
}

/// What came of a trial.
#[derive(Default)]
struct Tried {
    attempts: u64,
    failed: u64,
    recovered: Option<Duration>,
    findings: Vec<Finding>,
    /// It could not be done: the server did not even show a rotation in which nothing is wrong.
    moot: bool,
}

impl Tried {
    fn fail(&mut self, code: Code, words: impl Into<String>) {
        let words = words.into();
        self.findings
            .push(finding(Severity::Failure, code, "", words));
    }
}

/// Clients, and what they write down.
struct Bystanders {
    recorder: Arc<Recorder>,
    client: Client,
    within: Duration,
}

impl Bystanders {
    fn new(spec: &Spec, stage: &Stage) -> io::Result<Self> {
        Ok(Self {
            recorder: Arc::default(),
            client: stage
                .target
                .client(None, false, stage.target.identity.as_deref())?,
            within: Duration::from_millis(spec.limits.reload_within_ms),
        })
    }

    async fn rotate(&self, stage: &mut Stage) -> io::Result<Window> {
        rotate(stage, &self.recorder, &self.client, self.within).await
    }

    /// A rotation whose files are written by `write`.
    async fn rotate_by(
        &self,
        stage: &mut Stage,
        issued: Issued,
        write: impl AsyncFnOnce(&mut Stage, &Issued) -> io::Result<()>,
    ) -> io::Result<Window> {
        stage.announce(&issued);
        let began = self.recorder.now();
        write(stage, &issued).await?;
        watch(
            stage,
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
    trial: Trial,
    spec: &Spec,
    arena: &Arc<Arena>,
    options: &Options,
    typical: Duration,
) -> io::Result<Tried> {
    // A client that waits for longer than the server hangs would not notice.
    let patience = match trial {
        Trial::Stalled => options.patience.min(Duration::from_secs(2)),
        _ => options.patience,
    };
    let mut stage = Box::pin(Stage::set_up(spec, arena, trial.writer(options), patience)).await?;
    let mut tried = Tried::default();
    let bystanders = Bystanders::new(spec, &stage)?;
    let rates = Rates {
        per_second: [Class::Full, Class::Pooled]
            .map(|class| (class, options.rate))
            .into(),
        downloads: 1,
        pool: 2,
    };
    let load = Load::start(&stage.target, &bystanders.recorder, &classes(spec), &rates)?;

    // What has never been picked up cannot be lost.
    let mut typical = typical;
    if trial != Trial::ChangedAtStart {
        let first = bystanders.rotate(&mut stage).await?;
        match first.first_new {
            Some(new) => typical = typical.max(new.saturating_sub(first.told)),
            None => {
                load.stop().await;
                // Whoever shows no rotation at all has been told so already. Whoever shows others
                // fails here by this writer, or by chance.
                tried.moot = typical.is_zero() && trial.writer(options) == options.writer;
                let complaint = first
                    .complaint
                    .map_or_else(String::new, |why| format!(" It said: {why}"));
                tried.fail(
                    Code::NotPickedUp,
                    format!(
                        "Nothing had been done to it yet, and within {} ms no handshake showed the \
                         new certificate.{complaint}",
                        bystanders.within.as_millis()
                    ),
                );
                return Ok(tried);
            }
        }
    }
    let from = bystanders.recorder.now();
    let last = Box::pin(run(trial, &mut stage, &bystanders, typical)).await?;
    if let Some(window) = &last {
        match window.first_new {
            Some(new) => tried.recovered = Some(new.saturating_sub(window.told)),
            None => missed(trial, &mut tried, window, &bystanders),
        }
    }
    // Whether it stays so.
    sleep(typical.clamp(Duration::from_millis(100), Duration::from_secs(2))).await;
    load.stop().await;

    let records = bystanders.recorder.records();
    let records: Vec<_> = records
        .into_iter()
        .filter(|record| record.done >= from)
        .collect();
    if let Some(window) = &last
        && measure::went_back(&records, window, None)
    {
        tried.fail(
            Code::WentBack,
            "The last certificate was shown, and then an older one.",
        );
    }
    tried.attempts = records.len() as u64;
    tried.failed = records
        .iter()
        .filter(|record| record.failed.is_some())
        .count() as u64;
    let ended = stage.server.ended().is_some();
    let mut kinds: Vec<(Code, Kind, String, u64)> = Vec::new();
    for record in &records {
        let Some(kind) = record.failed else { continue };
        let code = match (trial, Code::of(kind)) {
            (Trial::Stalled, Code::HandshakesFailed) => Code::HandshakeWaitsForFiles,
            (_, Code::HandshakesFailed) if trial.sabotage().is_some() => Code::LastGoodLost,
            (_, code) => code,
        };
        match kinds.iter_mut().find(|(of, ..)| *of == code) {
            Some((.., count)) => *count += 1,
            None => kinds.push((code, kind, record.why.clone().unwrap_or_default(), 1)),
        }
    }
    for (code, kind, why, count) in kinds {
        let words = format!(
            "{} attempts failed, {count} of them so: {} ({why}).",
            share(tried.failed, tried.attempts),
            kind.words(),
        );
        tried.fail(code, words);
    }
    let by_itself = of_server(&mut stage, "");
    // A server that is told to restart with files that are not fit has no choice but to end.
    tried.findings.extend(by_itself);
    if ended {
        tried.recovered = None;
    }
    Ok(tried)
}

fn missed(trial: Trial, tried: &mut Tried, window: &Window, bystanders: &Bystanders) {
    let complaint = window.complaint.as_ref();
    let complaint = complaint.map_or_else(String::new, |why| format!(" It said: {why}"));
    let within = bystanders.within.as_millis();
    match trial.sabotage().is_some() || trial == Trial::Stalled {
        true => tried.fail(
            Code::NotRecovered,
            format!(
                "The files are fit again, and within {within} ms no handshake showed the new \
                 certificate.{complaint}"
            ),
        ),
        false => tried.fail(
            Code::NotPickedUp,
            format!("Within {within} ms no handshake showed the new certificate.{complaint}"),
        ),
    }
}

/// Does it. Returns the last rotation, after which all should be well.
async fn run(
    trial: Trial,
    stage: &mut Stage,
    bystanders: &Bystanders,
    typical: Duration,
) -> io::Result<Option<Window>> {
    let pause = (typical * 2).clamp(Duration::from_millis(60), Duration::from_secs(2));
    if let Some(sabotage) = trial.sabotage() {
        let name = stage.name().to_owned();
        sabotage.apply(&mut stage.site, &mut stage.authority, &name)?;
        // What it says from now on is of these files. Before, it may have seen half of them.
        let before = judged(stage);
        // That it complains is its right.
        let _ = stage.tell().await;
        hold(stage, typical, Some(before)).await;
        return bystanders.rotate(stage).await.map(Some);
    }
    match trial {
        Trial::ChainOnly => {
            let mut issued = stage.good.clone();
            // The root is of no use to a client, and does no harm.
            issued.chain_pem.push_str(stage.authority.root_pem());
            issued.facts =
                lab::chain::facts_of_pem(issued.chain_pem.as_bytes()).map_err(io::Error::other)?;
            let write = async |stage: &mut Stage, issued: &Issued| stage.site.write(issued);
            bystanders.rotate_by(stage, issued, write).await.map(Some)
        }
        Trial::Rollback => {
            let old = stage.good.clone();
            let date = modified(&stage.site)?;
            bystanders.rotate(stage).await?;
            let write = async |stage: &mut Stage, issued: &Issued| dated(stage, issued, date);
            bystanders.rotate_by(stage, old, write).await.map(Some)
        }
        Trial::SameDate => {
            let date = modified(&stage.site)?;
            let issued = issue(stage)?;
            let write = async |stage: &mut Stage, issued: &Issued| dated(stage, issued, date);
            bystanders.rotate_by(stage, issued, write).await.map(Some)
        }
        Trial::SlowWrite | Trial::RemoveCreate => {
            let mut last = None;
            for _ in 0..3 {
                let issued = issue(stage)?;
                let write =
                    async |stage: &mut Stage, issued: &Issued| slowly(stage, issued, pause).await;
                last = Some(bystanders.rotate_by(stage, issued, write).await?);
                if trial == Trial::SlowWrite {
                    break;
                }
            }
            Ok(last)
        }
        Trial::Burst => {
            for _ in 0..4 {
                let issued = stage.issue()?;
                stage.site.write(&issued)?;
                let _ = stage.tell().await;
                // Long enough to read it, and too short to be done with it.
                let pause = typical / 8;
                sleep(pause.clamp(Duration::from_millis(20), Duration::from_millis(200))).await;
            }
            bystanders.rotate(stage).await.map(Some)
        }
        Trial::Unchanged => {
            let complaint = stage.tell().await.err();
            hold(stage, typical, None).await;
            let generation = stage.chains.latest();
            let now = bystanders.recorder.now();
            let (first_new, settled) = until_shown(
                stage,
                &bystanders.recorder,
                &bystanders.client,
                generation,
                bystanders.within,
            )
            .await;
            Ok(Some(Window {
                generation,
                serial: stage.good.facts.serial.clone(),
                began: now,
                told: now,
                first_new,
                settled,
                end: bystanders.recorder.now(),
                complaint,
            }))
        }
        Trial::Stalled => {
            let files = stage.site.files();
            for path in [&files.certificate, &files.key] {
                // Where both are one file, the second finds the first one's.
                let _ = fs::remove_file(path);
                if !path.exists() {
                    fifo(path)?;
                }
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), stage.tell()).await;
            sleep(stage.target.patience + Duration::from_millis(500)).await;
            // The mount's server is back: whoever waits is let go, and finds nothing.
            for path in [&files.certificate, &files.key] {
                let mut writer = fs::OpenOptions::new();
                use std::os::unix::fs::OpenOptionsExt;
                let nonblock = rustix::fs::OFlags::NONBLOCK.bits() as i32;
                drop(writer.write(true).custom_flags(nonblock).open(path));
                let _ = fs::remove_file(path);
            }
            bystanders.rotate(stage).await.map(Some)
        }
        _ => bystanders.rotate(stage).await.map(Some),
    }
}

fn issue(stage: &mut Stage) -> io::Result<Issued> {
    let request = LeafRequest::new(stage.name());
    stage.authority.issue(&request).map_err(io::Error::other)
}

/// How often it has logged that it serves what it read, and that it does not.
fn judged(stage: &Stage) -> [usize; 2] {
    let log = stage.server.said().log();
    JUDGMENTS.map(|event| log.all(&want(event)).len())
}

const JUDGMENTS: [&str; 2] = ["identity_loaded", "identity_rejected"];

/// Gives the server time to do something wrong. One that says what it makes of its files is waited
/// for, until it has said it and then been silent for a while: a busy machine is slow.
async fn hold(stage: &mut Stage, typical: Duration, before: Option<[usize; 2]>) {
    const SILENT: Duration = Duration::from_millis(300);
    let shortest = match before {
        Some([loaded, _]) if loaded > 0 => Duration::from_secs(2),
        _ => Duration::from_millis(500),
    };
    let mut bound = (typical * 3).clamp(shortest, Duration::from_secs(5));
    let Some(mut heard) = before else {
        return sleep(bound).await;
    };
    let log = stage.server.said().log();
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
        (heard, bound) = (judged(stage), SILENT);
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
fn dated(stage: &mut Stage, issued: &Issued, date: SystemTime) -> io::Result<()> {
    stage.server.pause(Signal::STOP);
    let files = stage.site.files();
    let written = stage.site.write(issued).and_then(|()| {
        for path in [&files.certificate, &files.key] {
            let times = FileTimes::new().set_modified(date);
            fs::File::open(path)?.set_times(times)?;
        }
        Ok(())
    });
    stage.server.pause(Signal::CONT);
    written
}

/// Writes, and pauses after each step that a reader could see.
async fn slowly(stage: &mut Stage, issued: &Issued, pause: Duration) -> io::Result<()> {
    let issued = issued.clone();
    let mut site = stage.site.again();
    let writing = tokio::task::spawn_blocking(move || {
        site.write_stepwise(&issued, |_| std::thread::sleep(pause))
    });
    writing.await.map_err(io::Error::other)?
}

async fn absent_at_start(spec: &Spec, arena: &Arc<Arena>, options: &Options) -> io::Result<Tried> {
    let mut tried = Tried::default();
    let mut backstage = Backstage::new(spec, arena, options.writer)?;
    let good = backstage.issue()?;
    let mut site = backstage.site.again();
    let (late, patience) = (good.clone(), options.patience);
    let mut starting = std::pin::pin!(backstage.start(spec, good, patience));
    // It has this long to find that nothing is there.
    let found = tokio::time::timeout(Duration::from_millis(500), &mut starting).await;
    let started = match found {
        // It is up without them, or gone.
        Ok(Ok(stage)) => site.write(&late).map(|()| stage),
        Ok(gone) => gone,
        Err(_) => {
            site.write(&late)?;
            starting.await
        }
    };
    let mut stage = match started {
        Ok(stage) => stage,
        Err(why) => {
            let gone = why.get_ref().and_then(|why| why.downcast_ref());
            let (severity, words) = match gone {
                Some(Trouble::Ended(..)) => (
                    Severity::Warning,
                    format!("Without its files it does not start, and does not wait: {why}"),
                ),
                _ => (
                    Severity::Failure,
                    format!("It did not come up once its files were there: {why}"),
                ),
            };
            tried
                .findings
                .push(finding(severity, Code::DidNotStart, "", words));
            return Ok(tried);
        }
    };
    let bystanders = Bystanders::new(spec, &stage)?;
    let complaint = stage.tell().await.err();
    let generation = stage.chains.latest();
    let now = bystanders.recorder.now();
    let (recorder, client) = (&bystanders.recorder, &bystanders.client);
    let shown = until_shown(&mut stage, recorder, client, generation, bystanders.within).await;
    match shown.0 {
        Some(new) => tried.recovered = Some(new.saturating_sub(now)),
        None => {
            let complaint = complaint.map_or_else(String::new, |why| format!(" It said: {why}"));
            tried.fail(
                Code::NotPickedUp,
                format!(
                    "It was started before its files were there, and {} ms after they were, it did \
                     not show them.{complaint}",
                    bystanders.within.as_millis()
                ),
            );
        }
    }
    tried.findings.extend(of_server(&mut stage, ""));
    Ok(tried)
}

/// A client with a certificate of this authority.
fn client_of(stage: &Stage, authority: &mut Authority, resume: bool) -> io::Result<Client> {
    let identity = authority.issue(&LeafRequest::new("client"));
    stage
        .target
        .client(None, resume, Some(&identity.map_err(io::Error::other)?))
}

/// Comes until it is let in, or turned away, as `wanted`. Says how long that took.
async fn until_let_in(
    stage: &Stage,
    client: &Client,
    wanted: bool,
    within: Duration,
) -> Option<Duration> {
    let began = tokio::time::Instant::now();
    while began.elapsed() < within {
        let (_, outcome) = stage.target.visit(client).await;
        let is = match outcome {
            Ok(()) => Some(true),
            Err(failed) if failed.turned_away() => Some(false),
            Err(_) => None,
        };
        if is == Some(wanted) {
            return Some(began.elapsed());
        }
        if !wanted {
            stage.server.force();
        }
        sleep(Duration::from_millis(5)).await;
    }
    None
}

/// Adds a second authority, and waits until its clients are let in.
async fn add(
    tried: &mut Tried,
    stage: &mut Stage,
    second: &Authority,
    client: &Client,
    within: Duration,
) -> io::Result<bool> {
    if let (_, Ok(())) = stage.target.visit(client).await {
        tried.fail(
            Code::LetIn,
            "A client of an authority that nobody has added was let in.",
        );
        return Ok(false);
    }
    let both = format!("{}{}", stage.clients.root_pem(), second.root_pem());
    stage.trust_clients(&both)?;
    let complaint = stage.tell().await.err();
    tried.recovered = until_let_in(stage, client, true, within).await;
    if tried.recovered.is_none() {
        let complaint = complaint.map_or_else(String::new, |why| format!(" It said: {why}"));
        tried.fail(
            Code::TurnedAway,
            format!(
                "An authority was added for clients, and within {} ms none of its clients was let \
                 in.{complaint}",
                within.as_millis()
            ),
        );
    }
    Ok(tried.recovered.is_some())
}

async fn trust_added(spec: &Spec, arena: &Arc<Arena>, options: &Options) -> io::Result<Tried> {
    let mut tried = Tried::default();
    let mut stage = Box::pin(Stage::set_up(spec, arena, options.writer, options.patience)).await?;
    let bystanders = Bystanders::new(spec, &stage)?;
    let rates = Rates {
        per_second: [Class::Full, Class::Mutual]
            .map(|class| (class, options.rate))
            .into(),
        downloads: 1,
        pool: 2,
    };
    let classes = [Class::Full, Class::Mutual, Class::Download];
    let load = Load::start(&stage.target, &bystanders.recorder, &classes, &rates)?;
    let mut second = Authority::named("More clients").map_err(io::Error::other)?;
    let client = client_of(&stage, &mut second, false)?;
    add(&mut tried, &mut stage, &second, &client, bystanders.within).await?;
    sleep(Duration::from_millis(200)).await;
    load.stop().await;
    let records = bystanders.recorder.records();
    tried.attempts = records.len() as u64;
    let failed: Vec<_> = records
        .iter()
        .filter(|record| record.failed.is_some())
        .collect();
    tried.failed = failed.len() as u64;
    if let Some(kind) = failed.first().and_then(|record| record.failed) {
        let words = format!(
            "While an authority was added, {} attempts of others failed: {}.",
            share(tried.failed, tried.attempts),
            kind.words()
        );
        let code = match Code::of(kind) {
            Code::HandshakesFailed => Code::TurnedAway,
            code => code,
        };
        tried.fail(code, words);
    }
    tried.findings.extend(of_server(&mut stage, ""));
    Ok(tried)
}

async fn trust_removed(spec: &Spec, arena: &Arc<Arena>, options: &Options) -> io::Result<Tried> {
    let mut tried = Tried::default();
    let mut stage = Box::pin(Stage::set_up(spec, arena, options.writer, options.patience)).await?;
    let within = Duration::from_millis(spec.limits.reload_within_ms);
    let mut second = Authority::named("More clients").map_err(io::Error::other)?;
    let stays = client_of(&stage, &mut second, false)?;
    if !add(&mut tried, &mut stage, &second, &stays, within).await? {
        return Ok(tried);
    }
    let mut first = std::mem::replace(&mut stage.clients, second);
    let goes = client_of(&stage, &mut first, false)?;
    let returns = client_of(&stage, &mut first, true)?;
    for client in [&goes, &returns, &returns] {
        if let (_, Err(failed)) = stage.target.visit(client).await {
            let words = format!("A client that is trusted was turned away: {}.", failed.why);
            tried.fail(Code::TurnedAway, words);
            return Ok(tried);
        }
    }
    let listed = stage.clients.root_pem().to_owned();
    stage.trust_clients(&listed)?;
    let _ = stage.tell().await;
    tried.recovered = until_let_in(&stage, &goes, false, within).await;
    if tried.recovered.is_none() {
        tried.fail(
            Code::LetIn,
            format!(
                "An authority was taken away, and {} ms later its clients are still let in.",
                within.as_millis()
            ),
        );
    }
    let (seen, outcome) = stage.target.visit(&returns).await;
    if outcome.is_ok() && tried.recovered.is_some() {
        let resumed = seen.is_some_and(|seen| seen.resumed);
        tried.fail(
            if resumed {
                Code::ResumedWithoutTrust
            } else {
                Code::LetIn
            },
            "A client whose authority was taken away came back with the session that it had.",
        );
    }
    if let (_, Err(failed)) = stage.target.visit(&stays).await {
        let words = format!(
            "A client that is still trusted was turned away: {}.",
            failed.why
        );
        tried.fail(Code::TurnedAway, words);
    }
    tried.attempts = 6;
    tried.findings.extend(of_server(&mut stage, ""));
    Ok(tried)
}

/// A list that is cut between two authorities parses. Whoever is told when it is whole has no part
/// in this; whoever follows the file must not believe it at once.
async fn trust_half_written(
    spec: &Spec,
    arena: &Arc<Arena>,
    options: &Options,
    typical: Duration,
) -> io::Result<Tried> {
    let mut tried = Tried::default();
    let mut stage = Box::pin(Stage::set_up(spec, arena, options.writer, options.patience)).await?;
    let within = Duration::from_millis(spec.limits.reload_within_ms);
    let mut second = Authority::named("More clients").map_err(io::Error::other)?;
    let client = client_of(&stage, &mut second, false)?;
    if !add(&mut tried, &mut stage, &second, &client, within).await? {
        return Ok(tried);
    }
    let half = stage.clients.root_pem().to_owned();
    let whole = format!("{half}{}", second.root_pem());
    stage.write_client_roots_in_place(&half)?;
    let hold = (typical * 3).clamp(Duration::from_millis(300), Duration::from_millis(800));
    let mut lost = Vec::new();
    let visits = async |tried: &mut Tried, lost: &mut Vec<String>| {
        let began = tokio::time::Instant::now();
        while began.elapsed() < hold {
            tried.attempts += 1;
            if let (_, Err(failed)) = stage.target.visit(&client).await {
                tried.failed += 1;
                lost.push(failed.why);
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    visits(&mut tried, &mut lost).await;
    stage.write_client_roots_in_place(&whole)?;
    visits(&mut tried, &mut lost).await;
    if let Some(why) = lost.first() {
        let words = format!(
            "While the list of authorities was half written, {} clients of one that is on it were \
             turned away: {why}.",
            share(tried.failed, tried.attempts)
        );
        tried.fail(Code::TurnedAway, words);
    }
    tried.findings.extend(of_server(&mut stage, ""));
    Ok(tried)
}
