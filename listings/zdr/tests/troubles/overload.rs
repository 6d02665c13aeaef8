//! A server that has too much to do keeps its clients waiting, whether anything is rotated or not. That is no fault of
//! its rotation, and says nothing good of it either. What is lost at rotations is lost all the same.

use zdr::attempt::Class;

use super::{Folder, PATIENT, SOUND};

/// It takes one connection in this time, so that twenty clients a second wait for longer and longer.
const BUSY: &str = r#""--overload-ms", "100""#;

/// It keeps its clients waiting before anything is rotated.
const ARGUMENTS: [&str; 15] = [
    "--no-scenarios",
    "--classes",
    "full,pooled",
    "--rotations",
    "1",
    "--interval-ms",
    "50",
    "--steady-ms",
    "1500",
    "--patience-ms",
    "1000",
    "--rate",
    "20",
    "--pool",
    "2",
];

/// The bundled server with more arguments, which are those of a TOML list.
fn broken(more: &str) -> String {
    let toml = SOUND.replacen("\"{port}\"]", &format!("\"{{port}}\", {more}]"), 1);
    format!("{toml}\n[limits]\nreload_within_ms = 1500\n")
}

#[test]
fn a_sound_server_with_too_much_to_do_is_not_blamed_for_its_rotation() {
    let folder = Folder::new();
    let ended = folder.check(&broken(BUSY), &ARGUMENTS).end();
    ended.says(3, &[]);
    for part in ["overloaded", "before the first rotation", "`--rate`"] {
        assert!(ended.out.contains(part), "{part:?} is not in {}", ended.out);
    }
    let report = folder.report();
    assert!(!report.verdict.passed && !report.findings.iter().any(|of| of.fails()));
}

#[test]
fn a_server_that_cuts_connections_at_a_reload_fails_however_much_it_has_to_do() {
    let folder = Folder::new();
    let cuts = broken(&format!(r#"{BUSY}, "--defect", "restart""#));
    folder.check(&cuts, &ARGUMENTS).end().says(1, &[]);
}

#[test]
fn a_server_that_is_slow_but_keeps_up_passes() {
    let folder = Folder::new();
    let slow = broken(r#""--overload-ms", "10""#);
    let arguments = [&PATIENT[..], &["--no-scenarios"]].concat();
    folder.check(&slow, &arguments).end().says(0, &[]);
}

/// A server listens before it takes connections, and longer so on a busy machine: it is not rotated before it serves.
#[test]
fn a_server_that_listens_before_it_serves_is_waited_for() {
    let folder = Folder::new();
    let deaf = SOUND.replacen("\"{port}\"]", r#""{port}", "--deaf-ms", "9000"]"#, 1);
    // It is there as soon as its port is.
    let deaf = deaf.replacen("[ready]\nevent = \"listening\"\n", "", 1);
    let impatient = PATIENT.map(|of| if of == "20000" { "4000" } else { of });
    let arguments = [&impatient[..], &["--no-scenarios"]].concat();
    folder.check(&deaf, &arguments).end().says(0, &[]);
}

/// Where no rate is asked for, one that it can keep up with is found, before it is rotated or after.
#[test]
fn fewer_clients_come_where_nobody_said_how_many() {
    let folder = Folder::new();
    let busy = broken(r#""--overload-ms", "30""#);
    let classes = ["--no-scenarios", "--classes", "full"];
    let arguments = [
        &classes[..],
        &[
            "--rotations",
            "1",
            "--interval-ms",
            "50",
            "--patience-ms",
            "2000",
        ],
    ]
    .concat();
    let ended = folder.check(&busy, &arguments).end();
    ended.says(0, &[]);
    let at = |words: &str| ended.err.find(words);
    let (slower, rotated) = (at("server lags"), at("rotation 1 of 1"));
    assert!(slower.is_some() && slower < rotated, "{}", ended.err);
    let report = folder.report();
    let rate = report.plan.rates[&Class::Full];
    assert!(rate < 33.0, "it takes no more than that, and {rate} came");
    let mut warned = report.findings.iter();
    let warned = warned.any(|of| {
        of.words
            .contains(&format!("{rate} times a second instead of 50"))
    });
    assert!(warned, "{:?}", report.findings);

    let fast = [&arguments[..], &["--rate", "50"]].concat();
    let ended = folder.check(&busy, &fast).end();
    ended.says(3, &[]);
    assert!(ended.out.contains("`--rate`"), "{}", ended.out);
}

/// As Mojolicious's daemon does for minutes: it goes on with those who have left, and serves nobody in time. So many
/// fewer clients say nothing of it until it was started again.
#[test]
fn a_server_that_does_not_come_back_from_too_many_clients_is_started_again_for_fewer() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let folder = Folder::new();
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strangers/stuck.py");
    let toml = format!(
        "command = [{python:?}, {server:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n\
         protocol = \"any_http\"\n[reload]\nsignal = \"HUP\"\n"
    );
    let one = ["--rotations", "1", "--no-scenarios", "--classes", "full"];
    let patience = ["--patience-ms", "1000"];
    let ended = folder.check(&toml, &[&one[..], &patience].concat()).end();
    // Which of the clients that come later it serves in time, the machine decides as well; but there is a verdict.
    assert!(
        [0, 1].contains(&ended.code()),
        "{}\n{}",
        ended.out,
        ended.err
    );
    let lags = "this machine or the server lags";
    assert!(ended.err.contains(lags), "{}", ended.err);
}
