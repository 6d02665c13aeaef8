//! The graded samples of the guide for teachers stop where its page says. The one that passes is the twin of
//! chapter 4: see `course.rs`.

use std::path::{Path, PathBuf};

use ch09_simulating_rotation::Writer;
use tokio::sync::watch;
use zdr::check::RunControl;
use zdr::course::lesson::Lesson;
use zdr::course::page::page;
use zdr::course::{Course, CourseOptions, State, course, text};
use zdr::gate::scenario::Scenario;
use zdr::report::book::Book;
use zdr::server::spec::Spec;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn sample(name: &str) -> Option<Spec> {
    lab_test::peer::find("python3")?;
    let mut spec = Spec::read(&here().join(format!("samples/{name}.toml"))).unwrap();
    spec.limits.reload_within_ms = 10_000;
    Some(spec)
}

/// Enough to see where it stops.
async fn taken(spec: &Spec) -> Course {
    let _turns = super::turns::of(super::turns::ALL_CLASSES).await;
    let options = CourseOptions {
        writers: vec![Writer::VaultAgent, Writer::Kubelet],
        scenarios: vec![Scenario::SlowWrite, Scenario::Expired],
        ..CourseOptions::quick()
    };
    let (_nobody, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    course(spec, &options, &control, &|_, _| ()).await.unwrap()
}

fn stopped_at(course: &Course, lesson: Lesson) -> String {
    let stages = course.stages.iter().zip(1..);
    let told: String = stages
        .map(|(stage, number)| text::stage(number, stage))
        .collect();
    let failed = course
        .stages
        .iter()
        .find(|stage| stage.state != State::Passed);
    let failed = failed.map(|stage| (stage.lesson, stage.state));
    assert_eq!(failed, Some((lesson, State::Failed)), "{told}");
    // Lines are broken where the terminal ends.
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What explains failures of a rotation would send its learner elsewhere, so it is not said before there was one.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_evening_does_not_serve_what_is_asked_for() {
    let Some(spec) = sample("first-evening") else {
        return;
    };
    let course = taken(&spec).await;
    let told = stopped_at(&course, Lesson::Serves);
    let found = "It does not serve as the course asks, and nothing was rotated yet.";
    assert_eq!(told.matches("Found: ").count(), 1, "{told}");
    for words in [found, "\"What it has to do\""] {
        assert!(told.contains(words), "no `{words}` in: {told}");
    }
    assert!(!told.contains("at risk during"), "{told}");
    assert!(!told.contains("all during rotations"), "{told}");
    assert!(page(&course, &Book::default()).contains(found));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newer_is_served_and_not_validated() {
    let Some(spec) = sample("newer-than") else {
        return;
    };
    let told = stopped_at(&taken(&spec).await, Lesson::Refuses);
    for words in ["expired certificate shown", "\"Reload\""] {
        assert!(told.contains(words), "no `{words}` in: {told}");
    }
}

/// A program that is not there has missed no file.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_start_is_not_said_to_have_missed_a_file() {
    let mut spec = Spec::read(&here().join("servers/broken.toml")).unwrap();
    spec.command[0] = env!("CARGO_BIN_EXE_broken").into();
    spec.command.push("--no-such-flag".into());
    let told = stopped_at(&taken(&spec).await, Lesson::Serves);
    assert!(
        told.contains("It does not serve as the course asks"),
        "{told}"
    );
    assert!(told.contains("no-such-flag"), "{told}");
}
