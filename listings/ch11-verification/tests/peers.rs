//! Every server that is shipped: its file is right, and, where it is installed, it starts, serves and
//! rotates as we know it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ch11_verification::check::{Options, Watcher, check};
use ch11_verification::report::Report;
use ch11_verification::spec::Spec;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

async fn judge(spec: &Spec) -> Report {
    let (_nobody, interrupt) = watch::channel(None);
    let watcher = Watcher {
        progress: &|_| (),
        interrupt,
    };
    let options = Options {
        rotations: 2,
        interval: Duration::from_millis(500),
        steady: Duration::from_millis(500),
        rate: 10.0,
        downloads: 1,
        pool: 2,
        scenarios: Vec::new(),
        ..Options::default()
    };
    check(spec, &options, &watcher).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn look() {
    let (turns, mut judging) = (Arc::new(Semaphore::new(4)), JoinSet::new());
    for file in files() {
        if !std::env::var("ONLY").is_ok_and(|only| file.to_string_lossy().contains(&only)) {
            continue;
        }
        let spec = Spec::read(&file).unwrap();
        for spec in [Some(spec.clone()), spec.asking_clients()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
        {
            let turns = turns.clone();
            judging.spawn(async move {
                let _turn = turns.acquire().await;
                let began = std::time::Instant::now();
                let report = judge(&spec).await;
                let codes: BTreeSet<_> = report.findings.iter().map(|f| f.code).collect();
                format!(
                    "{} {:?} {codes:?}\n{:#?} {:?}",
                    spec.name,
                    began.elapsed(),
                    report
                        .classes
                        .iter()
                        .flat_map(|c| &c.failures)
                        .map(|f| (f.kind, &f.example))
                        .collect::<Vec<_>>(),
                    report
                        .classes
                        .iter()
                        .map(|c| (c.class, c.attempts, c.failed, c.goodbyes))
                        .collect::<Vec<_>>()
                )
            });
        }
    }
    while let Some(done) = judging.join_next().await {
        match done {
            Ok(x) => println!("{x}"),
            Err(e) => println!("PANIC {e}"),
        }
    }
}
