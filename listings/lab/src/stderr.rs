//! Lines on stderr, which nobody may be reading.
//!
//! A pipe that is full makes its writer wait until it is read, and a terminal that was stopped does so, too.
//! A server must not wait for the reader of its log. So a line is written at once only where there is room
//! for it; otherwise it waits in a bounded queue for a thread that may wait. What does not fit into the queue
//! is lost, and counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::event::Event;

/// So many lines wait at most.
pub const LINES: usize = 1024;

/// A write of so many bytes is whole, and does not wait where a pipe has room (POSIX, `PIPE_BUF`).
const AT_ONCE: usize = 512;

/// How long the end of a process waits for the reader of its log.
const BOUND: Duration = Duration::from_secs(1);

/// Where lines go in the end.
pub trait Reader: Send + Sync + 'static {
    /// Whether a short line can be written without waiting.
    fn has_room(&self) -> bool;
    /// Writes a line, however long that takes. A log that cannot be written is no reason to stop.
    fn write(&self, line: &str);
}

/// Stderr of this process.
#[derive(Debug)]
pub struct Stderr;

impl Reader for Stderr {
    fn has_room(&self) -> bool {
        let stderr = io::stderr();
        let mut asked = [PollFd::new(&stderr, PollFlags::OUT)];
        let at_once = Timespec::default();
        // Where it cannot be asked it is written to, as a file is.
        poll(&mut asked, Some(&at_once)).is_ok_and(|ready| ready > 0)
    }

    fn write(&self, line: &str) {
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

// ANCHOR: queue
/// A bounded queue before a reader that may not read. Clones are the same one.
pub struct Queue<R>(Arc<Shared<R>>);

/// The line of an event, for whom the log is read by.
type Shape = dyn Fn(&Event) -> String + Send + Sync;

struct Shared<R> {
    reader: R,
    shape: Box<Shape>,
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    waiting: VecDeque<String>,
    /// Lines that found no room, and have not been told of.
    lost: u64,
    /// Whether a line is being written.
    writing: bool,
    /// Whether the thread has been started that may wait.
    started: bool,
}

impl<R: Reader> Queue<R> {
    /// Nothing waits yet. What is lost is told of in this shape.
    pub fn new(reader: R, shape: impl Fn(&Event) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            reader,
            shape: Box::new(shape),
            lines: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Writes a line, or has it written, or counts it as lost. Lines come in the order in which `line` was
    /// called, and this waits for no reader.
    pub fn put(&self, line: impl FnOnce() -> String) {
        let mut lines = self.0.lines.lock();
        let line = line();
        if line.is_empty() {
            return;
        }
        if !lines.writing
            && lines.waiting.is_empty()
            && line.len() <= AT_ONCE
            && self.0.reader.has_room()
        {
            lines.writing = true;
            // Others may put theirs meanwhile: this may take time all the same.
            MutexGuard::unlocked(&mut lines, || self.0.reader.write(&line));
            lines.writing = false;
        } else if lines.waiting.len() < LINES {
            lines.waiting.push_back(line);
            self.start(&mut lines);
        } else {
            lines.lost += 1;
        }
        self.0.changed.notify_all();
    }

    /// Waits until all lines are written, and no longer than a second: the process is about to end.
    pub fn flush(&self) {
        let end = Instant::now() + BOUND;
        let mut lines = self.0.lines.lock();
        while lines.writing || !lines.waiting.is_empty() {
            if self.0.changed.wait_until(&mut lines, end).timed_out() {
                return;
            }
        }
    }

    fn start(&self, lines: &mut Lines) {
        if lines.started {
            return;
        }
        let shared = self.0.clone();
        let thread = thread::Builder::new().name("log".into());
        // Where no thread can be had, the next line tries again.
        lines.started = thread.spawn(move || shared.write_forever()).is_ok();
    }
}

impl<R: Reader> Shared<R> {
    fn write_forever(&self) {
        let mut lines = self.lines.lock();
        loop {
            let next = match lines.writing {
                true => None,
                false => lines.waiting.pop_front(),
            };
            let Some(next) = next else {
                self.changed.wait(&mut lines);
                continue;
            };
            // There is room for a line. It stands where those are missing.
            if lines.lost > 0 {
                let lost = std::mem::take(&mut lines.lost);
                let told = Event::now("lines_lost", [("lines", lost.into())]);
                lines.waiting.push_back((self.shape)(&told));
            }
            lines.writing = true;
            MutexGuard::unlocked(&mut lines, || self.reader.write(&next));
            lines.writing = false;
            self.changed.notify_all();
        }
    }
}
// ANCHOR_END: queue
