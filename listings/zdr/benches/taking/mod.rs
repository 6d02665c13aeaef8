//! A server takes the course, and what is printed is what a person sees.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the book.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Takes the server of this file, from `listings/zdr`, through the course. `more` is added to the command. What it
/// printed has its command above it, and its exit code below.
pub fn take(file: &str, more: &[&str]) -> String {
    let server = format!("listings/zdr/{file}");
    let output = Command::new(env!("CARGO_BIN_EXE_zdr"))
        .current_dir(root())
        .args(["check", &server, "--course"])
        .args(more)
        .output()
        .expect("zdr runs");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let arguments = ["zdr check", &server, "--course"];
    format!(
        "$ {}\n{}exit code {}",
        [&arguments[..], more].concat().join(" "),
        without_path(&String::from_utf8_lossy(&output.stdout)),
        output.status.code().unwrap_or(-1),
    )
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
