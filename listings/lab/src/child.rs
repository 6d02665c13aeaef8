//! A server in a process of its own, whose events are read as they come.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{self, Command};
use tokio::task::JoinHandle;

use crate::event::{Event, FILE_VARIABLE};
use crate::log::{Log, want};

/// A running child. It is killed when this is dropped: nothing outlives the test.
pub struct Child {
    process: process::Child,
    log: Log,
    reader: JoinHandle<()>,
}

impl Child {
    /// Starts `program`. Its stderr is read into [`Child::log`]; each event is also handed to
    /// `on_event`, which may change it. Lines that are not events are kept too, as
    /// `{"event":"stray_line","text":…}`: a panic message must not get lost.
    pub fn spawn<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        on_event: impl FnMut(&mut Event) + Send + 'static,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_remove(FILE_VARIABLE)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command
            .spawn()
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", program.display())))?;
        let stderr = process.stderr.take();
        let stderr = stderr.ok_or_else(|| io::Error::other("the child has no stderr"))?;
        let log = Log::default();
        let reader = tokio::spawn(read_events(stderr, log.clone(), on_event));
        Ok(Self {
            process,
            log,
            reader,
        })
    }

    /// What the child has said so far.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Waits for the child's `listening` event, and returns the port.
    ///
    /// # Panics
    /// After `bound`, with the child's log.
    pub async fn port(&self, bound: Duration) -> u16 {
        let listening = self.log.wait_for(&want("listening"), bound).await;
        let port = listening.number("port").and_then(|p| u16::try_from(p).ok());
        port.unwrap_or_else(|| panic!("`listening` without a port: {listening}"))
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When the child is gone.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = self.process.id().and_then(|id| i32::try_from(id).ok());
        let pid = pid.and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
        Ok(rustix::process::kill_process(pid, signal)?)
    }

    /// The child's process number, as long as it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Waits until the child is gone and its log is read to the end.
    ///
    /// # Panics
    /// After `bound`, with the child's log.
    pub async fn wait(mut self, bound: Duration) -> io::Result<ExitStatus> {
        let ended = tokio::time::timeout(bound, async {
            let status = self.process.wait().await?;
            // The reader ends with the pipe; if it panicked, the log up to there is still true.
            let _ = (&mut self.reader).await;
            Ok(status)
        });
        match ended.await {
            Ok(status) => status,
            Err(_) => panic!(
                "waited {bound:?} for the child to exit. Its log: {:?}",
                self.log.events()
            ),
        }
    }
}

async fn read_events(
    stderr: impl AsyncRead + Unpin,
    log: Log,
    mut on_event: impl FnMut(&mut Event),
) {
    // Bytes, not text: a line that is not UTF-8 is a stray line, and not the end of the log.
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        let mut event = Event::parse(&line).unwrap_or_else(|| stray(&line));
        on_event(&mut event);
        log.push(event);
    }
    log.end();
}

fn stray(line: &str) -> Event {
    let mut map = serde_json::Map::new();
    map.insert("event".into(), "stray_line".into());
    map.insert("text".into(), line.into());
    Event(map)
}
