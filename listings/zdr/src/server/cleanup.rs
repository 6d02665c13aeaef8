//! A second process that cleans up when `zdr` cannot: after SIGKILL, or when memory ran out.
//!
//! This reaper holds the end of a pipe, which the system closes when `zdr` is gone, however that came
//! about. Then the reaper ends all that `zdr` has started and removes the run's directory. It does
//! not find a server that has left its process group and its environment, and it does nothing when
//! it is killed itself.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard};

use tempfile::TempDir;

use crate::server::process_tree::end_all;

static PIPE: Mutex<Option<ChildStdin>> = Mutex::new(None);

fn pipe() -> MutexGuard<'static, Option<ChildStdin>> {
    PIPE.lock().unwrap_or_else(|e| e.into_inner())
}

/// The reaper, as `zdr` sees it. When this is dropped, all is cleaned up.
pub struct Reaper {
    process: Child,
    directory: TempDir,
}

fn no_place(error: &io::Error) -> io::Error {
    let temporary = std::env::temp_dir();
    io::Error::other(format!(
        "{}: no temporary folder can be made there ({error}): make it a folder with room for some MB where you may \
         write, or name another one by the variable TMPDIR",
        temporary.display()
    ))
}

impl Reaper {
    /// Starts `program` with the argument `guard`, the number of this process, and the directory
    /// in which all temporary ones lie from now on.
    ///
    /// # Errors
    /// When there is no directory, or no process.
    pub fn start(program: &Path) -> io::Result<Self> {
        let directory = lab::open_directory().map_err(|error| no_place(&error))?;
        let mut process = Command::new(program)
            .arg("guard")
            .arg(std::process::id().to_string())
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C at the terminal is not for it.
            .process_group(0)
            .spawn()?;
        *pipe() = process.stdin.take();
        tempfile::env::override_temp_dir(directory.path())
            .map_err(|_| io::Error::other("temporary directories have a place already"))?;
        Ok(Self { process, directory })
    }

    /// The reaper itself: waits until process `pid` is gone, and cleans up after it.
    ///
    /// # Errors
    /// When the directory is still there and cannot be removed.
    pub fn run(pid: u32, directory: &Path) -> io::Result<()> {
        let name = directory.file_name().unwrap_or_default();
        if !name.as_bytes().starts_with(b"rotation-") {
            let directory = directory.display();
            let why = format!("{directory} is no directory of a run, and stays");
            return Err(io::Error::other(why));
        }
        let mut groups = BTreeSet::new();
        for line in io::stdin().lock().lines() {
            match line.unwrap_or_default().parse::<i32>() {
                Ok(group) if group > 0 => drop(groups.insert(group)),
                Ok(group) => drop(groups.remove(&-group)),
                Err(_) => {}
            }
        }
        end_all(pid, groups);
        match std::fs::remove_dir_all(directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        *pipe() = None;
        // It ends what is left, and then itself.
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(self.directory.path());
    }
}

/// Tells the reaper, where there is one, that this process group is ours to end.
pub(crate) fn watch_over(group: i32) {
    tell(group);
}

/// Tells it that no process is left in this group, whose number the system may give away again.
pub(crate) fn let_go(group: i32) {
    tell(-group);
}

fn tell(group: i32) {
    if let Some(pipe) = pipe().as_mut() {
        // Where the reaper was killed there is none.
        let _ = writeln!(pipe, "{group}");
    }
}
