//! `zdr log`, as a person types it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The command in a directory, with no input.
pub fn log(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch10-log-analysis"));
    command
        .arg("log")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null());
    command
}

/// The exit code, and what was said on stderr.
pub fn said(output: &Output) -> (Option<i32>, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}
