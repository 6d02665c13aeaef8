//! What can go wrong around a check: bad input, servers that die or hang, Ctrl-C, full disks. Each
//! has a clear sentence and an exit code; what was measured is kept, and no process is left behind.
//!
//! All of it is seen from outside: the real `zdr`, and the bundled server.

mod again;
mod attach;
mod exchange;
mod fooled;
mod found;
mod gate;
mod grows;
mod half_open;
mod inherited;
mod keep;
mod limits;
mod odd;
mod outputs;
mod overload;
mod paths;
mod preflight;
mod printed;
mod rare;
mod refuse;
mod signalled;
mod start;
mod still;
mod stop;
mod told;
mod tools;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use lab::BOUND;
use rustix::process::{Pid, Signal};
use tempfile::TempDir;
use zdr::report::Report;

use super::turns::Turn;

const ZDR: &str = env!("CARGO_BIN_EXE_zdr");
const BROKEN: &str = env!("CARGO_BIN_EXE_broken");
/// Rotations until it is ended, with few clients: on a busy machine all of them at full rate leave no time for a
/// rotation.
const FOR_EVER: [&str; 8] = [
    "--rate",
    "5",
    "--rotations",
    "1000",
    "--interval-ms",
    "50",
    "--steady-ms",
    "50",
];

/// One rotation, and no scenario.
const ONE_ROTATION: [&str; 5] = ["--rotations", "1", "--interval-ms", "50", "--no-scenarios"];
/// One rotation, with few clients, and patient ones: a busy machine is no loss.
const PATIENT: [&str; 13] = [
    "--classes",
    "full",
    "--rate",
    "10",
    "--patience-ms",
    "20000",
    "--rotations",
    "1",
    "--interval-ms",
    "50",
    "--steady-ms",
    "100",
    "--quiet",
];

/// The sound server.
const SOUND: &str = r#"
command = ["broken", "--certificate", "{certificate}", "--key", "{key}", "--roots", "{roots}", "--port", "{port}"]
[ready]
event = "listening"
"#;

/// The same behind a script, which says its process number in `pid` before it becomes the server,
/// and may start others first. All arguments of the script are the server's.
fn behind(script: &str) -> String {
    format!(
        r#"
command = ["sh", "-c", '''{script}
echo $$ > {{here}}/pid.new && mv {{here}}/pid.new {{here}}/pid
exec "$0" "$@"''', {BROKEN:?}, "--certificate", "{{certificate}}", "--key", "{{key}}", "--roots", "{{roots}}", "--port", "{{port}}"]
[ready]
event = "listening"
"#
    )
}

/// The description of a small server in Python, with what it does at SIGHUP. `None` where there is no Python.
fn at_hup(what: &str) -> Option<String> {
    let python = lab_test::peer::find("python3")?;
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strangers/at_hup.py");
    Some(format!(
        "command = [{python:?}, {server:?}, {what:?}, \"{{certificate}}\", \"{{key}}\", \"{{port}}\"]\n\
         protocol = \"any_http\"\n[reload]\nsignal = \"HUP\"\n"
    ))
}

