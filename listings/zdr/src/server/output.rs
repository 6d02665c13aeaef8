//! What the server prints: its events, its last lines, and key bytes that should not be there.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use lab::authority::PrivateKeyPem;
use lab::event::Event;
use lab::log::Log;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// What the server has printed: its events, and its last lines.
#[derive(Clone, Default)]
pub struct ServerOutput {
    log: Log,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    last: VecDeque<String>,
    /// A line of base64 of each key that was issued.
    secrets: VecDeque<String>,
    /// How many lines held one of them.
    leaks: usize,
}

impl ServerOutput {
    /// How many of its last lines are kept.
    const LAST: usize = 20;
    /// How many of the last keys are looked for.
    const KEYS: usize = 16;

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
        let mut inner = self.lock();
        let lines = key.expose().lines().filter(|line| !line.starts_with('-'));
        // The first line of PKCS#8 is the same in all keys of a kind, but for its end.
        let secret = lines.max_by_key(|line| line.len()).unwrap_or_default();
        inner.secrets.push_back(secret.to_owned());
        if inner.secrets.len() > Self::KEYS {
            inner.secrets.pop_front();
        }
    }

    /// Takes in one line.
    pub(crate) fn line(&self, line: String) {
        let mut inner = self.lock();
        let leaks = line.contains("PRIVATE KEY")
            || inner.secrets.iter().any(|secret| line.contains(secret));
        if leaks {
            inner.leaks += 1;
            inner
                .last
                .push_back("(a line with bytes of a private key)".into());
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
