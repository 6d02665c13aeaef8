//! `zdr` stands still for some seconds, as on a machine that is too busy for it: that says nothing about the
//! server, which has answered meanwhile.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use zdr::report::Code;

use super::{Folder, SOUND};

/// Longer than its clients wait.
const STILL: Duration = Duration::from_millis(4500);

/// How long it works off what was due meanwhile, until it stands still again in the middle of that.
const BUSY: Duration = Duration::from_millis(50);

#[test]
fn a_sound_server_passes_where_zdr_stood_still() {
    let folder = Folder::new();
    let arguments = [
        "--no-scenarios",
        "--classes",
        "full",
        "--rotations",
        "2",
        "--interval-ms",
        "50",
        "--steady-ms",
        "400",
        "--patience-ms",
        "4000",
        "--rate",
        "20",
    ];
    let mut running = folder.check(SOUND, &arguments);
    running.until("before the first rotation");
    for work in [BUSY, Duration::ZERO] {
        running.signal(Signal::STOP);
        sleep(STILL);
        running.signal(Signal::CONT);
        sleep(work);
    }
    running.end().says(0, &[]);
    let report = folder.report();
    assert!(report.verdict.passed, "{}", report.verdict.words);
    assert_eq!(report.rotations.len(), 2);
    // That it stood still is told.
    let found = &report.findings;
    let told = found.iter().any(|of| of.code == Code::LoadFellBehind);
    assert!(told, "{found:?}");
}
