//! `zdr demo` where its server is not beside it.

use std::fs;
use std::process::Command;

/// `zdr` alone, as from an installation of this one program.
#[test]
fn without_its_server_the_demo_says_what_is_missing_and_what_to_do() {
    // On the file system of the program, so that it can have two names: a copy that is still being written
    // when another test starts a process cannot be started itself.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let alone = folder.path().join("bin/zdr");
    fs::create_dir(folder.path().join("bin")).unwrap();
    fs::hard_link(env!("CARGO_BIN_EXE_zdr"), &alone).unwrap();

    let mut demo = Command::new(&alone);
    let output = demo
        .arg("demo")
        .env("PATH", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "no verdict: {output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    for word in [
        "`broken`",
        alone.to_str().unwrap(),
        "cargo install --locked --path listings/zdr",
        "cargo build -p zdr",
    ] {
        assert!(error.contains(word), "{word}: {error}");
    }
}
