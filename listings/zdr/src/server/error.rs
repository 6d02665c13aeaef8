//! Why a server could not be started.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::server::advice::{Advice, of_complaint, of_user};
use crate::server::holder::Holder;

/// Why a server could not be started, or not be attached to.
#[derive(Debug)]
pub enum StartError {
    /// The program was not found, or may not be run. The path is where it would be, seen from the folder in which
    /// it is run.
    Program(String, PathBuf, io::Error),
    /// A command of `setup` failed.
    Setup(String, String),
    /// It ended before it was ready.
    Ended {
        /// Its command, with all words replaced.
        command: String,
        /// How it ended.
        status: String,
        /// Who listens on a port that it may have wanted.
        held: Vec<Holder>,
        /// What it said last.
        said: String,
    },
    /// Its command ended well, and has left processes that go on without it.
    Background {
        /// Its command, with all words replaced.
        command: String,
        /// What it said last.
        said: String,
    },
    /// It was not ready in time, or never can be.
    NotReady(Box<NotReady>),
    /// Where clients would come, another process listens, and did so before the server was started.
    Taken(Box<Taken>),
    /// No server answers where it should be attached to.
    Unreachable(String, io::Error),
    /// A file or folder of the run is missing, or could not be written.
    File(PathBuf, io::Error),
    /// What this key of the description names is not there, or cannot be used.
    Named(&'static str, PathBuf, io::Error),
    /// The server cannot run as this user, and why.
    User(String, String),
    /// There is no such process as `attach` tells.
    Process(i32),
}

/// A server that runs, and is not ready.
#[derive(Debug)]
pub struct NotReady {
    /// Its command, with all words replaced.
    pub command: String,
    /// How long was waited for it.
    pub waited: Duration,
    /// The event by which it should have said so, where there is one.
    pub event: Option<String>,
    /// Where clients would come.
    pub expected: SocketAddr,
    /// Whether its description has `{port}` anywhere.
    pub is_told: bool,
    /// Where its processes listen. Empty where that is nowhere, or cannot be known.
    pub listens: Vec<SocketAddr>,
    /// Who listens on a port that it may have wanted.
    pub held: Vec<Holder>,
    /// What it said last.
    pub said: String,
}

/// A server whose clients would come to another.
#[derive(Debug)]
pub struct Taken {
    /// Its command, with all words replaced.
    pub command: String,
    /// Who listens there.
    pub holder: Holder,
    /// What it said last.
    pub said: String,
}

/// A server that `zdr` can neither signal nor wait for.
const IN_BACKGROUND: &str =
    "the server went into the background, where `zdr` cannot signal it or see it end";

/// How it can.
const FOREGROUND: &str = "keep the server in the foreground: nginx -g 'daemon off;', haproxy without -D, httpd -DFOREGROUND, \
     a script with `exec` before its last command and without `&`";

/// What can be judged although its processes follow each other.
const SUCCESSOR: &str = "A server that hands its port over to a new process at each reload is followed if the first process of \
     the command listens itself. Otherwise it is judged where it runs already: `[attach]` with its \
     address, and in `[reload]` a command that signals the process which serves now";

/// So much of a line is enough to know what a server complains of.
const LINE: usize = 400;

/// What a server said, for the end of a sentence.
pub(crate) fn it_said(said: &str) -> String {
    let lines = said.trim().lines().map(|line| {
        let rest = line.chars().nth(LINE).map_or("", |_| "…");
        line.chars().take(LINE).chain(rest.chars()).collect()
    });
    let mut lines: Vec<String> = lines.collect();
    // One that is started again and again says the same each time.
    lines.dedup();
    match lines.is_empty() {
        true => "It said nothing.".to_owned(),
        false => format!("It said: {}", lines.join("\n")),
    }
}

/// The last lines of what it said: those before may be of other clients.
pub(crate) fn it_said_last(said: &str) -> String {
    const LAST: usize = 5;
    let lines: Vec<_> = said.trim().lines().collect();
    it_said(&lines[lines.len().saturating_sub(LAST)..].join("\n"))
}

fn all(each: &[impl ToString]) -> String {
    let all: Vec<_> = each.iter().map(ToString::to_string).collect();
    all.join(" and ")
}

/// How a server gets a port that nobody else has.
const FREE_PORT: &str = "put `{port}` where its command or its configuration has the port: `zdr` chooses a free one for \
     each server that it starts. Or end the other process";

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program, _, error) => write!(f, "`{program}` cannot be started: {error}"),
            Self::Setup(command, error) => write!(f, "`{command}`, of `setup`, failed: {error}"),
            // In a sentence, what it says whenever it starts is only in the way.
            Self::Ended { status, said, .. } => {
                let said = it_said_last(said);
                write!(f, "the server ended before it was ready ({status}). {said}")
            }
            Self::Background { .. } => f.write_str(IN_BACKGROUND),
            Self::NotReady(not_ready) => {
                let said = it_said_last(&not_ready.said);
                write!(f, "{}. {said}", not_ready.what())
            }
            Self::Taken(taken) => write!(f, "{}: {}", taken.what(), taken.holder),
            Self::Unreachable(address, error) => {
                write!(f, "no server answers at {address}: {error}")
            }
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Named(key, path, error) => write!(f, "`{key}` names {}: {error}", path.display()),
            Self::User(name, why) => write!(f, "`user = \"{name}\"`: {why}"),
            Self::Process(pid) => {
                write!(f, "no process has the number {pid}, which `[attach]` names")
            }
        }
    }
}

