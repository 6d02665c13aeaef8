//! What the scenarios under load do to the files.

use std::fs::{self, FileTimes};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ch09_simulating_rotation::{Sabotage, Site};
use lab::authority::Issued;
use lab::log::want;
use rustix::fs::OFlags;
use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

use crate::error::Error;
use crate::gate::scenario::Scenario;
use crate::scenarios::clients::ProbeClient;
use crate::scenarios::half_open::half_open;
use crate::scenarios::in_place::in_place;
use crate::scenarios::other_key_kind::other_key_kind;
use crate::scenarios::renewals::{other_intermediate, other_lifetimes, other_root, same_key};
use crate::server::spec::Keys;
use crate::testbed::TestBed;
use crate::testbed::rotate::until_shown;
use ch11_verification::rotation::Window;

/// Does it. Returns the last rotation, after which all should be well; `None` where this server leaves nothing
/// to do. `kinds` are the other kinds of keys that it takes.
pub(crate) async fn run(
    scenario: Scenario,
    testbed: &mut TestBed,
    probes: &ProbeClient,
    (typical, kinds): (Duration, Vec<Keys>),
) -> Result<Option<Window>, Error> {
    match scenario {
        Scenario::OtherKeyKind => other_key_kind(testbed, probes, kinds).await,
        Scenario::TornKinds => torn_kinds(testbed, probes, typical, kinds).await,
        _ => done(scenario, testbed, probes, typical).await.map(Some),
    }
}

/// Does what can be done to each server.
async fn done(
    scenario: Scenario,
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
) -> Result<Window, Error> {
    if let Some(sabotage) = scenario.sabotage() {
        return sabotaged(sabotage, testbed, probes, typical).await;
    }
    match scenario {
        Scenario::ChainOnly => chain_only(testbed, probes).await,
        Scenario::Rollback => {
            let old = testbed.good.clone();
            let dates = modified(&testbed.site)?;
            probes.rotate(testbed).await?;
            let write =
                async |testbed: &mut TestBed, issued: &Issued| dated(testbed, issued, dates);
            probes.rotate_by(testbed, old, write).await
        }
        Scenario::SameDate => {
            let dates = modified(&testbed.site)?;
            let issued = testbed.issue_unannounced()?;
            let write =
                async |testbed: &mut TestBed, issued: &Issued| dated(testbed, issued, dates);
            probes.rotate_by(testbed, issued, write).await
        }
        Scenario::InPlace => in_place(testbed, probes).await,
        Scenario::OtherLifetimes => other_lifetimes(testbed, probes).await,
        Scenario::OtherIntermediate => other_intermediate(testbed, probes).await,
        Scenario::OtherRoot => other_root(testbed, probes).await,
        Scenario::SameKey => same_key(testbed, probes).await,
        Scenario::HalfOpen => half_open(testbed, probes).await,
        Scenario::SlowWrite => slow_rotation(testbed, probes, typical).await,
        Scenario::RemoveCreate => {
            // A watch may survive the first removal, or the second.
            slow_rotation(testbed, probes, typical).await?;
            slow_rotation(testbed, probes, typical).await?;
            slow_rotation(testbed, probes, typical).await
        }
        Scenario::Burst => burst(testbed, probes, typical).await,
        Scenario::Unchanged => Ok(unchanged(testbed, probes, typical).await),
        Scenario::Stalled => stalled(testbed, probes, typical).await,
        _ => probes.rotate(testbed).await,
    }
}

/// Files that are not valid, then files that are.
async fn sabotaged(
    sabotage: Sabotage,
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
) -> Result<Window, Error> {
    spoil(sabotage, testbed, probes, typical).await?;
    probes.rotate(testbed).await
}

/// A pair that is torn while a renewal changes the kind of key. The valid files after it have a key of the server's own
/// kind: whether it takes another is what `other-key-kind` asks.
async fn torn_kinds(
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
    kinds: Vec<Keys>,
) -> Result<Option<Window>, Error> {
    let Some(kind) = kinds.first() else {
        return Ok(None);
    };
    let own = testbed.spec().keys;
    testbed.change_kind_of_key(*kind);
    spoil(Sabotage::Torn, testbed, probes, typical).await?;
    testbed.change_kind_of_key(own);
    probes.rotate(testbed).await.map(Some)
}

