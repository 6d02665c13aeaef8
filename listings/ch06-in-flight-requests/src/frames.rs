//! Where what is sent over HTTP/2 begins and ends.

/// What a client of HTTP/2 sends before all else, in bytes (RFC 9113, section 3.4).
const PREFACE: usize = 24;
/// The head of a frame, in bytes (RFC 9113, section 4.1).
const HEAD: usize = 9;
/// So much of a payload is kept, in bytes.
const START: usize = 8;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PUSH_PROMISE: u8 = 5;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
/// The first bit of the number of a stream is reserved.
const RESERVED: u32 = (1 << 31) - 1;
/// On DATA or HEADERS: the last of its stream.
const END_STREAM: u8 = 1;
/// On a frame of a field block: the last of it.
const END_HEADERS: u8 = 4;

/// A frame that has come whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    kind: u8,
    flags: u8,
    pub(crate) stream: u32,
    /// The first two numbers of its payload, and zeros where it has none.
    start: [u32; 2],
}

/// What a GOAWAY says (RFC 9113, section 6.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Goaway {
    /// The last stream of the other side that was, or may be, processed.
    pub(crate) last: u32,
    /// Its sender ends the connection with an error.
    pub(crate) error: bool,
}

impl Frame {
    pub(crate) fn is_data(self) -> bool {
        self.kind == DATA
    }

    pub(crate) fn is_headers(self) -> bool {
        self.kind == HEADERS
    }

    pub(crate) fn is_reset(self) -> bool {
        self.kind == RST_STREAM
    }

    /// What it says, if it is a GOAWAY.
    pub(crate) fn goaway(self) -> Option<Goaway> {
        let [last, error] = self.start;
        let goaway = Goaway {
            last: last & RESERVED,
            error: error != 0,
        };
        (self.kind == GOAWAY).then_some(goaway)
    }

    /// Whether its sender sends nothing more on its stream.
    pub(crate) fn ends_stream(self) -> bool {
        let last = matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0;
        last || self.is_reset()
    }
}

// ANCHOR: frames
/// Follows the bytes of one side. It sends one thing after the other, and each has an end: a client's
/// preface with the settings after it, then frames, and a field block with all of its frames as one.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Bytes of the preface that are still to come.
    preface: usize,
    /// The head of the frame, as far as it has come.
    head: Vec<u8>,
    /// The first bytes of its payload.
    start: Vec<u8>,
    /// Bytes of the frame that are still to come after its head.
    left: usize,
    /// Whether the next frame belongs to what has begun: the settings to the preface, the rest of a field
    /// block to its first frame.
    more: bool,
}

/// What some bytes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Came {
    /// Something has come to its end.
    pub(crate) ended: bool,
    /// The last byte leaves something unfinished.
    pub(crate) unfinished: bool,
}

impl Frames {
    /// Of a client that has sent nothing yet.
    pub(crate) fn of_client() -> Self {
        Self {
            preface: PREFACE,
            head: Vec::with_capacity(HEAD),
            start: Vec::with_capacity(START),
            left: 0,
            more: true,
        }
    }

    /// Of a server that has sent nothing yet.
    pub(crate) fn of_server() -> Self {
        Self {
            preface: 0,
            more: false,
            ..Self::of_client()
        }
    }

    /// These bytes are the next. Tells of each frame that they end.
    pub(crate) fn came(&mut self, mut bytes: &[u8], mut whole: impl FnMut(Frame)) -> Came {
        let mut ended = false;
        take(&mut bytes, &mut self.preface);
        while !bytes.is_empty() {
            if let Some(frame) = self.frame(&mut bytes) {
                ended |= !self.more;
                whole(frame);
            }
        }
        let unfinished = self.more || !self.head.is_empty();
        Came { ended, unfinished }
    }