impl StartError {
    /// What is said of a server that goes into the background once it was ready.
    pub(crate) fn in_background() -> String {
        format!("{IN_BACKGROUND}; {FOREGROUND}. {SUCCESSOR}")
    }

    /// The same for somebody who wants to mend it. `None` where one sentence says all.
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Program(program, path, error) => Some(Advice {
                what: self.to_string(),
                tried: format!("starting the program `{program}`"),
                seen: error.to_string(),
                change: unstarted(path, error),
            }),
            Self::Setup(command, error) => Some(Advice {
                what: "a command of `setup` failed".into(),
                tried: format!("running {command}"),
                seen: error.clone(),
                change: of_user(error)?.into(),
            }),
            Self::Ended {
                command,
                status,
                held,
                said,
            } => Some(ended(command, status, held, said)),
            Self::Background { command, said } => Some(Advice {
                what: IN_BACKGROUND.into(),
                tried: format!("running {command}"),
                seen: format!(
                    "the command ended (exit status: 0), and processes that it started go on. {}",
                    it_said(said)
                ),
                change: FOREGROUND.into(),
            }),
            Self::NotReady(not_ready) => Some(not_ready.advice()),
            Self::Taken(taken) => Some(taken.advice()),
            _ => None,
        }
    }
}

/// What to do about a program that the system does not start.
fn unstarted(path: &Path, error: &io::Error) -> String {
    const INTERPRETER: &str =
        "call the interpreter that runs it, such as `sh` or `python3`, before its path";
    let first_line = first_line(path);
    match (error.kind(), first_line) {
        // A process that there is no room for would block.
        (io::ErrorKind::WouldBlock, _) => {
            "raise the limit of processes (ulimit -u; in a container, its number of processes), or end others of this user"
                .into()
        }
        (_, _) if path.is_dir() => "it is a folder: name the program in it".into(),
        (io::ErrorKind::PermissionDenied, _) => {
            format!("make it executable (chmod +x), or {INTERPRETER}")
        }
        (io::ErrorKind::ArgumentListTooLong, _) => {
            "shorten its arguments: a file that the server reads can hold more".into()
        }
        // The file is there, so what is not is what its first line names.
        (io::ErrorKind::NotFound, Some(line)) if line.ends_with('\r') => format!(
            "write its lines with the ends of Unix: the carriage return after `{}` belongs to the name of its \
             interpreter now",
            line.trim_end()
        ),
        (io::ErrorKind::NotFound, Some(line)) if line.starts_with("#!") => format!(
            "the file is there, and the interpreter of its first line is not: `{line}`. Name one that is there, \
             or {INTERPRETER}"
        ),
        (io::ErrorKind::NotFound, _) => {
            "name a program on the search path, or one by its path: a path with a slash begins at the folder of \
             the TOML file, or where you call `zdr`. What only a shell knows is run by `sh -c`"
                .into()
        }
        (_, Some(line)) if !line.starts_with("#!") => format!(
            "the file is no program of this system. A script begins with a line such as `#!/bin/sh`; or {INTERPRETER}"
        ),
        _ => "try to start it by hand, from the same folder".into(),
    }
}

/// The first line of a file, if that can be a script, with the carriage return at its end.
fn first_line(path: &Path) -> Option<String> {
    const LONGEST: u64 = 256;
    let mut bytes = Vec::new();
    let file = path.is_file().then(|| File::open(path).ok())??;
    file.take(LONGEST).read_to_end(&mut bytes).ok()?;
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    Some(String::from_utf8_lossy(line).into_owned())
}

/// What is said of a server that ended before it was ready.
fn ended(command: &str, status: &str, held: &[Holder], said: &str) -> Advice {
    let what = format!("the server ended before it was ready ({status})");
    let tried = format!("running {command}");
    if !held.is_empty() {
        return Advice {
            what: format!("{what}: its port is taken"),
            tried,
            seen: format!("{}\n{}", it_said(said), all(held)),
            change: FREE_PORT.into(),
        };
    }
    let change = match said.trim() {
        "" => {
            "let the command stay for as long as the server serves, and print why it cannot. To try \
             it without `zdr`, run it with files of your own in place of these"
        }
        said => of_user(said).unwrap_or_else(|| of_complaint(said)),
    };
    Advice {
        what,
        tried,
        seen: it_said(said),
        change: change.into(),
    }
}

