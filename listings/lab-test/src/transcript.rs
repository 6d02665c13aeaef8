//! Transcripts: what the book shows of a run, and the check that a new run still says the same.
//!
//! `transcripts/NAME.console` begins with `$ cargo run -q -p CRATE …`; the rest is what that
//! command printed, stdout and stderr together. Of a command that ends in `| FILTER`, it is what a shell's
//! filter lets through of stdout. Beside it, `NAME.events.jsonl` holds every event
//! of the recorded run with its real values: the timeline is drawn from it.
//!
//! Two runs differ in what is measured or drawn by lot. Those values are replaced by name, and by
//! nothing but name:
//!
//! | where | is shown as |
//! |---|---|
//! | fields `ts`, `not_after`, `not_before`, except in virtual time, and `tickets_until` | `[TIME]` |
//! | fields whose name ends in `port` | `[PORT]` |
//! | fields whose name ends in `_ms` or `_us`; in text, a number with `ms`, `µs` or `s` | `[DURATION]` |
//! | fields whose name ends in `sha256` | `[HASH]` |
//! | fields `file`, `directory` | `[PATH]/` and the file's name |
//! | in the field `detail`, seconds since 1970 | `[TIME]` |
//! | in the field `detail`, a number before `seconds` | `[DURATION]` |
//! | in text, `127.0.0.1:` and a number | `127.0.0.1:[PORT]` |
//! | in text, a date and time, except in virtual time | `[TIME]` |
//! | in text, the path of a directory that [`lab::directory`] made | `[PATH]` |
//! | in a judgement, how many attempts there were, and how many attempts or downloads failed | `[COUNT]` |
//! | in a judgement, the bound that follows from such a count | `[SHARE]` |
//!
//! Events of single connections are concurrent. Between two events of any other kind they are
//! shown in the order of their connection's number, `connection_opened` before
//! `connection_closed`. That is the whole rule; nothing else is moved.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;
use snapbox::assert::{Action, Assert};
use snapbox::{Data, Redactions};

use lab::event::{Event, FILE_VARIABLE};

/// Runs the command of each transcript of a crate again, and compares. With `SNAPSHOTS=overwrite`
/// (which `cargo record` sets) writes the transcripts instead.
///
/// `crate_directory` is the crate's `CARGO_MANIFEST_DIR`; `binary` the program that
/// `cargo run -p CRATE` runs, from `CARGO_BIN_EXE_…`, so that the build need not be done twice.
///
/// # Panics
/// On drift, with a diff; when there is no transcript; when a command cannot be run or fails.
pub fn check(crate_directory: &str, binary: &str) {
    check_dated(crate_directory, binary, Dates::Replaced);
}

/// As [`check`], for programs that run in virtual time: their dates are the same in each run, and
/// are shown and compared as they are.
///
/// # Panics
/// As [`check`].
pub fn check_in_virtual_time(crate_directory: &str, binary: &str) {
    check_dated(crate_directory, binary, Dates::Kept);
}

/// Runs the command of each transcript with its output going to a pipe that is read no more, as after
/// `| head -1`. Each has to come to its end, and to a good one.
///
/// # Panics
/// When a program fails then: 101 is a panic of its own.
pub fn check_unread(crate_directory: &str, binary: &str) {
    for console in consoles(crate_directory) {
        let (command, arguments, _) = recorded(&console, crate_directory);
        let (reader, writer) = io::pipe().unwrap_or_else(|e| panic!("no pipe: {e}"));
        drop(reader);
        let status = writer.try_clone().and_then(|stdout| {
            let mut command = prepared(binary, &arguments, None, crate_directory);
            command.stdout(stdout).stderr(writer).status()
        });
        let status = status.unwrap_or_else(|e| panic!("{command}: {e}"));
        assert!(
            status.success(),
            "{command}, whose output is not read: {status}"
        );
    }
}

/// Whether `[TIME]` stands for dates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dates {
    Replaced,
    Kept,
}

fn check_dated(crate_directory: &str, binary: &str, dates: Dates) {
    for console in consoles(crate_directory) {
        let (command, arguments, filter) = recorded(&console, crate_directory);
        let (output, events) = run(binary, &arguments, filter.as_deref(), crate_directory)
            .unwrap_or_else(|e| panic!("{}: {command}: {e}", console.display()));

        let shown = format!("{command}\n{}", normalise_dated(&output, dates));
        // The file ends with one line break, as text files do.
        let assert = Assert::new()
            .action_env("SNAPSHOTS")
            .normalize_paths(false)
            .redact_with(redactions(dates).clone());
        assert.eq(shown, Data::read_from(&console, None).raw());

        let raw = console.with_extension("events.jsonl");
        // A program that logs nothing has nothing to draw.
        if events.is_empty() && !raw.exists() {
            continue;
        }
        if assert.selected_action() == Action::Overwrite {
            fs::write(&raw, events).unwrap_or_else(|e| panic!("{}: {e}", raw.display()));
        } else {
            same_run(&console, &raw, dates);
        }
    }
}

