//! `zdr` judges what a reader takes home: each framework rotates without a loss, and the three languages
//! pass the course.

use std::time::Duration;

use ch09_simulating_rotation::Writer;
use lab::agent::Strategy;
use lab_test::peer;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use zdr::check::{Options, RunControl, check};
use zdr::course::{Course, CourseOptions, State, course, text};
use zdr::gate::level::Level;
use zdr::gate::scenario::Scenario;
use zdr::report::Severity;
use zdr::server::spec::Spec;

use crate::programs;

/// Several servers at once are judged by each of two tests. On a slow machine both together would take so long that
/// a server is blamed for it.
static JUDGING: Mutex<()> = Mutex::const_new(());

/// A description of this crate. What it starts is `program`.
fn spec(name: &str, program: &str) -> Spec {
    let mut spec = Spec::read(&programs::here().join(format!("servers/{name}.toml"))).unwrap();
    program.clone_into(&mut spec.command[0]);
    spec
}

/// The Go file, built once and not for each of the servers of a stage.
fn go() -> Option<Spec> {
    let program = programs::go()?;
    let mut spec = spec("go", &program.display().to_string());
    spec.setup.clear();
    Some(spec)
}

fn python() -> Option<Spec> {
    let python = peer::find("python3")?;
    let mut spec = spec("python", &python.display().to_string());
    // It looks more often, so that the test is over sooner.
    spec.command.push("0.05".into());
    Some(spec)
}

fn control(interrupt: watch::Receiver<Option<String>>) -> RunControl<'static> {
    RunControl {
        progress: &|_| (),
        interrupt,
    }
}

/// What is wrong with a server that rotates under load, if anything.
async fn rotates(spec: Spec) -> Option<String> {
    let (_nobody, interrupt) = watch::channel(None);
    let options = Options {
        rotations: 3,
        interval: Duration::from_millis(300),
        steady: Duration::from_millis(200),
        rate: 5.0,
        downloads: 1,
        pool: 2,
        scenarios: Vec::new(),
        patience: Duration::from_secs(15),
        require: Some(Level::Rotation),
        ..Options::default()
    };
    let report = check(&spec, &options, &control(interrupt)).await.unwrap();
    let failures = report.findings.iter();
    let failures = failures.filter(|finding| finding.severity == Severity::Failure);
    let whole = report.verdict.passed && report.rotations.len() == 3 && failures.count() == 0;
    let served = report.classes.iter().all(|class| class.attempts > 0);
    (!whole || !served).then(|| format!("{}: {:#?}", spec.name, report.findings))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_framework_rotates_without_a_loss() {
    let _judging = JUDGING.lock().await;
    let mut judging = JoinSet::new();
    for (name, program) in [
        ("axum", env!("CARGO_BIN_EXE_recipe-axum")),
        ("tonic", env!("CARGO_BIN_EXE_recipe-tonic")),
        ("actix", env!("CARGO_BIN_EXE_recipe-actix")),
    ] {
        judging.spawn(rotates(spec(name, program)));
    }
    let wrong: Vec<_> = judging.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn taken(spec: Spec, options: CourseOptions) -> Course {
    let (_nobody, interrupt) = watch::channel(None);
    let course = course(&spec, &options, &control(interrupt), &|_, _| ()).await;
    course.unwrap()
}

/// All stages, and of those with many scenarios or writers the ones that differ most. The page has what
/// came of the whole course.
fn some() -> CourseOptions {
    CourseOptions {
        writers: vec![Writer::Kubelet, Writer::Bare(Strategy::InPlace)],
        scenarios: vec![
            Scenario::SlowWrite,
            Scenario::Torn,
            Scenario::Expired,
            Scenario::WrongName,
            Scenario::Shrunk,
            Scenario::Missing,
            Scenario::Rollback,
            Scenario::OtherRoot,
            Scenario::Stalled,
        ],
        ..calm(CourseOptions::quick())
    }
}

/// With few clients: there is nothing to catch.
fn calm(options: CourseOptions) -> CourseOptions {
    CourseOptions {
        rate: 5.0,
        ..options
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_languages_pass_the_course() {
    let _judging = JUDGING.lock().await;
    let rust = spec("hyper", env!("CARGO_BIN_EXE_recipe-hyper"));
    let mut taking = JoinSet::new();
    taking.spawn(taken(rust, calm(CourseOptions::quick())));
    for spec in [go(), python()].into_iter().flatten() {
        taking.spawn(taken(spec, some()));
    }
    for course in taking.join_all().await {
        let stages = course.stages.iter().zip(1..);
        let told: String = stages
            .map(|(stage, number)| text::stage(number, stage))
            .collect();
        let told = format!("{}\n{told}{}", course.server, text::end(&course));
        assert!(course.passed, "{told}");
        // The last of them is about the log: each of these has one.
        assert_eq!(course.stages.len(), 6, "{told}");
        let passed = course
            .stages
            .iter()
            .all(|stage| stage.state == State::Passed);
        assert!(passed, "{told}");
    }
}

#[test]
fn each_description_is_a_server_of_http() {
    for name in ["hyper", "axum", "tonic", "actix", "go", "python"] {
        let spec = Spec::read(&programs::here().join(format!("servers/{name}.toml"))).unwrap();
        assert_eq!(spec.download.as_deref(), Some("/large"), "{name}");
        assert!(spec.attach.is_none(), "{name}");
    }
}
