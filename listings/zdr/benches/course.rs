//! Two servers take the course: one that passes it, and one as it is written in an afternoon.

mod taking;

use std::process::Command;

/// The program, its file, and what is added to its command.
const RUNS: [(&str, &str, &[&str]); 2] = [
    ("ch05-race-conditions", "servers/ch05.toml", &[]),
    (
        "ch03-handshake-hook",
        "servers/ch03.toml",
        &["--", "--hook", "stat"],
    ),
];

fn main() {
    for (program, file, more) in RUNS {
        // `zdr` looks for it beside itself.
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", program]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let built = build.current_dir(taking::root()).status();
        assert!(built.expect("cargo runs").success());
        taking::take(file, more);
    }
}
