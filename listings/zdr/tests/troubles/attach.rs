//! A server that runs already: judged, watched, and left with files that are valid.

use std::process::Command;

use ch02_hot_reload::identity::{Source, read};
use lab::agent::Files;
use zdr::report::{Code, Finding, Report, Severity};

use super::{FOR_EVER, Folder, Running, Theirs, is_alive};

fn source(folder: &Folder) -> Source {
    Source::localhost(Files {
        certificate: folder.path("files/tls.crt"),
        key: folder.path("files/tls.key"),
        roots: folder.path("files/ca.crt"),
    })
}

#[test]
fn it_is_judged_observed_merged_and_compared() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    folder.write(
        "server.toml",
        &format!(
            "name = \"theirs\"\n{}",
            theirs.toml(&format!("log = \"log\"\npid = {}", theirs.pid))
        ),
    );
    folder.write(
        "observe.toml",
        &format!("name = \"theirs\"\n{}", theirs.toml("")),
    );
    let observe = [
        "check",
        "observe.toml",
        "--observe",
        "--json",
        "observed.json",
        "--steady-ms",
        "1200",
        "--rate",
        "5",
        "--patience-ms",
        "20000",
    ];
    let mut observing = Running::start(&mut folder.zdr(&observe));
    observing.until("watching");
    let check = [
        "check",
        "server.toml",
        "--json",
        "report.json",
        "--rotations",
        "2",
        "--interval-ms",
        "300",
        "--steady-ms",
        "200",
        "--scenarios",
        "truncated",
        "--rate",
        "5",
        // A busy machine is no reason to find something.
        "--patience-ms",
        "20000",
    ];
    folder.run(&check).says(0, &[]);
    observing.end().says(0, &[]);
    judged_and_left_alone(&folder, &theirs);
    merged_and_compared(&folder);
}

fn judged_and_left_alone(folder: &Folder, theirs: &Theirs) {
    let report = folder.report();
    assert_eq!(report.rotations.len(), 2);
    // A busy machine is late, which is a warning.
    let failure = |finding: &Finding| finding.severity == Severity::Failure;
    assert!(
        !report.findings.iter().any(failure),
        "{:?}",
        report.findings
    );
    let resources = report.resources.as_ref().unwrap();
    assert!(resources.memory_before > 1_000_000 && resources.memory_after > 1_000_000);
    assert_eq!(resources.processes_after, 1);
    read(&source(folder)).unwrap();
    assert!(is_alive(theirs.pid), "it is not ours to end");
}

fn merged_and_compared(folder: &Folder) {
    let report = folder.report();
    let merge = [
        "merge",
        "report.json",
        "observed.json",
        "--json",
        "merged.json",
    ];
    folder.run(&merge).says(0, &[]);
    let merged = Report::read(&folder.path("merged.json")).unwrap();
    let observed = Report::read(&folder.path("observed.json")).unwrap();
    assert_eq!(merged.generators, 2);
    for (at, class) in merged.classes.iter().enumerate() {
        let both = report.classes[at].attempts + observed.classes[at].attempts;
        assert_eq!(class.attempts, both);
    }
    let compared = folder.run(&["compare", "report.json", "report.json"]);
    compared.says(0, &[]);
    let page = ["report", "merged.json", "--page", "page.html"];
    folder.run(&page).says(0, &[]);
    let page = std::fs::read_to_string(folder.path("page.html")).unwrap();
    assert!(page.contains("<html") && page.contains("</html>"));
}

#[test]
fn a_log_that_lies_is_told() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &["--defect", "lying-log"]);
    let toml = theirs.toml("log = \"log\"") + "[limits]\nreload_within_ms = 300\n";
    let arguments = [
        "--rotations",
        "1",
        "--interval-ms",
        "100",
        "--steady-ms",
        "100",
        "--no-scenarios",
    ];
    let done = folder.check(&toml, &arguments).end();
    done.says(
        3,
        &[
            "does not show what was written",
            "Its log claims that it does",
        ],
    );
}

/// A number that is out of date may by now be that of anything.
#[test]
fn a_process_that_is_not_the_server_is_not_signalled() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    let mut other = Command::new("sleep").arg("600").spawn().unwrap();
    let toml = theirs.toml(&format!("pid = {}", other.id())) + "[reload]\nsignal = \"HUP\"\n";
    let parts = [
        "SIGHUP would end process",
        "which is not the server",
        "(broken) listens on 127.0.0.1:",
        "Nothing was written to",
    ];
    folder.check(&toml, &FOR_EVER).end().says(3, &parts);
    assert_eq!(other.try_wait().unwrap(), None);
    other.kill().unwrap();
    other.wait().unwrap();
}

/// It would be told what it never sees.
#[test]
fn arguments_for_a_server_that_runs_already_are_refused() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    let parts = ["`-- --delay 3`", "is running already: leave them out"];
    let more = ["--", "--delay", "3"];
    folder.check(&theirs.toml(""), &more).end().says(3, &parts);
}

#[test]
fn one_that_dies_is_told() {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    let toml = theirs.toml(&format!("pid = {}", theirs.pid));
    let mut running = folder.check(&toml, &FOR_EVER);
    running.until("rotation 1 of");
    theirs.running.signal(rustix::process::Signal::KILL);
    running.end().says(1, &[]);
    let findings = folder.report().findings;
    assert!(findings.iter().any(|finding| finding.code == Code::Stopped));
}

/// It is in use: whatever was being done to it, its files are valid at the end.
#[test]
fn ctrl_c_leaves_it_with_files_that_are_valid() {
    // A file is gone. No rotation by this writer does that.
    interrupted_at("missing", |source| {
        !source.files.certificate.exists() || !source.files.key.exists()
    });
}

fn interrupted_at(scenario: &str, invalid: impl Fn(&Source) -> bool) {
    let folder = Folder::new();
    let theirs = Theirs::start(&folder, &[]);
    let arguments = [
        "--rotations",
        "1",
        "--interval-ms",
        "10",
        "--steady-ms",
        "10",
        "--scenarios",
        scenario,
    ];
    let source = source(&folder);
    // A machine with too much to do gets no verdict, and then no scenario.
    for _ in 0..TRIES {
        let mut running = folder.check(&theirs.toml(""), &arguments);
        super::until(scenario, || {
            (running.over() || invalid(&source)).then_some(())
        });
        let interrupted = !running.over();
        if interrupted {
            running.signal(rustix::process::Signal::INT);
        }
        let done = running.end();
        read(&source).unwrap();
        if interrupted || done.code() != 3 {
            return done.says(130, &[]);
        }
    }
    panic!("no check of {TRIES} came to {scenario}");
}

/// How often a server is checked on a machine that has too much to do.
const TRIES: usize = 5;
