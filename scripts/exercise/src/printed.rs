//! What an answer prints: as much of it as a person reads, however much there is. A loop that prints must fill neither the
//! memory nor the terminal.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread;

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

    /// Reads to the end, so that the one who writes is not held up.
    fn all_of(mut from: impl Read) -> Self {
        let (mut printed, mut buffer) = (Self::default(), [0; 8192]);
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return printed,
                Ok(length) => printed.note(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What has come so far is better than nothing.
                Err(_) => return printed,
            }
        }
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

/// Runs a program that reads nothing, and returns what it prints.
///
/// # Errors
/// When the program cannot be started.
pub fn run(command: &mut Command) -> io::Result<String> {
    let mut printed = Printed::default();
    let stderr = run_and_read(command, |stdout| printed = Printed::all_of(stdout))?;
    Ok(printed.text() + &stderr)
}

/// Runs a program that reads nothing, gives its stdout to `read`, and returns what it prints on stderr.
///
/// # Errors
/// When the program cannot be started.
pub fn run_and_read(command: &mut Command, read: impl FnOnce(&mut dyn Read)) -> io::Result<String> {
    command.stdin(Stdio::null());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take();
    let stderr = stderr.map(|pipe| thread::spawn(|| Printed::all_of(pipe)));
    if let Some(mut stdout) = child.stdout.take() {
        read(&mut stdout);
    }
    child.wait()?;
    let stderr = stderr.and_then(|reading| reading.join().ok());
    Ok(stderr.unwrap_or_default().text())
}
