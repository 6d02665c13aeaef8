//! Two servers take the course: one that passes it, and one as it is written in an afternoon.

use std::path::Path;
use std::process::Command;

const PASSES: &str = "ch05-race-conditions";
const STOPS: &str = "ch03-handshake-hook";

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // `zdr` looks for them beside itself.
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "-p", PASSES, "-p", STOPS]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    assert!(build.current_dir(here).status().unwrap().success());

    course(&here.join("servers/ch05.toml"));
    let naive = std::fs::read_to_string(here.join("servers/ch03.toml")).unwrap();
    let naive = naive.replace("\"{port}\"]", "\"{port}\", \"--hook\", \"stat\"]");
    let folder = lab::directory().unwrap();
    let file = folder.path().join("naive.toml");
    std::fs::write(&file, naive).unwrap();
    course(&file);
}

fn course(file: &Path) {
    let zdr = Command::new(env!("CARGO_BIN_EXE_zdr"))
        .arg("check")
        .arg(file)
        .arg("--course")
        .output()
        .unwrap();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    println!("$ zdr check {name} --course");
    // Each run has a directory of its own.
    let text = String::from_utf8_lossy(&zdr.stdout);
    let directory = std::env::temp_dir().join("rotation-");
    let directory = directory.to_string_lossy();
    let mut parts = text.split(&*directory);
    print!("{}", parts.next().unwrap_or_default());
    for part in parts {
        let file = part.split_once('/').map_or(part, |(_, file)| file);
        print!("[PATH]/{file}");
    }
    println!("(exit code {})\n", zdr.status.code().unwrap_or_default());
}
