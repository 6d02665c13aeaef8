//! A server whose log says that lines of it are lost.

use zdr::course::CourseOptions;
use zdr::course::lesson::Lesson;

use super::{behind, broken, short, taken, whole};

/// What is missing may be in them: it is held against no server.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_line_may_be_the_one_that_is_missing() {
    let lost = r#"{"ts":"2026-01-01T00:00:00Z","event":"lines_lost","lines":1}"#;
    let script = format!("SERVER 2>&1 | sed -u 's/.*identity_rejected.*/{lost}/' >&2");
    let options = CourseOptions {
        from: 6,
        ..short(&[])
    };
    let course = taken(&behind(&script, broken(&[])), &options).await;
    let mut stages = course.stages.iter();
    let stage = stages.find(|stage| stage.lesson == Lesson::SaysWhatItDoes);
    let stage = stage.expect("it is taken");
    // A warning is none: a busy machine is slow in a rotation.
    let failed = stage.findings.iter().any(|found| found.fails());
    assert!(!failed, "{}", whole(&course));
    let told = "what its log lacks: it says that lines are lost, and they may hold it";
    assert!(
        stage.skipped.iter().any(|said| said == told),
        "{}",
        whole(&course)
    );
}
