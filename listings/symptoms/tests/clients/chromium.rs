//! Chromium, without its windows: one of it opens a page of each of the wrong servers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lab::BOUND;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::bench::Bench;
use crate::capture::{Scenes, run};
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium() {
    let programs = ["chromium-headless-shell", "chromium"];
    let (Some(chromium), Some(node)) = (
        lab_test::peer::find_either(&programs),
        lab_test::peer::find("node"),
    ) else {
        return;
    };
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let cases = [
        "foreign",
        "mutual-1.2",
        "old-protocol",
        "plain",
        "closing",
        "reset",
        "unheard",
        "none",
    ];
    let cases = cases.map(|door| {
        let url = format!("https://127.0.0.1:{}/", doors.port(door));
        json!({"scene": door, "url": url, "ignore": door != "foreign"})
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/chromium.mjs");
    let mut command = bench.command(node);
    command
        .arg(script)
        .arg(chromium)
        .arg(bench.path("profile"))
        .arg(json!(cases).to_string());
    let mut scenes = Scenes::of("chromium");
    scenes.add_each(&run(&mut command).await);
    scenes.check().await;
    let gone = timeout(BOUND, async {
        while names(&bench.path("profile")) {
            sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(gone.await.is_ok(), "the browser is left behind");
}

/// Whether a process was started with this path. Where the system does not tell, none was.
fn names(path: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut started = processes.filter_map(|of| fs::read(of.path().join("cmdline")).ok());
    let path = path.to_string_lossy();
    started.any(|line| String::from_utf8_lossy(&line).contains(&*path))
}