/// A folder for the files of one test, and another for the temporary ones of `zdr`.
struct Folder(TempDir, #[expect(dead_code)] Option<Turn>);

impl Folder {
    fn new() -> Self {
        Self::with(Some(Turn::wait()))
    }

    /// For a test in which nothing is measured: it waits for no turn.
    fn idle() -> Self {
        Self::with(None)
    }

    fn with(turn: Option<Turn>) -> Self {
        let folder = Self(lab::directory().unwrap(), turn);
        fs::create_dir(folder.temporary()).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn temporary(&self) -> PathBuf {
        self.path("temporary")
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// What `zdr` has left of its temporary files.
    fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.temporary()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn report(&self) -> Report {
        Report::read(&self.path("report.json")).unwrap()
    }

    fn zdr(&self, arguments: &[&str]) -> Command {
        let mut command = heard_by(ZDR);
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("TMPDIR", self.temporary())
            .stdin(Stdio::null());
        command
    }

    /// Writes `server.toml`, and begins to check that server. The report goes to `report.json`.
    fn check(&self, toml: &str, arguments: &[&str]) -> Running {
        self.write("server.toml", toml);
        let mut command = self.zdr(&["check", "server.toml", "--json", "report.json"]);
        Running::start(command.args(arguments))
    }

    fn run(&self, arguments: &[&str]) -> Done {
        Running::start(&mut self.zdr(arguments)).end()
    }
}

/// Starts a program that hears SIGHUP, also where these tests were started by `nohup`.
fn heard_by(program: &str) -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP", program]);
    command
}

/// A process, line by line.
struct Running {
    child: Child,
    lines: Receiver<String>,
    said: String,
    stdout: Option<thread::JoinHandle<String>>,
}

/// A process that has ended.
struct Done {
    status: ExitStatus,
    out: String,
    err: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        let err = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = channel();
        thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            said: String::new(),
            stdout: Some(thread::spawn(move || {
                let mut text = Vec::new();
                let _ = out.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })),
        }
    }

    fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    /// Waits for a line on stderr that holds `part`.
    fn until(&mut self, part: &str) -> String {
        let bound = Instant::now() + BOUND;
        loop {
            let left = bound.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.said += &(line.clone() + "\n");
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("waited for {part:?}: {}", self.said),
                Err(_) => panic!("it ended before it said {part:?}: {}", self.said),
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Whether the process has ended.
    fn over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn wait(&mut self) -> ExitStatus {
        let child = &mut self.child;
        // It waits for clients that wait themselves, several times over.
        let end = "the end of the process";
        within(2 * BOUND, end, || child.try_wait().unwrap())
    }

    fn end(mut self) -> Done {
        let status = self.wait();
        let mut err = std::mem::take(&mut self.said);
        err.extend(self.lines.iter().map(|line| line + "\n"));
        Done {
            status,
            out: self.stdout.take().unwrap().join().unwrap(),
            err,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Done {
    fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Ended with this code, and with a sentence on stderr that has these parts.
    fn says(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code(), code, "{}\n{}", self.out, self.err);
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// Asks again and again, with a bound.
fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(BOUND, what, ask)
}

fn within<T>(time: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let bound = Instant::now() + time;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < bound, "waited {time:?} for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn kill(pid: i32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// The number in a file, once that is there.
fn number_in(file: &Path) -> i32 {
    until("a process number", || {
        fs::read_to_string(file).ok()?.trim().parse().ok()
    })
}

/// Processes that this `zdr` has started, by the mark that they bear.
fn children_of(zdr: i32) -> Vec<String> {
    let mark = format!("{zdr}-");
    with_in("ZDR_RUN", |run| run.to_string_lossy().starts_with(&mark))
}

/// Processes that live, by a variable of their environment.
fn with_in(variable: &str, is_it: impl Fn(&OsStr) -> bool) -> Vec<String> {
    let processes = procfs::process::all_processes().unwrap().flatten();
    let found = processes.filter(|process| {
        let environment = process.environ().unwrap_or_default();
        let value = environment.get(OsStr::new(variable));
        value.is_some_and(|value| is_it(value)) && lives(process)
    });
    found
        .map(|process| format!("{} {:?}", process.pid, process.cmdline()))
        .collect()
}

fn lives(process: &procfs::process::Process) -> bool {
    process.stat().is_ok_and(|stat| stat.state != 'Z')
}

fn is_alive(pid: i32) -> bool {
    procfs::process::Process::new(pid).is_ok_and(|process| lives(&process))
}

fn no_process_is_left(folder: &Folder, zdr: i32) {
    assert_eq!(children_of(zdr), Vec::<String>::new());
    assert_eq!(folder.left(), Vec::<PathBuf>::new());
}

/// A server that runs already: it follows the files in `files`, and its CA is in `ca`.
struct Theirs {
    running: Running,
    address: String,
    pid: i32,
}

impl Theirs {
    fn start(folder: &Folder, arguments: &[&str]) -> Self {
        folder.run(&["ca", "ca"]).says(0, &[]);
        folder
            .run(&["issue", "--ca", "ca", "--to", "files"])
            .says(0, &[]);
        let log = fs::File::create(folder.path("log")).unwrap();
        drop(log);
        let mut command = Command::new("sh");
        // Its log goes to a file, as that of most servers does.
        command
            .args(["-c", "exec \"$@\" 2>> log", "sh", BROKEN])
            .args(["--certificate", "files/tls.crt", "--key", "files/tls.key"])
            .args(["--roots", "files/ca.crt"])
            .args(arguments)
            .current_dir(folder.0.path());
        let running = Running::start(&mut command);
        let port = until("the server", || {
            let log = fs::read_to_string(folder.path("log")).unwrap();
            let events = log.lines().filter_map(lab::event::Event::parse);
            events
                .filter(|event| event.name() == "listening")
                .find_map(|event| event.number("port"))
        });
        Self {
            pid: running.pid(),
            running,
            address: format!("127.0.0.1:{port}"),
        }
    }

    fn toml(&self, more: &str) -> String {
        attach(&self.address, more)
    }
}

/// A server to attach to.
fn attach(address: &str, more: &str) -> String {
    format!("[attach]\naddress = \"{address}\"\ndirectory = \"files\"\nca = \"ca\"\n{more}\n")
}
