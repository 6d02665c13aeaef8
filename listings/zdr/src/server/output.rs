//! What the server prints: its events, its last lines, and key bytes that should not be there.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use lab::authority::PrivateKeyPem;
use lab::event::Event;
use lab::log::{Log, Secrets};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// What the server has printed: its events, and its last lines.
#[derive(Clone, Default)]
pub struct ServerOutput {
    log: Log,
    inner: Arc<Mutex<Inner>>,
}

/// What is kept of a line that holds a secret.
const HIDDEN: &str = "(a line with bytes of a private key)";

#[derive(Default)]
struct Inner {
    last: VecDeque<String>,
    /// The keys that were issued.
    secrets: Secrets,
    /// How many lines held one of them.
    leaks: usize,
}

impl ServerOutput {
    /// How many of its last lines are kept.
    const LAST: usize = 20;

    /// Its events.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its last lines.
    pub fn last(&self) -> String {
        let inner = self.lock();
        inner.last.iter().map(|line| format!("{line}\n")).collect()
    }

    /// How many lines held bytes of a private key.
    pub fn leaks(&self) -> usize {
        self.lock().leaks
    }

    /// From now on, this key is looked for, too.
    pub fn look_for(&self, key: &PrivateKeyPem) {
        self.look_for_keys_in(key.expose());
    }

    /// The same for each key in this PEM. Lines that were printed a moment ago are looked at again: a server
    /// may have been faster than whoever tells of the key.
    pub fn look_for_keys_in(&self, pem: &str) {
        let inner = &mut *self.lock();
        inner.secrets.add(pem);
        for line in &mut inner.last {
            if inner.secrets.leak_in(line) {
                inner.leaks += 1;
                *line = HIDDEN.into();
            }
        }
    }

    /// Takes in one line.
    pub(crate) fn line(&self, line: String) {
        let mut inner = self.lock();
        if inner.secrets.leak_in(&line) {
            inner.leaks += 1;
            inner.last.push_back(HIDDEN.into());
        } else {
            inner.last.push_back(line.clone());
        }
        if inner.last.len() > Self::LAST {
            inner.last.pop_front();
        }
        drop(inner);
        if let Some(event) = Event::parse(&line) {
            self.log.push(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// Reads a stream of the server to its end.
pub(crate) async fn listen(to: ServerOutput, stream: impl AsyncRead + Unpin) {
    // Bytes, not text: a line that is not UTF-8 is a line nevertheless.
    let mut lines = BufReader::new(stream).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        to.line(String::from_utf8_lossy(&line).into_owned());
    }
}
