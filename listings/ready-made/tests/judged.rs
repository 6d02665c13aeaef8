//! `zdr` finds of each program what is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use lab_test::peer;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use zdr::check::{Options, RunControl, check};
use zdr::judge::findings;
use zdr::report::{Code, Report, Severity};
use zdr::server::spec::Spec;

use crate::verdicts::{Known, here, verdicts};

/// How many run at once. They mostly wait.
const AT_ONCE: usize = 8;
const ROTATIONS: u32 = 2;

/// Where the programs of this crate lie.
fn built() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ready-made-actix"))
        .parent()
        .unwrap()
}

/// Whether what a description needs is installed, told once for each kind.
fn is_there(kind: &str) -> bool {
    match kind {
        "crate" => true,
        "pypi" => peer::find("python3").is_some_and(|python| {
            let asked = "import aiohttp, granian, gunicorn, hypercorn, uvicorn";
            let asked = Command::new(python).args(["-c", asked]).output().unwrap();
            if !asked.status.success() {
                peer::skip("listings/ready-made/python/requirements.txt");
            }
            asked.status.success()
        }),
        "npm" | "node" => peer::find("node").is_some_and(|_| {
            let installed = here().join("npm/node_modules/fastify").is_dir();
            if !installed {
                peer::skip("listings/ready-made/npm/node_modules");
            }
            installed
        }),
        _ => panic!("no registry {kind}"),
    }
}

fn spec(known: &Known) -> Spec {
    let file = here().join(format!("servers/{}.toml", known.name));
    let mut spec = Spec::read(&file).unwrap();
    if spec.command[0].starts_with("ready-made-") {
        spec.command[0] = built().join(&spec.command[0]).display().to_string();
    }
    if !known.passes() {
        // What never comes is not waited for as long.
        spec.limits.reload_within_ms = 4000;
    }
    spec
}

async fn judge(known: &Known, spec: &Spec) -> Report {
    let (_nobody, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let options = Options {
        rotations: ROTATIONS,
        interval: Duration::from_millis(300),
        steady: Duration::from_millis(200),
        rate: 5.0,
        downloads: 1,
        pool: 1,
        scenarios: known.scenarios(),
        patience: Duration::from_secs(15),
        ..Options::default()
    };
    let checked = check(spec, &options, &control).await;
    checked.unwrap_or_else(|error| panic!("{}: {error}", spec.name))
}

/// What was found, and should not have been, or the other way round.
fn surprise(known: &Known, report: &Report) -> Option<String> {
    let failures = report.findings.iter();
    let failures = failures.filter(|finding| {
        finding.severity == Severity::Failure && finding.scenario == findings::ROTATION
    });
    let found: BTreeSet<Code> = failures.map(|finding| finding.code).collect();
    let one = known.one_of.is_empty() || known.one_of.iter().any(|code| found.contains(code));
    let every = known.fails.iter().all(|code| found.contains(code));
    let lists = [&known.fails, &known.one_of, &known.may];
    let expected = found
        .iter()
        .all(|code| lists.iter().any(|list| list.contains(code)));
    let shown = report
        .rotations
        .iter()
        .all(|rotation| rotation.first_new_ms.is_some());
    let served = report.classes.iter().all(|class| class.attempts > 0);
    let rotated = report.rotations.len() == ROTATIONS as usize && (shown || !known.passes());
    let outcomes = report.scenarios.iter();
    let outcomes: BTreeMap<_, _> = outcomes
        .map(|scenario| (scenario.name.clone(), scenario.outcome))
        .collect();
    let as_known = one && every && expected && served && rotated && outcomes == known.scenarios;
    (!as_known).then(|| format!("{}: {:#?}\n{outcomes:#?}", known.name, report.findings))
}

/// Eighteen programs that nobody here has written, and each verdict to the letter: it takes a quiet machine. The
/// weekly job has one.
#[ignore = "takes a minute on a quiet machine: cargo test -p ready-made -- --ignored"]
#[tokio::test(flavor = "multi_thread")]
async fn each_program_loses_what_the_page_says_and_nothing_else() {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut kinds = BTreeMap::new();
    let mut judging = JoinSet::new();
    for known in verdicts() {
        let kind = known.package.split(':').next().unwrap().to_owned();
        if !*kinds.entry(kind.clone()).or_insert_with(|| is_there(&kind)) {
            continue;
        }
        let turns = turns.clone();
        judging.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            surprise(&known, &judge(&known, &spec(&known)).await)
        });
    }
    let surprises: Vec<_> = judging.join_all().await.into_iter().flatten().collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}
