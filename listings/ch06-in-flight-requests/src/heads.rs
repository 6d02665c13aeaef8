//! Where the requests of HTTP/1.1 begin and end.

use crate::frames::Came;

/// Follows the bytes of a client that sends one head after the other, without bodies. Each head ends with an
/// empty line (RFC 9112, section 2.1). Empty lines before it are nothing (section 2.2), and do not begin one.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// A head has begun.
    begun: bool,
    /// The line has more than its end.
    filled: bool,
}

impl Heads {
    /// These bytes are the next.
    pub(crate) fn came(&mut self, bytes: &[u8]) -> Came {
        let mut ended = false;
        for byte in bytes {
            match byte {
                b'\r' => {}
                b'\n' => {
                    ended |= self.begun && !self.filled;
                    self.begun &= self.filled;
                    self.filled = false;
                }
                _ => (self.begun, self.filled) = (true, true),
            }
        }
        Came {
            ended,
            unfinished: self.begun,
        }
    }
}
