//! `cargo record`: run every transcript's command, and write down what it prints.
//!
//! `cargo record --figures` runs every benchmark instead, and writes what it measured, with the
//! machine, under `listings/*/measured/`. Figures differ from machine to machine, so no test
//! compares them; the book shows these files and no other figures.
//!
//! `cargo record --versions` asks each tool for its version, and writes `tests/versions.toml`. With
//! `--check` it writes nothing, and fails where a version that this repository fixes is another one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use events::{eprintln, println};
use scripts::{root, versions};
use time::OffsetDateTime;
use walkdir::WalkDir;

/// Record the transcripts that the book shows: run their commands, and write down the output.
#[derive(Parser)]
#[command(name = "cargo record")]
struct Arguments {
    /// Run the benchmarks instead, and record their figures. Nothing else should run on the machine.
    #[arg(long)]
    figures: bool,
    /// Record the versions of the tools that the tests use instead.
    #[arg(long, conflicts_with_all = ["figures", "only"])]
    versions: bool,
    /// Write nothing: compare the installed versions with the recorded ones.
    #[arg(long, requires = "versions")]
    check: bool,
    /// Record only this listing, by the name of its crate, such as `ch05-race-conditions`.
    #[arg(long)]
    only: Option<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything ran.
fn run(arguments: &Arguments) -> io::Result<bool> {
    let (root, only) = (root()?, arguments.only.as_deref());
    match arguments {
        Arguments { check: true, .. } => compare_versions(&root),
        Arguments { versions: true, .. } => record_versions(&root),
        Arguments { figures: true, .. } => measure(&root, only),
        _ => record(&root, only),
    }
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Whether every command ran.
fn record(root: &Path, only: Option<&str>) -> io::Result<bool> {
    let before = transcripts(root, only)?;
    // The tests of that name build each program and know where it lies; the variable makes their
    // comparison write instead.
    let mut command = cargo(root);
    match only {
        Some(listing) => command.args(["test", "--quiet", "--package", listing]),
        None => command.args(["test", "--quiet", "--workspace"]),
    };
    let status = command
        .args(["--test", "it", "--no-fail-fast", "--", "transcripts::"])
        .env("SNAPSHOTS", "overwrite")
        .status()?;
    for (path, text) in transcripts(root, only)? {
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        if before.get(&path) != Some(&text) {
            println!("recorded {shown}");
        } else {
            println!("as before {shown}");
        }
    }
    Ok(status.success())
}

/// What is recorded of all listings, or of only one.
fn transcripts(root: &Path, only: Option<&str>) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let (mut found, listings) = (BTreeMap::new(), root.join("listings"));
    for entry in WalkDir::new(only.map_or(listings.clone(), |name| listings.join(name))) {
        let path = entry?.into_path();
        if path.extension().is_some_and(|e| e == "console") {
            found.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(found)
}

/// Whether every benchmark ran. One that fails leaves its file as it was.
fn measure(root: &Path, only: Option<&str>) -> io::Result<bool> {
    let mut all = true;
    for (listing, bench) in benches(root)? {
        if only.is_some_and(|only| only != listing) {
            continue;
        }
        let arguments = ["bench", "--quiet", "--package", &listing, "--bench", &bench];
        let measured = cargo(root)
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()?;
        if !measured.status.success() {
            eprintln!("error: {listing}: {bench}: {}", measured.status);
            all = false;
            continue;
        }
        let figures = String::from_utf8_lossy(&measured.stdout);
        let command = format!("$ cargo bench -q -p {listing} --bench {bench}");
        let path = root.join(format!("listings/{listing}/measured/{bench}.txt"));
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        let figures = with_machine(&figures, &machine()?);
        fs::write(&path, format!("{command}\n{figures}"))?;
        println!("measured listings/{listing}/measured/{bench}.txt");
    }
    Ok(all)
}

fn recorded_versions(root: &Path) -> PathBuf {
    root.join("tests/versions.toml")
}

fn record_versions(root: &Path) -> io::Result<bool> {
    let about = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = about
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let found = versions::Versions {
        date: OffsetDateTime::now_utc().date().to_string(),
        system: system
            .unwrap_or(std::env::consts::OS)
            .trim_matches('"')
            .into(),
        tools: versions::installed(),
    };
    let text = versions::write(&found).map_err(io::Error::other)?;
    fs::write(recorded_versions(root), text)?;
    println!("recorded tests/versions.toml: {} tools", found.tools.len());
    Ok(true)
}

/// Whether each version that this repository fixes is the one that is written down.
fn compare_versions(root: &Path) -> io::Result<bool> {
    let text = fs::read_to_string(recorded_versions(root))?;
    let recorded = versions::parse(&text).map_err(io::Error::other)?;
    let found = versions::differences(&recorded.tools, &versions::installed());
    for moved in &found.moved {
        println!("moved: {moved}");
    }
    for wrong in &found.wrong {
        eprintln!("error: {wrong}: run `cargo record --versions`");
    }
    Ok(found.wrong.is_empty())
}

/// Each listing and each of its benchmarks, as its manifest names them.
fn benches(root: &Path) -> io::Result<Vec<(String, String)>> {
    let metadata = cargo(root)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout)?;
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]) {
            if target["kind"][0] == "bench"
                && let (Some(listing), Some(bench)) =
                    (package["name"].as_str(), target["name"].as_str())
            {
                found.push((listing.to_owned(), bench.to_owned()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Figures with the machine below them. Where they end in a part that a page shows alone, the machine belongs to it.
fn with_machine(figures: &str, machine: &str) -> String {
    let lines = figures.trim_end();
    match lines.rsplit_once('\n') {
        Some((part, end)) if end.starts_with("ANCHOR_END:") => {
            format!("{part}\n{machine}\n{end}\n")
        }
        _ => format!("{figures}{machine}\n"),
    }
}

/// Where and when, in one line: a figure without its machine says nothing.
fn machine() -> io::Result<String> {
    let cores = std::thread::available_parallelism()?;
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| Some(line.split_once(':')?.1.trim()));
    let rustc = Command::new("rustc").arg("--version").output()?;
    let rustc = String::from_utf8_lossy(&rustc.stdout).into_owned();
    let rustc: Vec<_> = rustc.split_whitespace().take(2).collect();
    Ok(format!(
        "({}: {cores} cores, {}, {}, {})",
        OffsetDateTime::now_utc().date(),
        model.unwrap_or(std::env::consts::ARCH),
        std::env::consts::OS,
        rustc.join(" "),
    ))
}

#[cfg(test)]
mod tests {
    use super::with_machine;

    #[test]
    fn the_machine_stands_below_the_figures_and_within_their_last_part() {
        assert_eq!(with_machine("\n1 ms\n", "(1 core)"), "\n1 ms\n(1 core)\n");
        assert_eq!(
            with_machine("ANCHOR: a\n1 ms\nANCHOR_END: a\n", "(1 core)"),
            "ANCHOR: a\n1 ms\n(1 core)\nANCHOR_END: a\n"
        );
    }
}
