//! How often clients come: as often as asked for, or as this machine and the server can keep up with.

use std::time::Duration;

use tokio::time::Instant;

use crate::attempt::behind::LATE;
use crate::check::options::{Options, RATE, RunControl, Step};
use crate::check::run::Run;
use crate::error::Error;
use crate::judge::findings::{ROTATION, finding};
use crate::judge::overload::Overload;
use crate::load::Load;
use crate::report::{Code, Finding, Severity};
use crate::server::spec::Reload;
use crate::testbed::TestBed;
use ch11_verification::attempt::Class;

/// Fewer clients of a class a second than this are not tried by itself: they would see too little of a rotation.
const LEAST: f64 = 3.0;

// ANCHOR: begun
/// Clients at work, and nothing rotated yet. Where nobody said how many there should be and they are too many, half
/// as many come, until this machine keeps up. The last is what has ended the run meanwhile, if anything.
pub(super) async fn begun(
    options: &Options,
    testbed: &mut TestBed,
    (classes, left_out): (&[Class], Vec<Class>),
    control: &RunControl<'_>,
) -> Result<(Run, Load, Option<String>), Error> {
    let mut options = options.clone();
    loop {
        let mut run = Run::new(&options, testbed, classes, left_out.clone())?;
        let load = run.load(testbed)?;
        let ended = tokio::select! {
            begun = run.begin(testbed, control) => begun.err().map(|error| error.to_string()),
            error = control.interrupted() => Some(error),
        };
        let lower = lower(&options).filter(|_| ended.is_none() && !run.keeps_up(testbed));
        let Some(lower) = lower else {
            return Ok((run, load, ended));
        };
        options.rate = lower;
        (control.progress)(Step::Slowed(lower));
        let rests = async {
            load.stop().await;
            if !rested(testbed).await {
                start_anew(testbed).await;
            }
        };
        // The next run ends at once where this was interrupted.
        tokio::select! {
            () = rests => {}
            _ = control.interrupted() => {}
        }
    }
}
// ANCHOR_END: begun

/// Waits until the server has come to its end with those who came too fast: until a client alone is served at once,
/// or a few in a row had to wait for that. Returns whether any was served.
async fn rested(testbed: &TestBed) -> bool {
    let Ok(client) = testbed.client() else {
        return true;
    };
    let mut served = false;
    for _ in 0..5 {
        let asked = Instant::now();
        let (_, answered) = testbed.target.probe(&client).await;
        served |= answered.is_ok();
        if answered.is_ok() && asked.elapsed() < LATE {
            break;
        }
    }
    served
}

/// Starts a server again that goes on serving those who have long left, so that no other client is served in time. One
/// that is attached to is in use, and is left alone.
async fn start_anew(testbed: &mut TestBed) {
    if testbed.spec().attach.is_some() {
        return;
    }
    let restart = Reload {
        restart: true,
        ..Reload::default()
    };
    // One that does not start is seen by the next clients.
    let _ = testbed.server.reload_by(&restart, "").await;
}

/// The next lower rate, if there may be one.
pub(super) fn lower(options: &Options) -> Option<f64> {
    let lower = options.rate / 2.0;
    (options.lowers_rate && lower >= LEAST).then_some(lower)
}

impl Run {
    /// Waits until all clients are there, and then for as long as the server is to be watched.
    async fn begin(
        &mut self,
        testbed: &mut TestBed,
        control: &RunControl<'_>,
    ) -> Result<(), Error> {
        testbed.wait_for(&self.classes, &self.recorder).await?;
        (control.progress)(Step::Steady);
        self.before = self.steady(testbed).await?;
        Ok(())
    }

    /// Whether this side came to what was due, and clients did not have to wait, once all of them were there.
    fn keeps_up(&self, testbed: &TestBed) -> bool {
        let now = self.recorder.now();
        let settled = now.saturating_sub(self.options.steady / 2);
        let behind = self.recorder.fell_behind();
        let is_late = |[_, began]: &[Duration; 2]| *began >= settled;
        let is_late = behind.stretches(LATE).iter().any(is_late);
        let mut records = self.recorder.records();
        records.retain(|record| record.done >= settled);
        let patience = testbed.target.patience;
        let is_full = || Overload::of(&records, (now, &[]), &Default::default(), patience);
        !is_late && is_full().is_none()
    }
}

/// Says that fewer clients came than usual.
pub(super) fn slowed(options: &Options) -> Option<Finding> {
    if !options.lowers_rate || options.rate >= RATE {
        return None;
    }
    let words = format!(
        "Clients of each class came {} times a second instead of {RATE}, because this machine, or the server, \
         could not keep up with more. `--rate` sets another rate.",
        options.rate
    );
    let (code, severity) = (Code::LoadFellBehind, Severity::Warning);
    Some(finding(severity, code, ROTATION, words))
}