/// The transcripts of a crate.
fn consoles(crate_directory: &str) -> Vec<PathBuf> {
    let folder = Path::new(crate_directory).join("transcripts");
    let mut consoles: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "console"))
        .collect();
    consoles.sort();
    assert!(
        !consoles.is_empty(),
        "no transcript in {}",
        folder.display()
    );
    consoles
}

/// The command of a transcript, the arguments that it gives, and what its output is filtered by.
fn recorded(console: &Path, crate_directory: &str) -> (String, Vec<String>, Option<String>) {
    let recorded = fs::read_to_string(console).unwrap_or_default();
    let command = recorded.lines().next().unwrap_or_default();
    let (program, filter) = match command.split_once(" | ") {
        Some((program, filter)) => (program, Some(filter.to_owned())),
        None => (command, None),
    };
    let arguments = arguments(program, crate_directory)
        .unwrap_or_else(|error| panic!("{}: {error}", console.display()));
    (command.to_owned(), arguments, filter)
}

/// The recorded events and the recorded text must be of one run: what the text shows is what the
/// events say, so that the picture cannot drift from the text beside it.
fn same_run(console: &Path, raw: &Path, dates: Dates) {
    let read = |path| fs::read_to_string(path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let shown: Vec<String> = events_in(&read(console));
    let names: Vec<String> = shown.iter().filter_map(|l| name_of(l)).collect();
    let drawn: Vec<String> = events_in(&normalise_dated(&read(raw), dates))
        .into_iter()
        .filter(|line| name_of(line).is_some_and(|name| names.contains(&name)))
        .collect();
    assert!(
        drawn == shown,
        "{} and {} are of different runs: record them again",
        console.display(),
        raw.display()
    );
}

fn events_in(text: &str) -> Vec<String> {
    let is_event = |line: &&str| Event::parse(line).is_some();
    text.lines().filter(is_event).map(str::to_owned).collect()
}

fn name_of(line: &str) -> Option<String> {
    Event::parse(line).map(|event| event.name().to_owned())
}

/// The arguments after `--` in `$ cargo run -q -p CRATE -- ARGUMENTS`.
fn arguments(command: &str, crate_directory: &str) -> Result<Vec<String>, String> {
    let name = Path::new(crate_directory).file_name().unwrap_or_default();
    let prefix = format!("$ cargo run -q -p {}", name.to_string_lossy());
    let rest = command
        .strip_prefix(&prefix)
        .ok_or_else(|| format!("the first line must begin with `{prefix}`"))?;
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    rest.strip_prefix(" -- ")
        .and_then(shlex::split)
        .ok_or_else(|| format!("`{rest}` is not ` -- ` and arguments"))
}

/// Runs a program to its end, and returns what it printed on stdout and stderr, in the order in
/// which it printed it, and all its events. It runs at the root of the workspace, as a reader's
/// command does.
fn run(
    binary: &str,
    arguments: &[String],
    filter: Option<&str>,
    crate_directory: &str,
) -> io::Result<(String, String)> {
    let directory = tempfile::tempdir()?;
    let events = directory.path().join("events.jsonl");
    let (mut reader, writer) = io::pipe()?;
    let mut command = prepared(binary, arguments, filter, crate_directory);
    command
        .env(FILE_VARIABLE, &events)
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command.spawn()?;
    // The command holds our ends of the pipe; without them gone, the read below never ends.
    drop(command);
    let mut output = String::new();
    reader.read_to_string(&mut output)?;
    let status = child.wait()?;
    if !status.success() {
        return Err(io::Error::other(format!("{status}:\n{output}")));
    }
    match fs::read_to_string(&events) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((output, String::new())),
        read => Ok((output, read?)),
    }
}

/// A program that runs as a reader's command does.
fn prepared(
    binary: &str,
    arguments: &[String],
    filter: Option<&str>,
    crate_directory: &str,
) -> Command {
    let mut command = match filter {
        Some(filter) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("\"$0\" \"$@\" | {filter}"), binary]);
            shell
        }
        None => Command::new(binary),
    };
    command
        .args(arguments)
        .current_dir(Path::new(crate_directory).join("../.."))
        .stdin(Stdio::null());
    command
}

