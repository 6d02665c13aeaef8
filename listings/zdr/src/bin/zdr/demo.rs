//! The demo: the bundled server is judged, sound and with four defects.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use tokio::sync::watch;
use tokio::task::JoinSet;

use ch11_verification::attempt::Class;
use zdr::benchmark::is_present;
use zdr::check::{Options, RunControl, check};
use zdr::gate::scenario::Scenario;
use zdr::report::format;
use zdr::report::{Finding, Report, Severity};
use zdr::server::cleanup::Reaper;
use zdr::server::interrupt::{INTERRUPTED, interrupt};
use zdr::server::spec::Spec;

use crate::output::{NONE, print};

// ANCHOR: cases
/// The server's defect, the classes of clients that look for it, and the scenarios.
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

/// Runs the demo, and prints what was found. Nothing of it is left when it is interrupted.
///
/// # Errors
/// When the server's program is missing, or cannot be started.
pub async fn demo() -> io::Result<ExitCode> {
    let mut interrupt = interrupt()?;
    let _reaper = Reaper::start(&std::env::current_exe()?)?;
    tokio::select! {
        said = run() => {
            let (said, is_decided) = said?;
            let printed = print(&said)?;
            Ok(if is_decided { printed } else { ExitCode::from(NONE) })
        }
        why = interrupt.wait_for(Option::is_some) => {
            let why = why.ok().and_then(|why| why.clone()).unwrap_or_default();
            // Where stderr is closed, the exit code says it.
            let _ = writeln!(io::stderr(), "no verdict: {why}");
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// Judges all of them, and says of each what was found; and whether each has a verdict.
async fn run() -> io::Result<(String, bool)> {
    let server = server()?;
    if !is_present(&server) {
        let zdr = std::env::current_exe()?;
        let error = format!(
            "the demo judges a server of its own, `broken`, which is neither beside {} nor on the \
             search path. `cargo install --locked --path listings/zdr` in a checkout of the book \
             installs both programs; `cargo build -p zdr` there builds both",
            zdr.display()
        );
        return Err(io::Error::new(io::ErrorKind::NotFound, error));
    }
    let mut reports = at_once(&server).await?;
    for (report, case) in reports.iter_mut().zip(CASES) {
        // All of them together were too much for this machine.
        if report.interrupted.is_some() {
            *report = judge(server.clone(), case).await?;
        }
    }
    let said = reports.iter().zip(CASES).map(|(report, (defect, ..))| {
        let found = found(&report.findings, report.interrupted.as_deref());
        format!("{}: {found}\n", defect.unwrap_or("sound"))
    });
    let is_decided = reports.iter().all(|report| report.interrupted.is_none());
    Ok((said.collect(), is_decided))
}

/// Judges all of them at once.
async fn at_once(server: &Spec) -> io::Result<Vec<Report>> {
    let mut judging = JoinSet::new();
    for (at, case) in CASES.into_iter().enumerate() {
        let server = server.clone();
        judging.spawn(async move { (at, judge(server, case).await) });
    }
    let mut reports = judging.join_all().await;
    reports.sort_by_key(|(at, _)| *at);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// The description of the bundled server. It was read when this was built.
fn server() -> io::Result<Spec> {
    let mut spec = Spec::parse(include_str!("../../../servers/broken.toml"))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    // Its commands need no file that lies beside it.
    spec.here = std::env::temp_dir();
    // A server that never shows the new certificate is waited for as long.
    spec.limits.reload_within_ms = 2000;
    Ok(spec)
}

async fn judge(
    mut spec: Spec,
    (defect, classes, scenarios): (Option<&str>, &[Class], &[Scenario]),
) -> io::Result<Report> {
    if let Some(defect) = defect {
        spec.command
            .extend(["--defect".to_owned(), defect.to_owned()]);
    }
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
    Ok(check(&spec, &options, &control).await?)
}

/// What was found. Without a verdict, nothing found is not all well.
fn found(findings: &[Finding], no_verdict: Option<&str>) -> String {
    let failures = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Failure);
    let found: BTreeSet<_> = failures
        .map(|finding| format!("{} in {}", format::name(&finding.code), finding.scenario))
        .collect();
    match (found.is_empty(), no_verdict) {
        (false, _) => found.into_iter().collect::<Vec<_>>().join(", "),
        (true, Some(why)) => format!("no verdict: {why}"),
        (true, None) => "zero downtime".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_judged_is_not_called_sound() {
        assert_eq!(found(&[], None), "zero downtime");
        let overloaded = found(&[], Some("this machine is overloaded"));
        assert_eq!(overloaded, "no verdict: this machine is overloaded");
    }
}
