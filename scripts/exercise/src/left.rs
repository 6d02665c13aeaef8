//! What an answer leaves behind: processes that it has started, and that run on when it has ended.
//!
//! On Linux, a process is known by a variable in the environment with which it began, whatever group or session it is in now. On other
//! systems it is known by its process group alone. Nothing else is ever ended: both the variable's value and the group are of one run.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// The variable that an answer's program begins with, and passes on to all that it starts.
const VARIABLE: &str = "EXERCISE_RUN";

/// One run of an answer.
#[derive(Debug)]
pub struct Run {
    mark: String,
}

impl Run {
    /// The next one of this process.
    pub fn next() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            mark: format!("{}{number}", of_this_process()),
        }
    }

    /// What the variable holds.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Marks what is started by this, and puts it into a process group of its own.
    pub fn of<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(VARIABLE, &self.mark).process_group(0)
    }

    /// Ends all that bears the mark, and says what that was: a command line for each.
    pub fn end_marked(&self) -> Vec<String> {
        system::end(|mark| mark == self.mark)
    }

    /// The same, and what is still of the group of a program that has ended. It must not have been waited for, so that no other
    /// group has its number.
    pub fn end_all(&self, ended: &Child) -> Vec<String> {
        let left = self.end_marked();
        if let Some(group) = pid(ended) {
            // Where nothing of it is left there is no such group.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        left
    }
}

/// Ends what any run of this process has started.
pub fn end_all_of_this_process() {
    system::end(|mark| mark.starts_with(of_this_process()));
}

/// By this variable a process is told that it is a keeper, and what the marks of the process that it keeps begin with.
const KEEPER: &str = "EXERCISE_KEEPER";

/// Starts a keeper: this program once more, which ends what this process has started when this process is gone. One that is killed
/// can end nothing any more. Without a keeper all else goes on as it does.
pub fn start_keeper() {
    // As long as this process lives, its end of the pipe is open.
    static KEPT: OnceLock<Option<Child>> = OnceLock::new();
    KEPT.get_or_init(|| {
        let mut keeper = Command::new(env::current_exe().ok()?);
        keeper
            .env(KEEPER, of_this_process())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        keeper.spawn().ok()
    });
}

/// Whether this process is a keeper. If so, this returns when it has done what it is for.
pub fn is_keeper() -> bool {
    let Ok(begin) = env::var(KEEPER) else {
        return false;
    };
    // Nothing is written to it. It ends with the process at the other end.
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    system::end(|mark| !begin.is_empty() && mark.starts_with(&begin));
    true
}

/// What each mark of this process begins with. A number alone would be that of another process some day.
fn of_this_process() -> &'static str {
    static BEGIN: OnceLock<String> = OnceLock::new();
    BEGIN.get_or_init(|| {
        let random = RandomState::new().hash_one(VARIABLE);
        format!("{}-{random:x}-", process::id())
    })
}

/// Whether a program has ended. It is not waited for: until then its number stays its own.
///
/// # Errors
/// When the system does not say.
pub fn has_ended(child: &Child) -> io::Result<bool> {
    let Some(pid) = pid(child) else {
        return Ok(true);
    };
    let only_look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(pid), only_look) {
        Ok(ended) => Ok(ended.is_some()),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn pid(child: &Child) -> Option<Pid> {
    let number = i32::try_from(child.id()).ok()?;
    Pid::from_raw(number)
}

#[cfg(target_os = "linux")]
mod system {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::fd::OwnedFd;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// One that starts others faster than they are ended is given up.
    const BOUND: Duration = Duration::from_secs(2);

    /// Ends each process whose mark is wanted, until there is none. Returns their command lines.
    pub(super) fn end(wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let (mut ended, began) = (BTreeMap::new(), Instant::now());
        loop {
            let found = marked(&wanted);
            if found.is_empty() || began.elapsed() > BOUND {
                return ended.into_values().collect();
            }
            for (pid, process) in found {
                let words = words(pid);
                // It may have ended by itself.
                let _ = pidfd_send_signal(process, Signal::KILL);
                ended.entry(pid).or_insert(words);
            }
            // What has just been ended is there for a moment more.
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// What runs now, and bears such a mark.
    fn marked(wanted: &impl Fn(&str) -> bool) -> Vec<(i32, OwnedFd)> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let held = numbers.filter_map(|number| {
            // It is held before it is looked at: what is signalled is what was looked at, even if its number is given away meanwhile.
            let process = pidfd_open(Pid::from_raw(number)?, PidfdFlags::empty()).ok()?;
            let environment = fs::read(format!("/proc/{number}/environ")).ok()?;
            let begin = format!("{}=", super::VARIABLE);
            let mut variables = environment.split(|byte| *byte == 0);
            let mark = variables.find_map(|one| one.strip_prefix(begin.as_bytes()))?;
            wanted(std::str::from_utf8(mark).ok()?).then_some((number, process))
        });
        held.collect()
    }

    /// Its command line, as it is typed.
    fn words(pid: i32) -> String {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        let words = line.split('\0').filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    /// No environment of another process can be read.
    pub(super) fn end(_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        Vec::new()
    }
}
