//! What a check itself costs, and whether a busy machine changes its verdict: what `cargo benchmark --itself`
//! measures and writes down. It runs `zdr` as a person does.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::report::Machine;
use crate::server::process_tree::MARKER;

/// All that was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Itself {
    /// The day, UTC.
    pub date: String,
    /// The command that measured it.
    pub command: String,
    /// The machine, on which `zdr` and its servers ran.
    pub machine: Machine,
    /// Which share of its processor time others took, before anything was started. `None` where the system does
    /// not tell.
    pub busy_before: Option<f64>,
    /// A default run of a sound server, with nothing beside it.
    pub alone: OneRun,
    /// Arguments of the runs on a busy machine, without the server.
    pub arguments: Vec<String>,
    /// Loops that did nothing but take processor time meanwhile.
    pub loops: usize,
    /// How many of these runs there were at a time.
    pub at_once: usize,
    /// What came of them.
    pub verdicts: Vec<Verdicts>,
}

/// One run of a program.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct OneRun {
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Processor time of it and of all that it started and waited for, in seconds.
    pub processor_seconds: f64,
    /// The most memory that it had at once (`VmHWM`), in bytes, without what it started.
    pub peak_memory: u64,
    /// How it ended, in a word.
    pub verdict: String,
}

/// A server whose verdict is known.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// Arguments of `zdr` that name it, behind all others.
    pub server: Vec<String>,
    /// The right verdict: `passed` or `failed`.
    pub right: &'static str,
}

/// What came of many runs against one server.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Verdicts {
    /// The server.
    pub name: String,
    /// The right verdict.
    pub right: String,
    /// How often there was which.
    pub counts: BTreeMap<String, u32>,
    /// What the first run printed whose verdict was another.
    pub wrong: Option<String>,
}

impl Verdicts {
    /// How many runs had another verdict than the right one.
    pub fn wrong(&self) -> u32 {
        let others = self.counts.iter().filter(|(of, _)| **of != self.right);
        others.map(|(_, count)| count).sum()
    }
}

/// A program that bears this process's mark, and has its files where this process has them: whoever cleans up
/// after this one finds both.
fn guarded(program: &PathBuf) -> Command {
    let mut command = Command::new(program);
    command.env(MARKER, format!("{}-itself", std::process::id()));
    command.env("TMPDIR", tempfile::env::temp_dir());
    command
}

/// Runs a program, and sees what it uses.
///
/// # Errors
/// When it cannot be started, and where the system does not tell what a process uses.
pub fn alone(program: &PathBuf, arguments: &[String]) -> io::Result<OneRun> {
    let mut command = guarded(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn()?;
    let used = used_until_end(&child);
    let seconds = began.elapsed().as_secs_f64();
    if used.is_err() {
        // Nobody would wait for it.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (processor_seconds, peak_memory) = used?;
    Ok(OneRun {
        arguments: arguments.to_vec(),
        seconds,
        processor_seconds,
        peak_memory,
        verdict: verdict(status.code()).to_owned(),
    })
}

/// Waits until a process has ended, which has not been waited for: until then its times can be read.
fn used_until_end(child: &Child) -> io::Result<(f64, u64)> {
    const LOOK: Duration = Duration::from_millis(20);
    let mut peak = 0;
    loop {
        let read = |file| std::fs::read_to_string(format!("/proc/{}/{file}", child.id()));
        let most = read("status")?;
        // One that has ended has no memory.
        peak = peak.max(high_water(&most).unwrap_or(0));
        let stat = read("stat")?;
        let (state, ticks) = state_and_ticks(&stat)
            .ok_or_else(|| io::Error::other("the process's times could not be read"))?;
        if state == "Z" {
            let seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
            return Ok((seconds, peak));
        }
        thread::sleep(LOOK);
    }
}

/// `VmHWM` of `/proc/PID/status`, in bytes.
fn high_water(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// The state of a process and its ticks, with those of its children that were waited for (proc_pid_stat(5), fields
/// 3 and 14 to 17). Its name, in brackets, may hold anything.
fn state_and_ticks(stat: &str) -> Option<(&str, u64)> {
    let (_, behind) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter();
    let ticks: Result<Vec<u64>, _> = ticks.map(|ticks| ticks.parse()).collect();
    Some((fields.first()?, ticks.ok()?.iter().sum()))
}

/// What an exit code of `zdr check` says.
fn verdict(code: Option<i32>) -> &'static str {
    match code {
        Some(0) => "passed",
        Some(1) => "failed",
        Some(3) => "no verdict",
        Some(_) => "another exit code",
        None => "ended by a signal",
    }
}

/// Runs a program against each server so often, some at a time, while loops take the processor's time.
///
/// # Errors
/// When the program cannot be started.
pub fn beside_loops(
    program: &PathBuf,
    arguments: &[String],
    cases: &[Case],
    runs: u32,
    at_once: usize,
    loops: usize,
) -> io::Result<Vec<Verdicts>> {
    let _loops = Loops::start(loops);
    let all = cases.len() as u32 * runs;
    let next = AtomicU32::new(0);
    let working = || -> io::Result<Vec<(usize, Output)>> {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= all {
                return Ok(done);
            }
            let at = at as usize % cases.len();
            let mut command = guarded(program);
            command.args(arguments).args(&cases[at].server);
            done.push((at, command.stdin(Stdio::null()).output()?));
        }
    };
    let mut verdicts: Vec<_> = cases.iter().map(Verdicts::of).collect();
    let done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(working)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.collect()
    });
    for worker in done {
        let outputs = worker.map_err(|_| io::Error::other("a worker has panicked"))??;
        for (at, output) in outputs {
            verdicts[at].add(&output);
        }
    }
    Ok(verdicts)
}

impl Verdicts {
    fn of(case: &Case) -> Self {
        Self {
            name: case.name.clone(),
            right: case.right.to_owned(),
            ..Self::default()
        }
    }

    fn add(&mut self, output: &Output) {
        let verdict = verdict(output.status.code());
        *self.counts.entry(verdict.to_owned()).or_default() += 1;
        if verdict != self.right {
            let said = [&output.stdout[..], &output.stderr].concat();
            self.wrong
                .get_or_insert_with(|| String::from_utf8_lossy(&said).into_owned());
        }
    }
}

/// Threads that do nothing but take processor time, until this is dropped.
struct Loops {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Loops {
    fn start(loops: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let spin = |stop: Arc<AtomicBool>| {
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let threads = (0..loops).map(|_| spin(stop.clone())).collect();
        Self { stop, threads }
    }
}

impl Drop for Loops {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It cannot panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "12 (a) Z 9) Z 1 2 3 4 5 6 7 8 9 10 100 20 3 4 5 6\n";
        assert_eq!(state_and_ticks(stat), Some(("Z", 127)));
        assert_eq!(state_and_ticks("12 (a) R 1"), None);
        assert_eq!(high_water("Name: a\nVmHWM:\t  12 kB\n"), Some(12 * 1024));
        assert_eq!(high_water("Name: a\n"), None);
    }
}
