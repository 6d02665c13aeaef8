//! What the book shows of `zdr check`: a run against the bundled server as it should be, and one
//! against the same server with a defect.

mod parts;

use std::path::Path;
use std::process::Command;

/// Each run: how the book calls it, and its arguments.
const RUNS: [(&str, &[&str]); 2] = [
    ("sound", &["--rotations", "20", "--interval-ms", "500"]),
    // The kubelet swaps both files as one, which this defect survives.
    (
        "defect",
        &[
            "--writer",
            "kubelet",
            "--rotations",
            "10",
            "--interval-ms",
            "500",
            "--scenarios",
            "torn,expired",
            "--",
            "--defect",
            "changed-in-place",
        ],
    ),
];

fn main() {
    let server = "listings/zdr/servers/broken.toml";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, arguments) in RUNS {
        let output = Command::new(env!("CARGO_BIN_EXE_zdr"))
            .current_dir(&root)
            .args(["check", server, "--quiet"])
            .args(arguments)
            .output()
            .expect("zdr runs");
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        let run = format!(
            "$ zdr check {server} {}\n{}exit code {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            output.status.code().unwrap_or(-1),
        );
        let (verdict, rest) = parts::split(&run, str::is_empty);
        let (wrong, rest) = match rest.starts_with("What is wrong") {
            true => parts::split(rest, str::is_empty),
            false => ("", rest),
        };
        let mut shown = vec![("verdict", verdict), ("wrong", wrong), ("rest", rest)];
        shown.retain(|(_, text)| !text.is_empty());
        parts::print(name, &shown);
    }
}
