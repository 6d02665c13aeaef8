//! How a server reloads, where the command does not tell: what counts as a reload, and what is said where none was found.

use std::fs;

use zdr::report::{Code, Severity};
use zdr::server::spec::Spec;

use super::{BROKEN, Folder, ONE_ROTATION};

/// What `zdr init` finds out about a server of this command.
fn found(command: &str) -> (String, Spec) {
    let folder = Folder::new();
    let init = [
        "init",
        "its.toml",
        "--protocol",
        "http",
        "--command",
        command,
    ];
    folder.run(&init).says(0, &[]);
    let path = folder.path("its.toml");
    (
        fs::read_to_string(&path).unwrap(),
        Spec::read(&path).unwrap(),
    )
}

fn server(more: &str) -> String {
    let files = "--certificate {certificate} --key {key} --roots {roots}";
    format!("{BROKEN} {files} --port {{port}} {more}")
}

/// It looks at its files every six seconds, and its shell is what signals come to.
#[test]
fn a_server_that_rarely_looks_at_its_files_is_not_said_to_need_a_restart() {
    let server = server("--poll-only --poll-ms 6000");
    let (text, spec) = found(&format!(
        "sh -c 'trap \"\" HUP USR1 USR2; {server} & wait $!'"
    ));
    assert!(text.contains("looks at them rarely"), "{text}");
    assert!(!spec.reload.restart, "{text}");
}

/// One of its workers comes to it too late for the look.
#[test]
fn a_reload_that_only_some_workers_come_to_is_one() {
    let (text, spec) = found(&server("--defect workers-disagree --lag-ms 60000"));
    assert!(!spec.reload.restart, "{text}");
    assert_eq!(spec.reload.signal, None, "{text}");
    let text = text.replace("\n# ", " ");
    for part in ["without being told", "and not to all clients in time"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Nothing reloads it. What it reads just after its port is open, it reads once.
#[test]
fn a_server_that_starts_late_is_not_said_to_follow_its_files() {
    if lab_test::peer::find("python3").is_none() {
        return;
    }
    let folder = Folder::new();
    folder.write("late.py", include_str!("../strangers/late.py"));
    let command = "python3 late.py {certificate} {key} {port}";
    let init = ["init", "its.toml", "--protocol", "any_http"];
    let init = [&init[..], &["--command", command]].concat();
    folder.run(&init).says(0, &[]);
    let text = fs::read_to_string(folder.path("its.toml")).unwrap();
    let spec = Spec::read(&folder.path("its.toml")).unwrap();
    assert!(spec.reload.restart, "{text}");
}

/// What is said before the first rotation. The port is another one each time.
fn before_rotations(said: &str) -> Vec<&str> {
    let (_, said) = said.split_once("trying what").unwrap();
    let (said, _) = said.split_once("watching it").unwrap();
    said.lines()
        .filter(|line| !line.starts_with("  listens") && !line.starts_with("ANCHOR"))
        .collect()
}

/// Nothing reloads it. The book shows this run.
#[test]
fn a_restart_that_was_a_guess_is_called_one() {
    if lab_test::peer::find("python3").is_none() {
        return;
    }
    let folder = Folder::new();
    folder.write("server.py", include_str!("../strangers/server.py"));
    let command = "python3 server.py --cert {certificate} --key {key} --port {port}";
    let few = ["--rate", "5", "--steady-ms", "100"];
    let asked = ["check", "--json", "report.json", "--command", command];
    let asked = [&asked[..], &few, &ONE_ROTATION].concat();
    let done = folder.run(&asked);
    let guesses = folder.report().findings;
    let guesses: Vec<_> = guesses
        .iter()
        .filter(|of| of.code == Code::ReloadNotFound)
        .collect();
    assert_eq!(guesses.len(), 1, "{}", done.out);
    assert_eq!(guesses[0].severity, Severity::Warning);
    let words = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("How this server reloads was not found"),
        "{words}"
    );
    // Erlang looks at its files every two minutes.
    assert!(words.contains("longer `reload_within_ms`"), "{words}");
    let shown = concat!(env!("CARGO_MANIFEST_DIR"), "/measured/stranger.txt");
    let shown = fs::read_to_string(shown).unwrap();
    assert_eq!(before_rotations(&done.err), before_rotations(&shown));
    // Whoever asks for a restart knows that.
    let asked_for = ["--reload", "restart", "--protocol", "any_http"];
    folder.run(&[&asked, &asked_for[..]].concat());
    let codes: Vec<_> = folder.report().findings.iter().map(|of| of.code).collect();
    assert!(!codes.contains(&Code::ReloadNotFound), "{codes:?}");
}
