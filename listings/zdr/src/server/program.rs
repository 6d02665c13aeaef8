//! The programs of a run: where they lie, in which folder they run, and what marks them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Plain, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::server::error::{StartError, it_said_last};
use crate::server::output::ServerOutput;
use crate::server::placeholders::Placeholders;
use crate::server::process_tree::MARKER;
use crate::server::user::User;

/// How long a command that ends by itself may take.
const BOUND: Duration = Duration::from_secs(300);
/// So much of the end of what a failed command said is enough for a sentence.
const PAGE: u64 = 4096;

/// What the programs of one run have in common.
pub(crate) struct Launcher {
    pub(crate) words: Placeholders,
    /// Where they are run.
    pub(crate) folder: PathBuf,
    /// By which all that is started is known. Empty where the server runs already: what a
    /// command of ours starts for it has to stay.
    pub(crate) marker: String,
    /// As whom they run, where it is not who runs `zdr`.
    pub(crate) user: Option<User>,
}

impl Launcher {
    /// A command of the description, with its words replaced.
    pub(crate) fn command(&self, command: &[String]) -> Plain {
        let filled = self.filled(command);
        let (program, arguments) = filled.split_first().expect("a command is not empty");
        let mut command = Plain::new(beside(program));
        command
            .args(arguments)
            .current_dir(&self.folder)
            // A group of its own: it is ended as a whole, and Ctrl-C at the terminal is ours.
            .process_group(0)
            // Its events are its own: it must not write where ours go.
            .env_remove(lab::event::FILE_VARIABLE)
            .stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        if !self.marker.is_empty() {
            command.env(MARKER, &self.marker);
        }
        command
    }

    /// The words of a command. What stands for nothing is no argument, and what is written as an empty one is: a server may
    /// be told `--save ""`.
    fn filled(&self, command: &[String]) -> Vec<String> {
        let filled = command.iter().map(|word| (word, self.words.fill(word)));
        let filled = filled.filter(|(word, filled)| word.is_empty() || !filled.is_empty());
        filled.map(|(_, filled)| filled).collect()
    }

    /// Why the program of a command cannot be started, as far as its file tells.
    pub(crate) fn unstartable(&self, command: &[String]) -> Option<StartError> {
        // Which process that is, is known only when the command is run.
        let filled = self.filled(command);
        let named = filled.first().filter(|named| !named.contains("{pid}"))?;
        let program = beside(named);
        let folders = match named.contains('/') {
            true => vec![PathBuf::new()],
            false => search_path(),
        };
        let files = folders
            .into_iter()
            .map(|folder| self.folder.join(folder).join(&program))
            .filter_map(|path| Some((path.metadata().ok()?, path)))
            .filter(|(found, _)| found.is_file())
            .collect::<Vec<_>>();
        let can_run = |mode: u32| mode & 0o111 != 0;
        if files.iter().any(|(of, _)| can_run(of.permissions().mode())) {
            return None;
        }
        let (errno, path) = match files.into_iter().next() {
            Some((_, path)) => (Errno::ACCESS, path),
            None => (Errno::NOENT, self.folder.join(&program)),
        };
        Some(StartError::Program(named.clone(), path, errno.into()))
    }

    /// Makes all in this folder the user's, as whom the programs run.
    pub(crate) fn give(&self, folder: &Path) -> io::Result<()> {
        self.user.map_or(Ok(()), |user| user.give(folder))
    }

    /// The same for people, as it could be typed.
    pub(crate) fn shown(&self, command: &[String]) -> String {
        let filled = self.filled(command);
        let words = filled.iter().map(String::as_str);
        shlex::try_join(words).unwrap_or_else(|_| filled.join(" "))
    }

    /// Runs a command to its end. `pid` is the server's process, where there is one. What it prints is searched for
    /// the keys of the server.
    ///
    /// # Errors
    /// How it ended, and what it said.
    pub(crate) async fn run(
        &self,
        command: &[String],
        pid: Option<i32>,
        output: &ServerOutput,
    ) -> Result<(), String> {
        let pid = pid.unwrap_or(0).to_string();
        let command: Vec<_> = command
            .iter()
            .map(|word| word.replace("{pid}", &pid))
            .collect();
        // To a file, and not to a pipe: what a command leaves running in the background would hold
        // that open.
        let said = tempfile::tempfile().map_err(|error| error.to_string())?;
        let again = || said.try_clone().map_err(|error| error.to_string());
        let mut command = self.command(&command);
        command.stdout(again()?).stderr(again()?);
        let child = Command::from(command).kill_on_drop(true).spawn();
        let mut child = child.map_err(|error| error.to_string())?;
        let status = timeout(BOUND, child.wait()).await;
        let mut printed = again()?;
        let begins = printed.seek(SeekFrom::Start(0));
        begins.map_err(|error| error.to_string())?;
        // No more than is there: what runs on in the background may print without an end.
        let length = printed.metadata().map_err(|error| error.to_string())?.len();
        let printed = tokio::fs::File::from_std(printed).take(length);
        output.hear(printed).await;
        let how = match status.map(|ended| ended.map_err(|error| error.to_string())) {
            Ok(Ok(status)) if status.success() => return Ok(()),
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error,
            Err(_) => format!("it did not end within {} s", BOUND.as_secs()),
        };
        let last = end_of(said).map_err(|error| format!("{how}; {error}"))?;
        Err(format!("{how}. {}", it_said_last(&last)))
    }
}

/// What is at the end of a file.
fn end_of(mut file: File) -> io::Result<String> {
    let begin = file.metadata()?.len().saturating_sub(PAGE);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(PAGE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The folders in which the system looks for a program without a slash.
fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    std::env::split_paths(&path).collect()
}

/// A program of the same build lies beside `zdr`. All others are looked for on the search path.
pub(crate) fn beside(program: &str) -> PathBuf {
    if !program.contains('/')
        && let Ok(me) = std::env::current_exe()
        && let Some(folder) = me.parent()
    {
        // A test's own program lies one folder below.
        for folder in [Some(folder), folder.parent()].into_iter().flatten() {
            if folder.join(program).is_file() {
                return folder.join(program);
            }
        }
    }
    program.into()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{PAGE, end_of};

    /// A program says at the end why it gives up.
    #[test]
    fn of_a_long_output_the_end_is_told() {
        let mut file = tempfile::tempfile().unwrap();
        for number in 0..1000 {
            writeln!(file, "step {number} is done").unwrap();
        }
        writeln!(file, "no such host").unwrap();
        let end = end_of(file).unwrap();
        assert_eq!(end.len() as u64, PAGE);
        assert!(end.ends_with("step 999 is done\nno such host\n"), "{end}");
    }
}