/// Replaces what differs between two runs, and orders what is concurrent, by the rules above.
pub fn normalise(output: &str) -> String {
    normalise_dated(output, Dates::Replaced)
}

fn normalise_dated(output: &str, dates: Dates) -> String {
    let mut lines: Vec<(Option<(u64, bool)>, String)> = Vec::new();
    let redactions = redactions(dates);
    for line in output.lines() {
        match Event::parse(line) {
            Some(event) => lines.push((concurrent(&event), normalise_event(event, dates))),
            None => lines.push((None, redactions.redact(line))),
        }
    }
    // A stretch of events of single connections is sorted; every other line stays where it is.
    for stretch in lines.chunk_by_mut(|(a, _), (b, _)| a.is_some() && b.is_some()) {
        stretch.sort_by_key(|(key, _)| *key);
    }
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

/// The place of an event of a single connection among others; `None` for all other events.
fn concurrent(event: &Event) -> Option<(u64, bool)> {
    match event.name() {
        name @ ("connection_opened" | "connection_closed") => {
            let connection = event.number("connection").unwrap_or(u64::MAX);
            Some((connection, name == "connection_closed"))
        }
        _ => None,
    }
}

fn normalise_event(mut event: Event, dates: Dates) -> String {
    for (field, value) in &mut event.0 {
        let shown = match field.as_str() {
            "ts" | "not_after" | "not_before" if dates == Dates::Kept => continue,
            "ts" | "not_after" | "not_before" => "[TIME]".into(),
            "tickets_until" if !value.is_null() => "[TIME]".into(),
            name if name.ends_with("port") => "[PORT]".into(),
            name if name.ends_with("_ms") || name.ends_with("_us") => "[DURATION]".into(),
            name if name.ends_with("sha256") => "[HASH]".into(),
            "file" | "directory" => {
                let path = value.as_str().map(Path::new).and_then(Path::file_name);
                format!("[PATH]/{}", path.unwrap_or_default().to_string_lossy())
            }
            // What rustls says of a validity.
            "detail" if dates == Dates::Replaced => {
                DETAIL.redact(value.as_str().unwrap_or_default())
            }
            _ => continue,
        };
        *value = Value::String(shown);
    }
    event.to_string()
}

/// What is drawn by lot or measured in any text.
const MEASURED: [(&str, &str); 3] = [
    ("[PORT]", r"127\.0\.0\.1:(?<redacted>\d+)"),
    ("[DURATION]", r"\b(?<redacted>\d+(\.\d+)? (ms|µs|s))\b"),
    ("[PATH]", r"(?<redacted>/[\w./-]*/rotation-\w{6})\b"),
];

/// What a judgement counted. How many attempts a client makes in a while, and how many of them fail,
/// differs between runs. How many rotations there are, and how often one is met without harm, does not.
const COUNTED: [(&str, &str); 4] = [
    (
        "[COUNT]",
        r"(?<redacted>\d+) of \S+ (?:attempts|crossings|downloads)\b",
    ),
    ("[COUNT]", r" of (?<redacted>\d+) attempts\b"),
    (
        "[COUNT]",
        r"[\d\]] of (?<redacted>\d+) (?:crossings|downloads)\b",
    ),
    (
        "[SHARE]",
        r"(?:attempts|[\d\]] of \S+ (?:crossings|downloads))[\w ]* failed \(below (?<redacted>[\d.]+ %)\)",
    ),
];

/// To compile a pattern takes longer than to look for it.
static REPLACED: LazyLock<Redactions> = LazyLock::new(|| {
    let date = r"\b(?<redacted>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)";
    replacing(&[&MEASURED[..], &COUNTED, &[("[TIME]", date)]].concat())
});
static KEPT: LazyLock<Redactions> =
    LazyLock::new(|| replacing(&[&MEASURED[..], &COUNTED].concat()));
static DETAIL: LazyLock<Redactions> = LazyLock::new(|| {
    replacing(&[
        ("[TIME]", r"\b(?<redacted>\d{10})\b"),
        ("[DURATION]", r"\b(?<redacted>\d+) seconds\b"),
    ])
});

fn redactions(dates: Dates) -> &'static Redactions {
    match dates {
        Dates::Replaced => &REPLACED,
        Dates::Kept => &KEPT,
    }
}

fn replacing(patterns: &[(&'static str, &str)]) -> Redactions {
    let mut redactions = Redactions::new();
    for (name, pattern) in patterns {
        let pattern = regex::Regex::new(pattern).expect("the pattern is valid");
        let inserted = redactions.insert(name, pattern);
        inserted.expect("the name is in brackets");
    }
    redactions
}
