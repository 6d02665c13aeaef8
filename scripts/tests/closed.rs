//! A chore whose output is read no more ends as any other.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

/// The exit code says that it failed, where the words find no reader. 101 would be a panic.
#[test]
fn an_error_that_nothing_reads_has_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tls.key"), "precious").unwrap();
    let full = folder.path().to_str().unwrap();
    for (program, arguments) in [
        (env!("CARGO_BIN_EXE_book"), &["build", "-d", full][..]),
        (env!("CARGO_BIN_EXE_new-chapter"), &["ch01-is-there"]),
        (env!("CARGO_BIN_EXE_offline"), &[full]),
        (env!("CARGO_BIN_EXE_preprocess"), &[]),
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let status = command.status().unwrap();
        assert_eq!(status.code(), Some(1), "{command:?}");
    }
}
