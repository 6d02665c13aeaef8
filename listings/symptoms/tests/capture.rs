//! Runs programs, and holds what they print against the list.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use symptoms::{Index, Symptom};
use tokio::process::Child;

use crate::bench::Bench;

/// The list, and nothing wrong in it.
pub fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| {
        let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
        let entries = read("tests/catalogue.toml").matches("[[failure]]").count();
        let index = Index::parse(&read("tests/symptoms.toml"), entries);
        index.unwrap_or_else(|error| panic!("tests/symptoms.toml: {error}"))
    });
    &INDEX
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a command to its end, and returns what it printed, stdout and stderr together.
///
/// # Panics
/// When it cannot be run, or has not ended after [`lab::BOUND`].
pub async fn run(command: &mut Command) -> String {
    let told = format!("{command:?}");
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut child = spawn(command, log.path());
    match tokio::time::timeout(lab::BOUND, child.wait()).await {
        Ok(ended) => drop(ended.unwrap()),
        Err(_) => panic!(
            "waited for the end of {told}. It said:\n{}",
            read(log.path())
        ),
    }
    read(log.path())
}

fn spawn(command: &mut Command, log: &Path) -> Child {
    let told = format!("{command:?}");
    let log = File::options().append(true).create(true).open(log).unwrap();
    // A group of its own: see `Daemon::drop`.
    command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let command = std::mem::replace(command, Command::new("true"));
    let child = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn();
    child.unwrap_or_else(|error| panic!("{told}: {error}"))
}

/// What a file holds, whatever bytes it has.
fn read(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A server of somebody else. It and what it has started end when this is dropped.
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it. What it prints goes to the file `log` of the bench.
    pub fn start(bench: &Bench, command: &mut Command, log: &str) -> Self {
        let log = bench.path(log);
        let child = spawn(command, &log);
        Self { child, log }
    }

    /// Where it prints.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until it accepts connections on this port.
    ///
    /// # Panics
    /// After [`lab::BOUND`], or when it has ended, with what it printed.
    pub async fn listens(&mut self, port: u16) {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        self.until(&format!("somebody to listen on {port}"), async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await;
    }

    /// Waits until it has printed this.
    ///
    /// # Panics
    /// As [`Daemon::listens`].
    pub async fn says(&mut self, words: &str) {
        let log = self.log.clone();
        self.until(words, async || read(&log).contains(words)).await;
    }

    async fn until(&mut self, what: &str, is: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !is().await {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < lab::BOUND,
                "waited for {what}; ended: {ended:?}. It said:\n{}",
                read(&self.log)
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid().unwrap(), signal).unwrap();
    }

    fn pid(&self) -> Option<Pid> {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        pid.and_then(Pid::from_raw)
    }
}

/// Servers end their workers when they are asked to end. One that does not end is killed, with its group.
impl Drop for Daemon {
    fn drop(&mut self) {
        let Some(pid) = self.pid() else { return };
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::TERM);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > lab::BOUND {
                let _ = kill_process_group(pid, Signal::KILL);
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// How often a file is looked at that grows. Nothing follows from it but how soon the test goes on.
pub const LOOK: Duration = Duration::from_millis(10);

/// What a program printed, by the scenes of its list.
pub struct Scenes {
    program: &'static str,
    texts: BTreeMap<String, String>,
    logs: Vec<(&'static str, PathBuf)>,
}

impl Scenes {
    /// None yet, of the program with this id.
    pub fn of(program: &'static str) -> Self {
        Self {
            program,
            texts: BTreeMap::new(),
            logs: Vec::new(),
        }
    }

    /// What was printed in a scene.
    pub fn add(&mut self, scene: &str, text: String) {
        let known = self.texts.insert(scene.to_owned(), text);
        assert!(known.is_none(), "scene `{scene}` was played twice");
    }

    /// What one program printed of several scenes: each begins with a line `== scene`.
    pub fn add_each(&mut self, text: &str) {
        let mut scenes = text.split("== ");
        let before = scenes.next().unwrap_or_default();
        assert!(before.trim().is_empty(), "before the first scene: {before}");
        for scene in scenes {
            let (name, said) = scene.split_once('\n').unwrap_or((scene, ""));
            self.add(name, said.to_owned());
        }
    }

    /// A log that grows while the scene is played.
    pub fn log(&mut self, scene: &'static str, path: &Path) {
        self.logs.push((scene, path.to_owned()));
    }

    /// Holds all of it against the list: each symptom was printed in its scene, and each scene has a symptom.
    ///
    /// # Panics
    /// With all that differs, and with what was printed in its place.
    pub async fn check(mut self) {
        let index = index();
        let program = index.programs.iter().find(|p| p.id == self.program);
        let program = program.unwrap_or_else(|| panic!("`{}` is not in the list", self.program));
        let captured = program.symptom.iter().filter(|s| s.scene.is_some());
        let captured: Vec<_> = captured.collect();
        for (scene, text) in self.grown(&captured).await {
            self.add(scene, text);
        }
        // A version words all as it does: one that still has some of these words has all of them.
        let worded = |symptom: &&Symptom| !symptom.also.is_empty();
        let is = |symptom: &&Symptom| {
            let text = symptom
                .scene
                .as_deref()
                .and_then(|scene| self.texts.get(scene));
            text.is_some_and(|text| says(symptom, text))
        };
        let other = !captured
            .iter()
            .copied()
            .filter(worded)
            .any(|symptom| is(&symptom));
        let mut wrong = String::new();
        for symptom in &captured {
            let scene = symptom.scene.as_deref().unwrap_or_default();
            match self.texts.get(scene) {
                None => wrong += &format!("\n{}: no scene `{scene}`\n", symptom.id),
                Some(text) if says(symptom, text) => {}
                Some(text) if other && says_otherwise(symptom, text) => {}
                Some(text) => {
                    wrong += &format!("\n{}: in `{scene}` it said:\n{text}\n", symptom.id)
                }
            }
        }
        let named: BTreeSet<_> = captured.iter().filter_map(|s| s.scene.as_deref()).collect();
        for (scene, text) in &self.texts {
            if !named.contains(scene.as_str()) {
                wrong +=
                    &format!("\nno symptom names the scene `{scene}`, in which it said:\n{text}\n");
            }
        }
        assert!(wrong.is_empty(), "{}:{wrong}", self.program);
    }

    /// What the logs hold, when they hold all that the list says, or after [`lab::BOUND`].
    async fn grown(&self, captured: &[&Symptom]) -> Vec<(&'static str, String)> {
        let (began, mut before) = (Instant::now(), None);
        loop {
            let logs = self.logs.iter();
            let texts: Vec<_> = logs.map(|(scene, log)| (*scene, read(log))).collect();
            let is_whole = |(scene, text): &(&str, String)| {
                let mut of_log = captured
                    .iter()
                    .filter(|s| s.scene.as_deref() == Some(scene));
                of_log.all(|symptom| says(symptom, text) || says_otherwise(symptom, text))
            };
            // To look for words takes long: only where there are more.
            let is_news = before.as_ref() != Some(&texts);
            if (is_news && texts.iter().all(is_whole)) || began.elapsed() > lab::BOUND {
                return texts;
            }
            before = Some(texts);
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Whether the words stand in a line of the text.
fn says(symptom: &Symptom, text: &str) -> bool {
    symptom.words().unwrap().pattern().is_match(text)
}

/// Whether those of another version do.
fn says_otherwise(symptom: &Symptom, text: &str) -> bool {
    let mut others = symptom.also.iter().map(|also| also.words().unwrap());
    others.any(|words| words.pattern().is_match(text))
}
