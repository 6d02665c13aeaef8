//! Two servers take the course: one that passes it, and one as it is written in an afternoon.

use std::path::Path;
use std::process::Command;

/// The program, its file, and what is added to its command.
const RUNS: [(&str, &str, &[&str]); 2] = [
    ("ch05-race-conditions", "ch05.toml", &[]),
    (
        "ch03-handshake-hook",
        "ch03.toml",
        &["--", "--hook", "stat"],
    ),
];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (program, file, more) in RUNS {
        // `zdr` looks for it beside itself.
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", program]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let built = build.current_dir(&root).status().expect("cargo runs");
        assert!(built.success());
        let server = format!("listings/zdr/servers/{file}");
        let output = Command::new(env!("CARGO_BIN_EXE_zdr"))
            .current_dir(&root)
            .args(["check", &server, "--course"])
            .args(more)
            .output()
            .expect("zdr runs");
        println!("\n$ zdr check {server} --course {}", more.join(" "));
        print!("{}", without_path(&String::from_utf8_lossy(&output.stdout)));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        println!("exit code {}", output.status.code().unwrap_or(-1));
    }
}

/// Each run has a directory of its own.
fn without_path(text: &str) -> String {
    let directory = std::env::temp_dir().join("rotation-");
    let directory = directory.to_string_lossy();
    let mut parts = text.split(&*directory);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let file = part.split_once('/').map_or(part, |(_, file)| file);
        shown.push_str("[PATH]/");
        shown.push_str(file);
    }
    shown
}
