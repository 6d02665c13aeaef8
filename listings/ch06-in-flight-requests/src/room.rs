//! An answer that has begun must find room.
//!
//! A client may read as slowly as it likes, and must not stop. One that stops leaves no room for the
//! next bytes, and the stream below says so. With HTTP/2 it need not come to that: each stream has a
//! window of its own (RFC 9113, section 5.2), and one that stays shut holds an answer forever, while
//! the connection takes settings and pings.

use std::collections::BTreeSet;
use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lab::wire::ROOM_BOUND;

use crate::frames::{Frame, Frames, Goaway};
use crate::wait::Wait;

// ANCHOR: owed
/// The answers that a connection of HTTP/2 owes. While there is one, some of its body must be sent now
/// and then.
#[derive(Debug)]
pub(crate) struct Owed {
    wait: Wait,
    sent: Frames,
    streams: BTreeSet<u32>,
    /// The last that the client has opened: their numbers rise (RFC 9113, section 5.1.1).
    last: u32,
    /// The last that is answered: what the client opens behind it is not looked at.
    answered: u32,
    /// Set where the server has ended the connection with an error.
    refused: Arc<AtomicBool>,
}

impl Owed {
    /// `refused` is set where the server ends the connection with an error.
    pub(crate) fn new(wait: Wait, refused: Arc<AtomicBool>) -> Self {
        Self {
            wait,
            refused,
            answered: u32::MAX,
            sent: Frames::of_server(),
            streams: BTreeSet::new(),
            last: 0,
        }
    }

    /// The client has sent this frame.
    pub(crate) fn came(&mut self, frame: Frame) {
        if frame.is_headers() && (self.last + 1..=self.answered).contains(&frame.stream) {
            self.last = frame.stream;
            self.streams.insert(frame.stream);
        }
        if frame.is_reset() {
            self.streams.remove(&frame.stream);
        }
        self.wait_or_not();
    }

    /// So many of these bytes were sent.
    pub(crate) fn sent(&mut self, slices: &[IoSlice<'_>], mut count: usize) {
        let (mut moved, mut goaway, streams) = (false, None, &mut self.streams);
        for slice in slices {
            let part = &slice[..slice.len().min(count)];
            count -= part.len();
            self.sent.came(part, |frame| {
                moved |= frame.is_data();
                if frame.ends_stream() {
                    streams.remove(&frame.stream);
                }
                goaway = frame.goaway().or(goaway);
            });
        }
        if let Some(Goaway { last, error }) = goaway {
            self.answered = last;
            self.streams.retain(|stream| *stream <= last);
            self.refused.fetch_or(error, Ordering::Relaxed);
        }
        if moved {
            self.wait.ended();
        }
        self.wait_or_not();
    }

    fn wait_or_not(&self) {
        if self.streams.is_empty() {
            self.wait.ended();
        } else {
            self.wait.began();
            self.wait.waits();
        }
    }
}
// ANCHOR_END: owed

/// How long an answer may find no room.
pub(crate) fn wait() -> Wait {
    Wait::of(ROOM_BOUND)
}