    /// Takes what these bytes have of the frame, and gives it where that ends it.
    fn frame(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        if self.head.len() < HEAD {
            let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
            self.head.extend_from_slice(head);
            *bytes = rest;
            if let [a, b, c, ..] = self.head[..]
                && self.head.len() == HEAD
            {
                self.left = u32::from_be_bytes([0, a, b, c]) as usize;
            }
        }
        let kept = self.left.min(bytes.len()).min(START - self.start.len());
        self.start.extend_from_slice(&bytes[..kept]);
        take(bytes, &mut self.left);
        let [_, _, _, kind, flags, a, b, c, d] = self.head[..] else {
            return None;
        };
        if self.left > 0 {
            return None;
        }
        self.more = match kind {
            HEADERS | PUSH_PROMISE | CONTINUATION => flags & END_HEADERS == 0,
            // No other frame may come within a block: hyper ends such a connection.
            _ => false,
        };
        self.start.resize(START, 0);
        let mut numbers = self.start.chunks_exact(4).map(number);
        let frame = Frame {
            kind,
            flags,
            stream: number(&[a, b, c, d]) & RESERVED,
            start: std::array::from_fn(|_| numbers.next().unwrap_or(0)),
        };
        self.head.clear();
        self.start.clear();
        Some(frame)
    }
}
// ANCHOR_END: frames

/// The number that these bytes are.
fn number(bytes: &[u8]) -> u32 {
    let each = bytes.iter();
    each.fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// Takes as many bytes as there are, and no more than are `left`.
fn take(bytes: &mut &[u8], left: &mut usize) {
    let taken = bytes.len().min(*left);
    *bytes = &bytes[taken..];
    *left -= taken;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame whose payload has so many bytes, all of them 7.
    fn frame(kind: u8, flags: u8, stream: u32, length: u32) -> Vec<u8> {
        let head = [
            &length.to_be_bytes()[1..],
            &[kind, flags],
            &stream.to_be_bytes(),
        ]
        .concat();
        [head, vec![7; length as usize]].concat()
    }

    /// What these bytes come to, in pieces of this size: the frames, and what was said of each piece.
    fn followed(bytes: &[u8], piece: usize) -> (Vec<Frame>, Vec<Came>) {
        let (mut frames, mut all) = (Frames::of_server(), Vec::new());
        let came = bytes.chunks(piece);
        let came = came.map(|bytes| frames.came(bytes, |frame| all.push(frame)));
        let came = came.collect();
        (all, came)
    }

    #[test]
    fn a_field_block_ends_with_its_last_frame() {
        let came = |ended, unfinished| Came { ended, unfinished };
        for begins in [HEADERS, PUSH_PROMISE] {
            let mut frames = Frames::of_server();
            let mut next = |kind, flags| frames.came(&frame(kind, flags, 1, 3), |_| {});
            assert_eq!(next(begins, END_STREAM), came(false, true));
            assert_eq!(next(CONTINUATION, 0), came(false, true));
            assert_eq!(next(CONTINUATION, END_HEADERS), came(true, false));
            assert_eq!(next(begins, END_HEADERS), came(true, false));
            // The flag is one of field blocks: DATA without it leaves nothing unfinished.
            assert_eq!(next(DATA, 0), came(true, false));
        }
    }

    #[test]
    fn numbers_of_several_bytes_are_read_wherever_they_are_cut() {
        let stream = 0x0102_0305;
        let bytes = [
            frame(DATA, 0, stream, 0x01_0203),
            frame(RST_STREAM, 0, stream + 2, 4),
        ]
        .concat();
        for piece in [1, 3, 1000, bytes.len()] {
            let (frames, came) = followed(&bytes, piece);
            let streams: Vec<_> = frames.iter().map(|frame| frame.stream).collect();
            assert_eq!(streams, [stream, stream + 2], "{piece}");
            assert!(frames[1].is_reset() && !frames[0].ends_stream());
            assert_eq!(frames[0].start, [0x0707_0707; 2]);
            assert!(!came.last().unwrap().unfinished);
        }
        // The reserved bit is no part of a number.
        let (frames, _) = followed(&frame(HEADERS, END_HEADERS, 1 << 31 | 5, 0), 4);
        assert_eq!(frames[0].stream, 5);
    }
}