impl Taken {
    fn advice(&self) -> Advice {
        let (holder, said) = (&self.holder, it_said(&self.said));
        Advice {
            what: self.what(),
            tried: format!("running {}", self.command),
            seen: format!("{holder}, and did so before the server was started. {said}"),
            change: FREE_PORT.into(),
        }
    }

    fn what(&self) -> String {
        let port = self.holder.address.port();
        format!("clients of port {port} would come to another server, which is not to be judged")
    }
}

impl NotReady {
    fn what(&self) -> String {
        let within = format!("the server was not ready within {:?}", self.waited);
        match (&self.event, self.listens.is_empty()) {
            (None, false) if !self.is_told => {
                "the server listens on a port of its own: its description has no `{port}`".into()
            }
            (None, false) if self.is_not_reached() => {
                format!("{within}: it listens, and no connection comes about")
            }
            (None, false) => format!("{within}: it listens elsewhere"),
            (Some(event), false) => format!("{within}: it did not log `{event}`"),
            (_, true) if !self.held.is_empty() => format!("{within}: its port is taken"),
            (_, true) => within,
        }
    }

    /// Whether it listens just where clients come.
    fn is_not_reached(&self) -> bool {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], self.expected.port()));
        self.listens.contains(&self.expected) || self.listens.contains(&everywhere)
    }

    fn wait_longer(&self) -> String {
        format!(
            "raise `within_ms` in `[ready]` above {} if the server needs longer; otherwise find out what it waits for",
            self.waited.as_millis()
        )
    }

    fn advice(&self) -> Advice {
        let expected = self.expected;
        let tried = match &self.event {
            None => format!("running {}\nconnecting to {expected}", self.command),
            Some(event) => format!(
                "running {}\nreading its stderr for a line of JSON with \"event\": \"{event}\" and a \"port\"",
                self.command
            ),
        };
        let seen = match self.listens.is_empty() {
            true if !self.held.is_empty() => format!(
                "it runs, but listens on no port. {}\n{}",
                it_said(&self.said),
                all(&self.held)
            ),
            true => format!("it runs, but listens on no port. {}", it_said(&self.said)),
            false => format!(
                "it listens on {}. {}",
                all(&self.listens),
                it_said(&self.said)
            ),
        };
        let same_port = |address: &SocketAddr| address.port() == expected.port();
        let change = match (&self.event, self.listens.is_empty()) {
            (None, false) if self.is_not_reached() => {
                "look whether this machine reaches itself: its loopback interface may be down (`ip link set lo up`), or a \
                 filter drops what is sent to that port"
                    .into()
            }
            (None, false) if self.listens.iter().any(same_port) => {
                "let it listen on 127.0.0.1 or on all addresses: clients connect to 127.0.0.1"
                    .into()
            }
            (None, false) => format!(
                "put `{{port}}` where its command or its configuration has the port {}",
                self.listens[0].port()
            ),
            (Some(_), false) => {
                "leave `event` out of `[ready]`: then the server is ready when it accepts a \
                                 connection on `{port}`"
                    .into()
            }
            (_, true) if !self.held.is_empty() => FREE_PORT.into(),
            (_, true) => of_user(&self.said).map_or_else(|| self.wait_longer(), str::to_owned),
        };
        Advice {
            what: self.what(),
            tried,
            seen,
            change,
        }
    }
}

impl std::error::Error for StartError {}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BIND and etcd say what they are and find before they say what is wrong.
    #[test]
    fn a_sentence_quotes_what_a_server_said_last() {
        let ended = StartError::Ended {
            command: "my-server".into(),
            status: "exit status: 1".into(),
            held: Vec::new(),
            said: "version 9\nfound 2 CPUs\na\nb\nc\nno such file\nexiting\n".into(),
        };
        let sentence = ended.to_string();
        assert!(
            sentence.ends_with("It said: a\nb\nc\nno such file\nexiting"),
            "{sentence}"
        );
    }

    #[test]
    fn who_listens_where_clients_come_does_not_listen_elsewhere() {
        let not_ready = |listens: &str| NotReady {
            command: "my-server".into(),
            waited: Duration::from_secs(30),
            event: None,
            expected: "127.0.0.1:8443".parse().unwrap(),
            is_told: true,
            listens: vec![listens.parse().unwrap()],
            held: Vec::new(),
            said: String::new(),
        };
        for (listens, what, change) in [
            (
                "127.0.0.1:8443",
                "no connection comes about",
                "ip link set lo up",
            ),
            (
                "0.0.0.0:8443",
                "no connection comes about",
                "ip link set lo up",
            ),
            (
                "10.0.0.1:8443",
                "listens elsewhere",
                "let it listen on 127.0.0.1",
            ),
            ("127.0.0.1:443", "listens elsewhere", "has the port 443"),
        ] {
            let advice = not_ready(listens).advice();
            assert!(advice.what.contains(what), "{}", advice.what);
            assert!(advice.change.contains(change), "{}", advice.change);
        }
    }
}
