//! What the book shows of `zdr check`: a run against the bundled server as it should be, and one
//! against the same server with a defect.

use std::path::Path;
use std::process::Command;

const RUNS: [&[&str]; 2] = [
    &["--rotations", "20", "--interval-ms", "500"],
    // The kubelet swaps both files as one, which this defect survives.
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
];

fn main() {
    let server = "listings/zdr/servers/broken.toml";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for arguments in RUNS {
        println!("\n$ zdr check {server} {}", arguments.join(" "));
        let output = Command::new(env!("CARGO_BIN_EXE_zdr"))
            .current_dir(&root)
            .args(["check", server, "--quiet"])
            .args(arguments)
            .output()
            .expect("zdr runs");
        print!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        println!("exit code {}", output.status.code().unwrap_or(-1));
    }
}
