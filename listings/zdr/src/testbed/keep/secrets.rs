//! The secrets of handshakes, as programs that show recorded traffic read them.

use std::fmt::{self, Write};

use parking_lot::Mutex;
use rustls::KeyLog;

/// More than this is not kept: that of some ten thousand handshakes.
const MOST: usize = 8 << 20;

/// The secrets of all handshakes of a test bed's clients, in the format of SSLKEYLOGFILE: a label, the random
/// bytes of the client's hello, and the secret, in hex.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<String>);

impl Secrets {
    /// All of them, a line each.
    pub(crate) fn text(&self) -> String {
        self.0.lock().clone()
    }
}

/// A secret is in no message.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut lines = self.0.lock();
        if lines.len() >= MOST {
            return;
        }
        lines.push_str(label);
        for bytes in [client_random, secret] {
            lines.push(' ');
            for byte in bytes {
                // Writing to a string cannot fail.
                let _ = write!(lines, "{byte:02x}");
            }
        }
        lines.push('\n');
    }
}
