//! What probes write down: one line for each attempt, with the moment it was due.

use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way to use a server. Each sees something that the others do not.
#[derive(
    clap::ValueEnum,
    Clone,
    Copy,
    Debug,
    Deserialize,
    Eq,
    Hash,
    JsonSchema,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A new connection with a full handshake, and one request. Sees the certificate.
    Full,
    /// A new connection that resumes an earlier session where the server lets it.
    Resuming,
    /// HTTP/1.1 requests over connections that are kept.
    Pooled,
    /// HTTP/2 requests beside long streams, over connections that are kept.
    Http2,
    /// Long downloads, of which each byte is checked.
    Download,
    /// New connections of clients without a certificate, who must be turned away, and with one.
    Mutual,
}

impl Class {
    /// All, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Full,
        Self::Resuming,
        Self::Pooled,
        Self::Http2,
        Self::Download,
        Self::Mutual,
    ];

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Resuming => "resuming",
            Self::Pooled => "pooled",
            Self::Http2 => "http2",
            Self::Download => "download",
            Self::Mutual => "mutual",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How an attempt failed.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Nobody listened.
    Refused,
    /// Nothing came for as long as a client waits.
    Stalled,
    /// The connection ended during the handshake.
    HandshakeCut,
    /// The server ended the handshake with an alert.
    Alert,
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not begun.
    NotYetValid,
    /// The certificate bears another name.
    WrongName,
    /// The chain leads to no trust anchor, though its leaf is one that was issued, or of nobody.
    UnknownIssuer,
    /// The key does not fit the certificate: the signature of the handshake is wrong.
    WrongKey,
    /// Another error of TLS.
    Tls,
    /// A chain that was never issued so: parts of two, or a part of one.
    WrongChain,
    /// The status said that the server failed.
    Status,
    /// A connection ended in the middle of an answer.
    Severed,
    /// A request was sent over a kept connection, and no answer came.
    Lost,
    /// A byte was wrong.
    Corrupt,
    /// A client without a certificate got in.
    StrangerLetIn,
}

impl FailureKind {
    /// In words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Stalled => "no answer in time",
            Self::HandshakeCut => "connection ended during the handshake",
            Self::Alert => "handshake ended by an alert",
            Self::Expired => "expired certificate shown",
            Self::NotYetValid => "certificate shown before its time",
            Self::WrongName => "certificate of another name shown",
            Self::UnknownIssuer => "chain without a trust anchor shown",
            Self::WrongKey => "key and certificate do not belong together",
            Self::Tls => "error of TLS",
            Self::WrongChain => "a chain shown that was never issued so",
            Self::Status => "error status",
            Self::Severed => "severed in the middle of an answer",
            Self::Lost => "request lost on a kept connection",
            Self::Corrupt => "wrong bytes",
            Self::StrangerLetIn => "client without a certificate let in",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// An attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Of which class.
    pub class: Class,
    /// When it was due. Latency counts from here, so that a server that stalls cannot hide those
    /// who would have come meanwhile (coordinated omission).
    pub due: Duration,
    /// When its handshake began. The same as `due` on a kept connection.
    pub began: Duration,
    /// When it was over.
    pub done: Duration,
    /// How it failed, where it did.
    pub failed: Option<FailureKind>,
    /// What it said of it, for the first of each kind.
    pub error: Option<String>,
    /// Which generation it was shown in a handshake of its own.
    pub shown: Option<u32>,
    /// Whether that was a session that was resumed.
    pub resumed: bool,
    /// Whether it opened a connection, so that `shown` and `resumed` say something.
    pub opened: bool,
    /// Whether it came at its time, and not as soon as the one before was done. Only then does its
    /// latency say something.
    pub paced: bool,
}

impl Attempt {
    /// A full handshake that was asked for as soon as the one before was over.
    pub fn handshake(
        began: Duration,
        done: Duration,
        shown: Option<u32>,
        failed: Option<(FailureKind, String)>,
    ) -> Self {
        let (failed, error) = failed.unzip();
        Self {
            class: Class::Full,
            due: began,
            began,
            done,
            failed,
            error,
            shown,
            resumed: false,
            opened: true,
            paced: false,
        }
    }
}

/// All records of a run, and its clock.
#[derive(Debug)]
pub struct Recorder {
    zero: Instant,
    records: Mutex<Vec<Attempt>>,
    graceful_closes: Mutex<Vec<(Class, Duration)>>,
    late: Mutex<Duration>,
    dropped: Mutex<u64>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            zero: Instant::now(),
            records: Mutex::default(),
            graceful_closes: Mutex::default(),
            late: Mutex::default(),
            dropped: Mutex::default(),
        }
    }
}

impl Recorder {
    /// Time since the run began.
    pub fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// Writes an attempt down.
    pub fn put(&self, record: Attempt) {
        lock(&self.records).push(record);
    }

    /// A connection of this class ended as it should: the client was asked to leave, or it was
    /// closed while nothing was under way.
    pub fn graceful_close(&self, class: Class) {
        let now = self.now();
        lock(&self.graceful_closes).push((class, now));
    }

    /// An attempt began so long after it was due, because this side was slow.
    pub fn late(&self, by: Duration) {
        let mut late = lock(&self.late);
        *late = by.max(*late);
    }

    /// An attempt was not made, because too many others were still under way.
    pub fn dropped(&self) {
        *lock(&self.dropped) += 1;
    }

    /// The worst lateness of this side, and how many attempts were not made at all.
    pub fn fell_behind(&self) -> (Duration, u64) {
        (*lock(&self.late), *lock(&self.dropped))
    }

    /// What was written down.
    pub fn records(&self) -> Vec<Attempt> {
        lock(&self.records).clone()
    }

    /// How often a connection of this class ended as it should.
    pub fn graceful_closes(&self, class: Class) -> usize {
        let graceful_closes = lock(&self.graceful_closes);
        graceful_closes
            .iter()
            .filter(|(of, _)| *of == class)
            .count()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock was held left whole records behind.
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
