//! `cargo record`: run every transcript's command, and write down what it prints.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use scripts::root;
use walkdir::WalkDir;

fn main() -> ExitCode {
    match record() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every command ran.
fn record() -> io::Result<bool> {
    let before = transcripts()?;
    // `cargo test --test transcripts` builds each program and knows where it lies; the variable
    // makes its comparison write instead.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--quiet", "--workspace", "--test", "transcripts"])
        .args(["--no-fail-fast"])
        .env("SNAPSHOTS", "overwrite")
        .current_dir(root())
        .status()?;
    for (path, text) in transcripts()? {
        let shown = path.strip_prefix(root()).unwrap_or(&path).display();
        if before.get(&path) != Some(&text) {
            println!("recorded {shown}");
        } else {
            println!("as before {shown}");
        }
    }
    Ok(status.success())
}

fn transcripts() -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in WalkDir::new(root().join("listings")) {
        let path = entry?.into_path();
        if path.extension().is_some_and(|e| e == "console") {
            found.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(found)
}
