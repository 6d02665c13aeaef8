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

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const GOAWAY: u8 = 7;
    const NO_ERROR: u32 = 0;
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;

    fn bytes(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let stream = stream.to_be_bytes();
        [&length[1..], &[kind, flags], &stream, payload].concat()
    }

    fn goaway(last: u32, error: u32) -> Vec<u8> {
        let payload = [last.to_be_bytes(), error.to_be_bytes()].concat();
        bytes(GOAWAY, 0, 0, &payload)
    }

    /// A connection on which the client has opened these streams.
    fn opened(streams: &[u32]) -> Owed {
        let mut owed = Owed::new(wait(), Arc::default());
        for stream in streams {
            open(&mut owed, *stream);
        }
        owed
    }

    fn open(owed: &mut Owed, stream: u32) {
        let mut frames = Frames::of_server();
        let head = bytes(HEADERS, END_HEADERS, stream, b"");
        frames.came(&head, |frame| owed.came(frame));
    }

    fn sent(owed: &mut Owed, bytes: &[u8]) {
        owed.sent(&[IoSlice::new(bytes)], bytes.len());
    }

    fn left(owed: &Owed) -> Vec<u32> {
        owed.streams.iter().copied().collect()
    }

    #[test]
    fn what_stands_behind_the_last_stream_of_a_goaway_is_not_owed() {
        let mut owed = opened(&[1, 3, 5]);
        // The first of two, which names the highest number that there is: the reserved bit is no part of it.
        sent(&mut owed, &goaway(u32::MAX, NO_ERROR));
        assert_eq!(left(&owed), [1, 3, 5]);
        open(&mut owed, 7);
        sent(&mut owed, &goaway(5, NO_ERROR));
        assert_eq!(left(&owed), [1, 3, 5]);
        // It is not answered.
        open(&mut owed, 9);
        assert_eq!(left(&owed), [1, 3, 5]);
        assert!(!owed.refused.load(Ordering::Relaxed));
        assert!(owed.wait.runs());
        for stream in [1, 3, 5] {
            let end = bytes(HEADERS, END_HEADERS | END_STREAM, stream, b"");
            sent(&mut owed, &end);
        }
        assert!(left(&owed).is_empty() && !owed.wait.runs());
    }

    #[test]
    fn a_stream_that_comes_as_the_last_of_a_goaway_is_owed() {
        let mut owed = opened(&[1]);
        sent(&mut owed, &goaway(3, NO_ERROR));
        open(&mut owed, 3);
        assert_eq!(left(&owed), [1, 3]);
        open(&mut owed, 5);
        assert_eq!(left(&owed), [1, 3]);
    }

    #[test]
    fn trailers_open_no_stream_again_and_a_reset_ends_one() {
        let mut owed = opened(&[1, 3]);
        let reset = bytes(RST_STREAM, 0, 1, &[0; 4]);
        let mut frames = Frames::of_server();
        frames.came(&reset, |frame| owed.came(frame));
        assert_eq!(left(&owed), [3]);
        open(&mut owed, 1);
        open(&mut owed, 3);
        assert_eq!(left(&owed), [3]);
    }

    #[test]
    fn an_error_in_a_goaway_is_the_server_s() {
        let mut owed = opened(&[1]);
        sent(&mut owed, &goaway(0, 11));
        assert!(left(&owed).is_empty());
        assert!(owed.refused.load(Ordering::Relaxed));
        // And stays: a later one without an error takes nothing back.
        sent(&mut owed, &goaway(0, NO_ERROR));
        assert!(owed.refused.load(Ordering::Relaxed));
    }

    /// A system may take less than it is given.
    #[test]
    fn what_was_not_sent_is_not_counted() {
        let mut owed = opened(&[1, 3]);
        let ends = [1, 3].map(|stream| bytes(HEADERS, END_HEADERS | END_STREAM, stream, b""));
        let slices = [IoSlice::new(&ends[0]), IoSlice::new(&ends[1])];
        owed.sent(&slices, ends[0].len() + 8);
        assert_eq!(left(&owed), [3]);
        sent(&mut owed, &ends[1][8..]);
        assert!(left(&owed).is_empty());
    }
}
