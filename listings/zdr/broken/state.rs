//! What the reader and the resolver share.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize};

/// What the reader and the resolver share.
#[derive(Debug, Default)]
pub struct State {
    /// Nothing can be shown.
    pub lost: AtomicBool,
    /// Connections whose client has not said its hello to the end.
    pub handshakes: AtomicUsize,
    /// Held by a reload that handshakes have to wait for.
    pub lock: Mutex<()>,
}
