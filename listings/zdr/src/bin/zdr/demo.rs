//! The demo: the bundled server is judged, sound and with four defects.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use tokio::sync::watch;
use tokio::task::JoinSet;

use ch11_verification::attempt::Class;
use zdr::check::{Options, RunControl, check};
use zdr::report::format;
use zdr::report::{Report, Severity};
use zdr::scenarios::scenario::Scenario;
use zdr::server::spec::Spec;

// ANCHOR: cases
/// What is wrong with the server, who looks at it, and what is done to it.
const CASES: [(Option<&str>, &[Class], &[Scenario]); 5] = [
    (
        None,
        &[Class::Full, Class::Download],
        &[Scenario::Torn, Scenario::Expired, Scenario::Burst],
    ),
    (Some("sever-on-reload"), &[Class::Download], &[]),
    (Some("changed-in-place"), &[Class::Full], &[Scenario::Torn]),
    (Some("key-in-log"), &[Class::Full], &[Scenario::Mismatched]),
    (Some("lying-log"), &[Class::Full], &[]),
];
// ANCHOR_END: cases

/// Judges all of them at once, and says of each what was found.
///
/// # Errors
/// When the server is not there, or cannot be started.
pub async fn run() -> io::Result<Vec<String>> {
    let mut judging = JoinSet::new();
    for (at, case) in CASES.into_iter().enumerate() {
        judging.spawn(async move { (at, judge(case).await) });
    }
    let mut said = judging.join_all().await;
    said.sort_by_key(|(at, _)| *at);
    said.into_iter().map(|(_, said)| said).collect()
}

async fn judge(
    (defect, classes, scenarios): (Option<&str>, &[Class], &[Scenario]),
) -> io::Result<String> {
    let text = include_str!("../../../servers/broken.toml");
    let mut spec = Spec::parse(text).map_err(io::Error::other)?;
    if let Some(defect) = defect {
        spec.command
            .extend(["--defect".to_owned(), defect.to_owned()]);
    }
    // It was read when this was built; its commands need no file that lies beside it.
    spec.here = std::env::temp_dir();
    // Whoever does not show the new certificate is waited for as long.
    spec.limits.reload_within_ms = 2000;
    let options = Options {
        rotations: 3,
        interval: Duration::from_millis(200),
        steady: Duration::from_millis(300),
        // It swaps both files as one. With another writer, some defects show earlier.
        writer: Writer::Kubelet,
        classes: Some(classes.to_vec()),
        scenarios: scenarios.to_vec(),
        ..Options::default()
    };
    let (_never, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let report = check(&spec, &options, &control).await?;
    Ok(format!(
        "{}: {}",
        defect.unwrap_or("sound"),
        findings(&report)
    ))
}

fn findings(report: &Report) -> String {
    let failures = report.findings.iter();
    let failures = failures.filter(|finding| finding.severity == Severity::Failure);
    let found: BTreeSet<_> = failures
        .map(|finding| format!("{} in {}", format::name(&finding.code), finding.scenario))
        .collect();
    match found.is_empty() {
        true => "zero downtime".into(),
        false => found.into_iter().collect::<Vec<_>>().join(", "),
    }
}
