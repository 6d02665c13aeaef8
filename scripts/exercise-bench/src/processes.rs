//! Processes of their own: what the agents of one process share, those of two do not.

use std::env;
use std::io;
use std::process::{self, Child, Command, Stdio};

/// By these a process of its own is told which check it is for, and its machine.
const CHECK: &str = "EXERCISE_CHECK";
const MACHINE: &str = "EXERCISE_PROCESS";

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
        let child = start(check, machine);
        child.unwrap_or_else(|error| panic!("A process of its own cannot be started: {error}."))
    });
    // Each ends by itself: its check is bounded, as this one is.
    let ended = started.map(Child::wait_with_output);
    ended.map(|ended| {
        let output = ended.unwrap_or_else(|error| panic!("A process of its own: {error}."));
        let printed = String::from_utf8_lossy(&output.stdout);
        let answer = printed.lines().find_map(|line| line.strip_prefix(SAYS));
        let answer = answer.unwrap_or_else(|| {
            let errors = String::from_utf8_lossy(&output.stderr);
            let status = output.status;
            panic!("A process of its own has ended without an answer ({status}): {errors}")
        });
        answer.to_owned()
    })
}

/// This program again, for one check.
fn start((module, name): (&str, &str), machine: &str) -> io::Result<Child> {
    let mut command = on_host(machine)?;
    // Where the book tries all answers at once, each is a test of one program: `it::ch09_spread::solution::test`.
    let path = module.split_once("::").map_or(module, |(_, path)| path);
    if let Some(answer) = path.strip_suffix("::test") {
        let test = format!("{answer}::is_judged");
        command.args([&test, "--exact", "--nocapture", "--test-threads=1"]);
    }
    command
        .env(CHECK, name)
        .env(MACHINE, machine)
        .env("HOSTNAME", machine)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
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