/// Puts files into place that are not valid, and gives the server time to do something wrong.
async fn spoil(
    sabotage: Sabotage,
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
) -> Result<(), Error> {
    let name = testbed.name().to_owned();
    sabotage.apply(&mut testbed.site, &mut testbed.authority, &name)?;
    testbed.look_for_key_in_files();
    // What it says from now on is of these files. Before, it may have seen half of them.
    let before = judged(testbed);
    let told = Instant::now();
    // That it complains is its right.
    let _ = testbed.notify().await;
    if sabotage == Sabotage::Garbage && told.elapsed() < QUICK {
        for _ in 1..FAILURES {
            sabotage.apply(&mut testbed.site, &mut testbed.authority, &name)?;
            let _ = testbed.notify().await;
            sleep(BETWEEN).await;
        }
    }
    let judged_at = hold(testbed, probes, typical, Some(before)).await;
    probes.met_since(judged_at, testbed).await;
    Ok(())
}

/// How often a server has to refuse the files of `garbage`: what each failure leaves behind adds up.
pub(super) const FAILURES: usize = 12;
/// One that takes longer to be told, since it restarts, is told once.
const QUICK: Duration = Duration::from_millis(100);
/// Long enough for most readers to have seen the one file before the next comes.
const BETWEEN: Duration = Duration::from_millis(25);

async fn chain_only(testbed: &mut TestBed, probes: &ProbeClient) -> Result<Window, Error> {
    let mut issued = testbed.good.clone();
    match testbed.authority.reissue_intermediate() {
        Ok(intermediate) => {
            let leaf = issued
                .chain_pem
                .split_inclusive("-----END CERTIFICATE-----\n")
                .next();
            issued.chain_pem = format!("{}{intermediate}", leaf.unwrap_or_default());
        }
        // Whose key was not kept. A root is of no use to a client, and does no harm.
        Err(_) => issued.chain_pem.push_str(testbed.authority.root_pem()),
    }
    let facts = lab::chain::facts_of_pem(issued.chain_pem.as_bytes());
    issued.facts = facts.map_err(Error::issue)?;
    let write = async |testbed: &mut TestBed, issued: &Issued| Ok(testbed.site.write(issued)?);
    probes.rotate_by(testbed, issued, write).await
}

/// A rotation by a writer that pauses after each step that a reader could see.
async fn slow_rotation(
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
) -> Result<Window, Error> {
    let pause = (typical * 2).clamp(Duration::from_millis(60), Duration::from_secs(2));
    let issued = testbed.issue_unannounced()?;
    let write = async |testbed: &mut TestBed, issued: &Issued| slowly(testbed, issued, pause).await;
    probes.rotate_by(testbed, issued, write).await
}

async fn burst(
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
) -> Result<Window, Error> {
    for _ in 0..4 {
        let issued = testbed.issue()?;
        testbed.site.write(&issued)?;
        let _ = testbed.notify().await;
        // Long enough to read it, and too short to be done with it.
        let pause = typical / 8;
        sleep(pause.clamp(Duration::from_millis(20), Duration::from_millis(200))).await;
    }
    probes.rotate(testbed).await
}

/// Tells the server of files that are the same. What it showed, it must go on showing.
async fn unchanged(testbed: &mut TestBed, probes: &ProbeClient, typical: Duration) -> Window {
    let complaint = testbed.notify().await.err();
    let told_at = hold(testbed, probes, typical, None).await;
    probes.met_since(told_at, testbed).await;
    let generation = testbed.chains.latest();
    let now = probes.recorder.now();
    let shown = until_shown(testbed, &probes.recorder, &probes.client, generation).await;
    let (first_new, converged) = shown;
    Window {
        generation,
        serial: testbed.good.facts.serial.clone(),
        began: now,
        notified: now,
        first_new,
        converged,
        end: probes.recorder.now(),
        complaint,
    }
}

/// A server that looks later than that is not waited for.
const LATEST: Duration = Duration::from_secs(10);

