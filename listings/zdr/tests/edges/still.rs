//! `zdr` stands still for some seconds, as on a machine that is too busy for it: that says nothing about the
//! server, which has answered meanwhile.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use super::{Folder, SOUND};

/// Longer than its clients wait.
const STILL: Duration = Duration::from_secs(5);

#[test]
fn a_sound_server_passes_where_zdr_stood_still() {
    let folder = Folder::new();
    let arguments = [
        "--no-scenarios",
        "--rotations",
        "3",
        "--interval-ms",
        "50",
        "--steady-ms",
        "400",
        "--patience-ms",
        "4000",
        // So many are always on their way.
        "--rate",
        "60",
    ];
    let mut running = folder.check(SOUND, &arguments);
    for moment in ["before the first rotation", "rotation 1 of"] {
        running.until(moment);
        running.signal(Signal::STOP);
        sleep(STILL);
        running.signal(Signal::CONT);
    }
    running.end().says(0, &[]);
    let report = folder.report();
    assert!(report.verdict.passed, "{}", report.verdict.words);
    assert_eq!(report.rotations.len(), 3);
}
