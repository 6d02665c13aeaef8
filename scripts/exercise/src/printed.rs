//! What an answer prints: as much of it as a person reads, however much there is. A loop that prints must fill neither the
//! memory nor the terminal.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::left::{self, Run};

/// How long a pipe is waited for whose program has ended.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// So many bytes are kept of each stream.
const KEPT: usize = 64 * 1024;

/// The beginning of what was printed.
#[derive(Clone, Debug, Default)]
pub struct Printed {
    bytes: Vec<u8>,
    left_out: usize,
}

impl Printed {
    /// Notes what was printed next.
    pub fn note(&mut self, bytes: &[u8]) {
        let room = KEPT - self.bytes.len();
        let (kept, left_out) = bytes.split_at(room.min(bytes.len()));
        self.bytes.extend_from_slice(kept);
        self.left_out += left_out.len();
    }

    /// As text. Where something was left out, its last line says how much.
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        match self.left_out {
            0 => text.into_owned(),
            bytes => format!("{text}\n(and {bytes} bytes more)\n"),
        }
    }
}

/// What comes through a pipe: as much as has come so far, whoever still holds the other end.
struct Coming {
    so_far: Arc<Mutex<Printed>>,
    ended: Receiver<()>,
}

impl Coming {
    /// Reads to the end on a thread, so that the one who writes is not held up.
    fn through(mut pipe: impl Read + Send + 'static) -> Self {
        let so_far = Arc::<Mutex<Printed>>::default();
        let (done, ended) = mpsc::channel();
        let noted = so_far.clone();
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                match pipe.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) => lock(&noted).note(&buffer[..length]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // What has come so far is better than nothing.
                    Err(_) => break,
                }
            }
            // The one who asked may have gone on.
            let _ = done.send(());
        });
        Self { so_far, ended }
    }

    /// What has come, when the program has ended. A process that it has left behind may hold the pipe open forever.
    fn text(&self) -> String {
        let _ = self.ended.recv_timeout(LEFT_BEHIND);
        lock(&self.so_far).text()
    }
}

fn lock(printed: &Mutex<Printed>) -> MutexGuard<'_, Printed> {
    printed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// What it printed.
    pub printed: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it had left running, which was ended: a command line for each.
    pub left: Vec<String>,
}

/// Runs a program that reads nothing, and ends what it leaves behind.
///
/// # Errors
/// When the program cannot be started. When it has not ended in this time: then it is killed.
pub fn run(command: &mut Command, bound: Duration) -> io::Result<Ended> {
    let run = Run::next();
    let mut child = run.of(piped(command)).spawn()?;
    let out = child.stdout.take().map(Coming::through);
    let err = child.stderr.take().map(Coming::through);
    let in_time = ended(&mut child, bound);
    let left = run.end_all(&child);
    let status = child.wait()?;
    in_time?;
    let printed = [out, err].into_iter().flatten();
    Ok(Ended {
        printed: printed.map(|pipe| pipe.text()).collect(),
        status,
        left,
    })
}

/// Waits for its end, for so long, and kills it then.
fn ended(child: &mut Child, bound: Duration) -> io::Result<()> {
    let began = Instant::now();
    loop {
        if left::has_ended(child)? {
            return Ok(());
        }
        if began.elapsed() > bound {
            child.kill()?;
            return Err(late(bound));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn late(bound: Duration) -> io::Error {
    let words = format!(
        "the answer's program had not ended after {} s, and was killed",
        bound.as_secs()
    );
    io::Error::new(io::ErrorKind::TimedOut, words)
}

fn piped(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}

/// So many letters of why a check does not hold are kept: an answer chooses the words of its own errors.
const WORDS: usize = 2000;

/// As much of some words as a person reads. At their end stands how much was left out.
pub fn capped(words: &str) -> String {
    match words.char_indices().nth(WORDS) {
        None => words.to_owned(),
        Some((at, _)) => {
            let (kept, left_out) = words.split_at(at);
            format!("{kept} … (and {} bytes more)", left_out.len())
        }
    }
}

/// Runs a program that reads nothing, gives its stdout to `read`, and returns what it prints on stderr, and how it ended.
///
/// # Errors
/// When the program cannot be started. When its stdout has not ended in this time: then it is killed.
pub fn run_and_read(
    command: &mut Command,
    bound: Duration,
    read: impl FnOnce(&mut dyn Read),
) -> io::Result<(String, ExitStatus)> {
    let mut child = piped(command).spawn()?;
    let err = child.stderr.take().map(Coming::through);
    let stdout = child.stdout.take();
    let (done, is_read) = mpsc::channel::<()>();
    let started = &mut child;
    let in_time = thread::scope(|scope| {
        let watching = scope.spawn(move || {
            // Its other end is dropped when all is read.
            let late = is_read.recv_timeout(bound) == Err(RecvTimeoutError::Timeout);
            late.then(|| started.kill())
        });
        if let Some(mut stdout) = stdout {
            read(&mut stdout);
        }
        drop(done);
        watching.join()
    });
    let status = child.wait()?;
    if !matches!(in_time, Ok(None)) {
        return Err(late(bound));
    }
    Ok((err.map(|pipe| pipe.text()).unwrap_or_default(), status))
}
