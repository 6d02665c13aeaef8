//! Two servers take the course: one that passes it, and one as it is written in an afternoon.

mod parts;
mod taking;

use std::process::Command;

/// How the book calls the run, the program, its file, and what is added to its command.
const RUNS: [(&str, &str, &str, &[&str]); 2] = [
    ("passes", "ch05-race-conditions", "servers/ch05.toml", &[]),
    (
        "stops",
        "ch03-handshake-hook",
        "servers/ch03.toml",
        &["--", "--hook", "stat"],
    ),
];

fn main() {
    for (name, program, file, more) in RUNS {
        // `zdr` looks for it beside itself.
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", program]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let built = build.current_dir(taking::root()).status();
        assert!(built.expect("cargo runs").success());
        let taken = taking::take(file, more);
        // Up to what is found in the second stage, then the other stages, then what comes of them.
        let is_next = |line: &str| line.starts_with("   Note: ") || line.starts_with("3 ");
        let (first, rest) = parts::split(&taken, is_next);
        let (rest, end) = parts::split(rest, str::is_empty);
        parts::print(name, &[("first", first), ("rest", rest), ("end", end)]);
    }
}
