//! Where what a client of HTTP/2 sends begins and ends.

/// What a client of HTTP/2 sends before all else, in bytes (RFC 9113, section 3.4).
const PREFACE: usize = 24;
/// The head of a frame, in bytes (RFC 9113, section 4.1).
const HEAD: usize = 9;
const HEADERS: u8 = 1;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;
/// On a frame of one of these: the last of its field block.
const END_HEADERS: u8 = 4;

// ANCHOR: frames
/// Follows the bytes of a client. It sends one thing after the other, and each has an end: its preface
/// with the settings after it, then frames, and a field block with all of its frames as one.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Bytes of the preface that are still to come.
    preface: usize,
    /// The head of the frame, as far as it has come.
    head: Vec<u8>,
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
    /// For a client that has sent nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            preface: PREFACE,
            head: Vec::with_capacity(HEAD),
            left: 0,
            more: true,
        }
    }

    /// These bytes are the next.
    pub(crate) fn came(&mut self, mut bytes: &[u8]) -> Came {
        let mut ended = false;
        take(&mut bytes, &mut self.preface);
        while !bytes.is_empty() {
            ended |= self.frame(&mut bytes);
        }
        let unfinished = self.more || !self.head.is_empty();
        Came { ended, unfinished }
    }

    /// Takes what these bytes have of the frame. Says whether that ends it, and what it is a part of.
    fn frame(&mut self, bytes: &mut &[u8]) -> bool {
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
        take(bytes, &mut self.left);
        if self.head.len() < HEAD || self.left > 0 {
            return false;
        }
        let (kind, flags) = (self.head[3], self.head[4]);
        self.more = match kind {
            HEADERS | PUSH_PROMISE | CONTINUATION => flags & END_HEADERS == 0,
            // No other frame may come within a block: hyper ends such a connection.
            _ => false,
        };
        self.head.clear();
        !self.more
    }
}
// ANCHOR_END: frames

/// Takes as many bytes as there are, and no more than are `left`.
fn take(bytes: &mut &[u8], left: &mut usize) {
    let taken = bytes.len().min(*left);
    *bytes = &bytes[taken..];
    *left -= taken;
}
