//! The Go twin keeps its own house: formatted, vetted, and tested under Go's race detector.

use std::path::Path;
use std::process::{Command, Output};

/// Runs a command among the twin's sources, and panics with what it said unless it went well.
fn run(command: &mut Command) -> Output {
    let twin = concat!(env!("CARGO_MANIFEST_DIR"), "/go");
    let command = command.current_dir(twin).envs(lab_test::peer::GO);
    let output = command.output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|part| String::from_utf8_lossy(part));
    assert!(output.status.success(), "{command:?}\n{}", said.concat());
    output
}

#[test]
fn it_is_formatted() {
    let Some(go) = lab_test::peer::find("go") else {
        return;
    };
    // gofmt comes with Go, but is not always on the search path.
    let root = run(Command::new(go).args(["env", "GOROOT"])).stdout;
    let gofmt = Path::new(str::from_utf8(&root).unwrap().trim()).join("bin/gofmt");
    let unformatted = run(Command::new(gofmt).args(["-l", "."])).stdout;
    assert_eq!(
        String::from_utf8(unformatted).unwrap(),
        "",
        "gofmt -w mends it"
    );
}

/// One command for both: the standard library is compiled once, with the detector in it.
#[test]
fn it_is_vetted_and_its_tests_pass_under_the_race_detector() {
    let Some(go) = lab_test::peer::find("go") else {
        return;
    };
    let output = run(Command::new(go).args([
        "test",
        "-race",
        "-vet=all",
        "-count=1",
        "-timeout=120s",
        "-json",
        "./...",
    ]));
    let said = String::from_utf8(output.stdout).unwrap();
    let passed = said
        .lines()
        .filter(|line| line.contains(r#""Action":"pass","Package":"twin","Test":"#));
    assert!(passed.count() >= 20, "few tests ran: {said}");
}