/// Puts pipes where the files were: opening one waits for a writer. They stay for as long as the server takes to look,
/// and then for longer than a client waits.
async fn stalled(
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
) -> Result<Window, Error> {
    let files = testbed.site.files();
    for path in [&files.certificate, &files.key] {
        // Where both are one file, the second finds the first one's.
        let _ = fs::remove_file(path);
        if !path.exists() {
            fifo(path)?;
        }
    }
    let _ = timeout(Duration::from_secs(1), testbed.notify()).await;
    let looks = typical.min(LATEST);
    sleep(looks + testbed.target.patience + Duration::from_millis(500)).await;
    // The mount's server is back: a reader that waits goes on, and finds nothing.
    for path in [&files.certificate, &files.key] {
        let mut writer = fs::OpenOptions::new();
        let nonblock = OFlags::NONBLOCK.bits() as i32;
        drop(writer.write(true).custom_flags(nonblock).open(path));
        let _ = fs::remove_file(path);
    }
    probes.rotate(testbed).await
}

/// How often it has logged that it serves what it read, and that it does not.
fn judged(testbed: &TestBed) -> [usize; 2] {
    let log = testbed.server.output().log();
    JUDGMENTS.map(|event| log.all(&want(event)).len())
}

const JUDGMENTS: [&str; 2] = ["identity_loaded", "identity_rejected"];

/// Gives the server time to do something wrong. One that says what it makes of its files is waited
/// for, until it has said it and then been silent for a while: a busy machine is slow. Returns when it last
/// said so, or else when the waiting began.
async fn hold(
    testbed: &mut TestBed,
    probes: &ProbeClient,
    typical: Duration,
    before: Option<[usize; 2]>,
) -> Duration {
    const SILENT: Duration = Duration::from_millis(300);
    let shortest = match before {
        Some([loaded, _]) if loaded > 0 => Duration::from_secs(2),
        _ => Duration::from_millis(500),
    };
    let mut bound = (typical * 3).clamp(shortest, Duration::from_secs(5));
    let mut judged_at = probes.recorder.now();
    let Some(mut heard) = before else {
        sleep(bound).await;
        return judged_at;
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
            return judged_at;
        }
        (heard, bound) = (judged(testbed), SILENT);
        judged_at = probes.recorder.now();
    }
}

#[cfg(target_os = "linux")]
fn fifo(path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let mode = Mode::from_raw_mode(0o600);
    Ok(mknodat(CWD, path, FileType::Fifo, mode, 0)?)
}

/// Not every system has a call for it that is safe to use; each has the program (POSIX, mkfifo).
#[cfg(not(target_os = "linux"))]
fn fifo(path: &Path) -> io::Result<()> {
    let mut mkfifo = std::process::Command::new("mkfifo");
    match mkfifo.args(["-m", "600"]).arg(path).status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other("mkfifo failed")),
    }
}

/// The dates of certificate and key.
fn modified(site: &Site) -> io::Result<[SystemTime; 2]> {
    let files = site.files();
    let date = |path: &Path| fs::metadata(path)?.modified();
    Ok([date(&files.certificate)?, date(&files.key)?])
}

/// Writes files with dates of the past, each with its own, while the server stands still: it must not see
/// them before they have them.
fn dated(testbed: &mut TestBed, issued: &Issued, dates: [SystemTime; 2]) -> Result<(), Error> {
    testbed.server.pause(Signal::STOP);
    let files = testbed.site.files();
    let written = testbed.site.write(issued).and_then(|()| {
        for (path, date) in [&files.certificate, &files.key].into_iter().zip(dates) {
            let times = FileTimes::new().set_modified(date);
            fs::File::open(path)?.set_times(times)?;
        }
        Ok(())
    });
    testbed.server.pause(Signal::CONT);
    Ok(written?)
}

/// Writes, and pauses after each step that a reader could see.
async fn slowly(testbed: &mut TestBed, issued: &Issued, pause: Duration) -> Result<(), Error> {
    let issued = issued.clone();
    let mut site = testbed.site.again();
    let writing = tokio::task::spawn_blocking(move || {
        site.write_stepwise(&issued, |_| std::thread::sleep(pause))
    });
    // A task that panicked has printed why.
    Ok(writing.await.map_err(io::Error::from)??)
}
