//! A log of any size is read in the same memory. A program of its own: it measures itself.

use std::fmt::Write;
use std::io::{BufReader, Read};

use ch10_log_analysis::answers::Answers;
use ch10_log_analysis::read::{LONGEST, Lines, TOO_LONG};
use ch10_log_analysis::state::LogState;
use parking_lot::Mutex;
use time::OffsetDateTime;

const ROTATIONS: u64 = 5_000;
/// Connections under each generation; each is closed under the next one.
const CONNECTIONS: u64 = 10;

/// Writes the log as it is read: it is never whole anywhere.
struct Endless {
    generation: u64,
    text: String,
    read: usize,
}

impl Read for Endless {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.text.len() && self.generation < ROTATIONS {
            self.generation += 1;
            self.text = rotation(self.generation);
            self.read = 0;
        }
        let part = to.len().min(self.text.len() - self.read);
        to[..part].copy_from_slice(&self.text.as_bytes()[self.read..self.read + part]);
        self.read += part;
        Ok(part)
    }
}

fn rotation(generation: u64) -> String {
    let mut text = String::new();
    let mut event = |ms: u64, rest: &str| {
        let (h, m, s) = (generation / 3600, generation / 60 % 60, generation % 60);
        let line = format!(r#"{{"ts":"2026-01-01T{h:02}:{m:02}:{s:02}.{ms:03}000000Z",{rest}}}"#);
        writeln!(text, "{line}").unwrap();
    };
    event(
        0,
        &format!(r#""event":"rotation_started","serial":"{generation:x}","strategy":"bundle""#),
    );
    event(
        5,
        &format!(
            r#""event":"identity_loaded","generation":{generation},"serial":"{generation:x}","not_after":"2026-01-02T00:00:00Z""#
        ),
    );
    for connection in 0..CONNECTIONS {
        let number = generation * CONNECTIONS + connection;
        event(
            10,
            &format!(
                r#""event":"connection_opened","connection":{number},"generation":{generation},"resumed":false,"tls":"1.3""#
            ),
        );
        let before = number - CONNECTIONS;
        event(
            20,
            &format!(
                r#""event":"connection_closed","connection":{before},"generation":0,"bytes":1,"why":"client_closed""#
            ),
        );
    }
    text
}

fn used() -> usize {
    memory_stats::memory_stats().unwrap().physical_mem
}

/// The memory is that of the whole program: one test measures at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_line_without_end_in_constant_memory() {
    let _alone = ALONE.lock();
    let endless = BufReader::new(std::io::repeat(b'x').take(64 << 20));
    let before = used();
    let mut lines = Lines::new(endless, 0);
    assert!(lines.whole().unwrap().is_none());
    let grown = used().saturating_sub(before);
    // What may be a line is kept until it is too long.
    assert!(grown < 4 * LONGEST, "{grown} bytes more");
    assert_eq!(lines.last().unwrap().broken, Some(TOO_LONG));
}

#[test]
fn a_hundred_thousand_lines_in_constant_memory() {
    let _alone = ALONE.lock();
    let endless = Endless {
        generation: 0,
        text: String::new(),
        read: 0,
    };
    let mut lines = Lines::new(BufReader::new(endless), 0);
    let (mut state, mut read, mut before) = (LogState::default(), 0, 0);
    while let Some(line) = lines.whole().unwrap() {
        state.line(&line);
        read += 1;
        if read == 10_000 {
            before = used();
        }
    }
    let grown = used().saturating_sub(before);
    assert!(read > 100_000, "{read}");
    // The lines that were read meanwhile are some ten megabytes.
    assert!(grown < 1 << 20, "{grown} bytes more after {read} lines");

    let answers = Answers::of(&state, OffsetDateTime::now_utc());
    let server = &answers.servers[0];
    assert_eq!(server.serving.as_ref().unwrap().generation, ROTATIONS);
    assert_eq!(server.connections.opened, ROTATIONS * CONNECTIONS);
    assert_eq!(server.connections.open as u64, CONNECTIONS);
    assert_eq!(server.connections.old.len(), 0);
    assert_eq!(answers.file_to_load.count, ROTATIONS);
    assert_eq!(answers.file_to_wire.count, ROTATIONS);
    // Three digits.
    assert!(
        (5000..=5010).contains(&answers.file_to_load.p99_us),
        "{answers:?}"
    );
}
