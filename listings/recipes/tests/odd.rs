//! What stands where a file should: nothing waits for it, it is told with the file and the fault, and the last
//! good pair is served until there is a good one.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use lab::BOUND;
use lab::agent::{Agent, Files, Strategy};
use lab::event::Event;
use rustix::fs::{CWD, Mode, mkfifoat};

use crate::programs::{self, Running};

/// A thing that is no file, and words that each language says of it, in any case.
type Odd = (&'static str, fn(&Path), &'static [&'static str]);

const NOTHING: &str = "nothing at all";

const ODD: [Odd; 8] = [
    ("a FIFO without a writer", pipe, &["not a regular file"]),
    (
        "a directory",
        folder,
        &["not a regular file", "is a directory"],
    ),
    ("a device without an end", device, &["not a regular file"]),
    ("a socket", socket, &["no such device or address"]),
    (
        "links in a circle",
        circle,
        &["too many levels of symbolic links"],
    ),
    ("a file of a tebibyte", huge, &["larger than 1 mib"]),
    // Regular by its type: to open it works, and to read it does not.
    (
        "a file that cannot be read",
        memory,
        &["input/output error"],
    ),
    (NOTHING, |_| (), &["no such file or directory"]),
];

fn pipe(path: &Path) {
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
}

fn folder(path: &Path) {
    fs::create_dir(path).unwrap();
}

fn device(path: &Path) {
    symlink("/dev/zero", path).unwrap();
}

fn socket(path: &Path) {
    // The socket stays where its listener has gone.
    UnixListener::bind(path).unwrap();
}

fn circle(path: &Path) {
    symlink(path, path).unwrap();
}

fn huge(path: &Path) {
    File::create(path).unwrap().set_len(1 << 40).unwrap();
}

fn memory(path: &Path) {
    symlink("/proc/self/mem", path).unwrap();
}

fn of(files: &Files) -> [&Path; 3] {
    [&files.certificate, &files.key, &files.roots]
}

/// How many files a process has open.
fn open(server: &Running) -> usize {
    let descriptors = format!("/proc/{}/fd", server.0.id());
    fs::read_dir(descriptors).unwrap().count()
}

fn goes_on(mut command: Command) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let (server, said) = programs::logging(&mut command, &files);
    let next = |waits_for: &str| {
        loop {
            let line = said.recv_timeout(BOUND);
            let line = line.unwrap_or_else(|why| panic!("{command:?}: {waits_for}: {why}"));
            match Event::parse(&line) {
                Some(event) if event.name().starts_with("identity_") => return event,
                _ => {}
            }
        }
    };
    assert_eq!(next("the first pair").number("generation"), Some(1));
    let before = open(&server);
    // Twice, in the place of another file. What was told last is not told again: no file follows itself.
    for (nth, (what, put, words)) in ODD.iter().chain(&ODD).enumerate() {
        let path = of(&files)[nth % 3];
        let aside = path.with_extension("aside");
        fs::rename(path, &aside).unwrap();
        put(path);
        let mut event = next(what);
        // For a moment it was gone.
        if event.text("reason").as_deref() == Some("missing") && *what != NOTHING {
            event = next(what);
        }
        let said = event.to_string();
        assert_eq!(event.name(), "identity_rejected", "{what}: {said}");
        assert_eq!(event.number("generation"), Some(1), "{what}: {said}");
        assert_eq!(
            event.text("file").as_deref(),
            path.to_str(),
            "{what}: {said}"
        );
        let detail = event.text("detail").unwrap().to_lowercase();
        let is_told = words.iter().any(|words| detail.contains(words));
        assert!(is_told, "{what}: {said}");
        match path.is_dir() {
            true => fs::remove_dir(path).unwrap(),
            false => drop(fs::remove_file(path)),
        }
        fs::rename(aside, path).unwrap();
    }
    let renewed = agent.rotate().unwrap();
    let event = next("a renewal after all that");
    assert_eq!(event.text("serial"), Some(renewed.facts.serial), "{event}");
    no_roots(&mut agent, &files, &next);
    // It may read one as they are counted. One that is left at each fault is more.
    let left = open(&server).saturating_sub(before);
    assert!(left < ODD.len(), "{left} files are left open");
}

/// What is wrong with the roots holds no leaf up: the last good ones judge it. That is told, and again at the renewal.
fn no_roots(agent: &mut Agent, files: &Files, next: &dyn Fn(&str) -> Event) {
    fs::remove_file(&files.roots).unwrap();
    let is_told = |event: Event| {
        assert_eq!(event.name(), "identity_rejected", "{event}");
        let file = event.text("file");
        assert_eq!(file.as_deref(), files.roots.to_str(), "{event}");
    };
    is_told(next("no roots"));
    let renewed = agent.rotate().unwrap();
    let event = next("a renewal without roots");
    assert_eq!(event.text("serial"), Some(renewed.facts.serial), "{event}");
    is_told(next("no roots after a renewal"));
}

#[test]
fn in_rust() {
    goes_on(Command::new(env!("CARGO_BIN_EXE_recipe-hyper")));
}

#[test]
fn in_go() {
    if let Some(program) = programs::go() {
        goes_on(Command::new(program));
    }
}

#[test]
fn in_python() {
    if let Some(program) = programs::in_python() {
        goes_on(program);
    }
}
