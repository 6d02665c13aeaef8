//! Processes of their own: what the agents of one process share, those of two do not. And the clock of one can jump.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Output, Stdio};

/// By these a process of its own is told which check it is for, and its machine.
const CHECK: &str = "EXERCISE_CHECK";
const MACHINE: &str = "EXERCISE_PROCESS";

/// By this a process whose clock jumps is told the file that makes it do so: it jumps when there is one.
const LATER: &str = "EXERCISE_LATER";

/// What stands before the C library's own function, of which the standard library asks the time. In C, since it has to be
/// loaded before all else. A certificate of an hour is still valid by the date, and the clock that nobody sets goes a day ahead.
const JUMPS: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    int said = (int)syscall(SYS_clock_gettime, clock, now);
    const char *later = getenv("EXERCISE_LATER");
    if (said == 0 && later != NULL && access(later, F_OK) == 0)
        now->tv_sec += clock == CLOCK_REALTIME ? 10 * 60 : 24 * 60 * 60;
    return said;
}
"#;

/// What such a process prints before its answer.
const SAYS: &str = "the process says: ";

/// Whether the check of this name is to be tried in this process: in one of its own, it is that check alone.
pub(crate) fn is_wanted(check: &str) -> bool {
    env::var(CHECK).is_ok_and(|name| name == check) || env::var_os(CHECK).is_none()
}

/// What `say` returns in a process for each of these machines, all started at once. Each runs the check again that asks, and no
/// other. `check` is the path of its module, `module_path!()`, and its name.
///
/// # Panics
/// When `say` does, and when a process ends without an answer.
pub fn each_process<const N: usize>(
    check: (&str, &str),
    machines: [&str; N],
    say: impl Fn(&str) -> String,
) -> [String; N] {
    if let Ok(machine) = env::var(MACHINE) {
        println!("\n{SAYS}{}", say(&machine));
        process::exit(0);
    }
    // What it panics with here is a failure of this check.
    say(machines[0]);
    let started = machines.map(|machine| {
        let child = on_host(machine).and_then(|command| {
            let mut command = again(command, check);
            command.env(MACHINE, machine).env("HOSTNAME", machine);
            command.spawn()
        });
        child.unwrap_or_else(|error| panic!("A process of its own cannot be started: {error}."))
    });
    // Each ends by itself: its check is bounded, as this one is.
    let ended = started.map(Child::wait_with_output);
    ended.map(|ended| {
        answer(&ended.unwrap_or_else(|error| panic!("A process of its own: {error}.")))
    })
}

/// What `say` returns in a process whose clock jumps by a day when `say` calls what it is given. A date jumps by ten minutes. `None` where
/// there is no such process, as on a system that has no compiler for C. `check` is as in [`each_process`]. After the jump, nothing may be
/// waited for that has a bound.
///
/// # Panics
/// When `say` does, and when the process ends without an answer.
pub fn a_day_later(check: (&str, &str), say: impl Fn(&dyn Fn()) -> String) -> Option<String> {
    if let Some(later) = env::var_os(LATER) {
        let jump = || fs::write(&later, "").unwrap_or_else(|error| panic!("The clock: {error}."));
        println!("\n{SAYS}{}", say(&jump));
        process::exit(0);
    }
    // What it panics with here is a failure of this check.
    say(&|| ());
    let folder = tempfile::tempdir().ok()?;
    let jumps = made_in(folder.path())?;
    let mut command = again(Command::new(env::current_exe().ok()?), check);
    command.env("LD_PRELOAD", jumps);
    command.env(LATER, folder.path().join("later"));
    command.output().ok().map(|output| answer(&output))
}

/// Makes what lets a clock jump.
fn made_in(folder: &Path) -> Option<PathBuf> {
    if !cfg!(all(target_os = "linux", target_pointer_width = "64")) {
        return None;
    }
    let [source, made] = ["jumps.c", "jumps.so"].map(|name| folder.join(name));
    fs::write(&source, JUMPS).ok()?;
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&made);
    let ended = compiler.arg(source).stderr(Stdio::null()).status();
    ended.is_ok_and(|status| status.success()).then_some(made)
}

/// What such a process has said.
fn answer(output: &Output) -> String {
    let printed = String::from_utf8_lossy(&output.stdout);
    let answer = printed.lines().find_map(|line| line.strip_prefix(SAYS));
    let answer = answer.unwrap_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        let status = output.status;
        panic!("A process of its own has ended without an answer ({status}): {errors}")
    });
    answer.to_owned()
}

/// This program again, for one check.
fn again(mut command: Command, (module, name): (&str, &str)) -> Command {
    // Where the book tries all answers at once, each is a test of one program: `it::ch09_spread::solution::test`.
    let path = module.split_once("::").map_or(module, |(_, path)| path);
    if let Some(answer) = path.strip_suffix("::test") {
        let test = format!("{answer}::is_judged");
        command.args([&test, "--exact", "--nocapture", "--test-threads=1"]);
    }
    command
        .env(CHECK, name)
        .env("TMPDIR", tempfile::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// This program on a host of this name, where the system lets a user make one, and else on this host. There it is process number 1, as in a
/// container.
fn on_host(name: &str) -> io::Result<Command> {
    let program = env::current_exe()?;
    let script = r#"echo "$0" > /proc/sys/kernel/hostname && exec "$@""#;
    let within = |words: &mut Command| {
        words.args([
            "--user",
            "--map-root-user",
            "--uts",
            // The first process of a container has the number 1 on each machine.
            "--pid",
            "--fork",
            "sh",
            "-c",
            script,
            name,
        ]);
    };
    let mut tried = Command::new("unshare");
    within(&mut tried);
    let tried = tried.arg("true").stderr(Stdio::null()).status();
    if !tried.is_ok_and(|status| status.success()) {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("unshare");
    within(&mut command);
    command.arg(program);
    Ok(command)
}
