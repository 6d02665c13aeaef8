//! Attempts: what each client tried, when it was due, and how it ended.
//!
//! [`Class`] is how a server is used, [`FailureKind`] how an attempt failed, and [`Recorder`] holds all
//! attempts of a run on one clock.

use std::fmt;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way to use a server. Each finds failures that the others cannot.
#[derive(
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
    ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A new connection with a full handshake, and one request. Is shown the certificate.
    Full,
    /// A new connection that resumes an earlier session where the server lets it.
    Resuming,
    /// A new connection by TLS 1.2, with a full handshake.
    Tls12,
    /// A new connection that names no server (RFC 6066, section 3, is not used).
    Nameless,
    /// A new connection that asks for another name of the server, whose certificate must not move.
    Sibling,
    /// Requests over connections that are kept: of HTTP/1.1, or of another protocol.
    Pooled,
    /// HTTP/2 requests beside long streams, over connections that are kept.
    Http2,
    /// Long downloads, of which each byte is checked.
    Download,
    /// Long uploads, which come to their end.
    Upload,
    /// Conversations with a state that is lost with the connection: a WebSocket, a transaction.
    Held,
    /// A new connection of a client without a certificate, which must be turned away.
    Mutual,
}

impl Class {
    /// All, in the order of reports.
    pub const ALL: [Self; 11] = [
        Self::Full,
        Self::Resuming,
        Self::Tls12,
        Self::Nameless,
        Self::Sibling,
        Self::Pooled,
        Self::Http2,
        Self::Download,
        Self::Upload,
        Self::Held,
        Self::Mutual,
    ];

    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Resuming => "resuming",
            Self::Tls12 => "tls12",
            Self::Nameless => "nameless",
            Self::Sibling => "sibling",
            Self::Pooled => "pooled",
            Self::Http2 => "http2",
            Self::Download => "download",
            Self::Upload => "upload",
            Self::Held => "held",
            Self::Mutual => "mutual",
        }
    }

    /// Whether an attempt lasts for as long as it can, and meets many rotations.
    pub fn is_long(self) -> bool {
        matches!(self, Self::Download | Self::Upload | Self::Held)
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
    /// Nothing listened on the port.
    Refused,
    /// No answer for as long as a client waits.
    Stalled,
    /// The connection ended during the handshake.
    HandshakeCut,
    /// The server ended the handshake with an alert.
    Alert,
    /// The certificate was shown after its notAfter.
    Expired,
    /// The certificate was shown before its notBefore.
    NotYetValid,
    /// The certificate has another name than the one that was asked for.
    WrongName,
    /// The chain leads to no trust anchor of the client.
    UnknownIssuer,
    /// The key is not the certificate's: the signature of the handshake is wrong.
    WrongKey,
    /// Another error of TLS.
    Tls,
    /// A chain that was never issued like this: parts of two, or a part of one.
    WrongChain,
    /// The HTTP status, or an answer of another protocol, says that the server failed.
    Status,
    /// The connection ended in the middle of an answer.
    Severed,
    /// An upload or a conversation ended before its time.
    Interrupted,
    /// A request was sent over a kept connection, and no answer came.
    Lost,
    /// A byte of the answer was wrong.
    Corrupt,
    /// A client without a certificate was answered.
    StrangerLetIn,
}

impl FailureKind {
    /// The kind in words, as reports for people have it.
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
            Self::Interrupted => "interrupted in the middle of an upload or a conversation",
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

// ANCHOR: attempt
/// One attempt of one client. All moments are on the [`Recorder`]'s clock.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The class of its client.
    pub class: Class,
    /// When it was due. Latency counts from here, so that a server that stalls cannot hide the
    /// clients that would have come meanwhile (coordinated omission).
    pub due: Duration,
    /// When its handshake began. The same as `due` on a kept connection.
    pub began: Duration,
    /// When its handshake was complete and the certificate verified, where it opened a connection.
    pub handshake_done: Option<Duration>,
    /// When it was over: answered, or failed.
    pub done: Duration,
    /// How it failed, where it did.
    pub failed: Option<FailureKind>,
    /// What the client's library said of the failure.
    pub error: Option<String>,
    /// Which generation its handshake was shown. `None` where it opened no connection, or was shown
    /// a chain that was never issued.
    pub shown: Option<u32>,
    /// Whether its handshake resumed a session. Then `shown` tells of the time when that began.
    pub resumed: bool,
    /// Whether it opened a connection, so that `shown` and `resumed` say something.
    pub opened: bool,
    /// Whether it was made when it was due, and not as soon as the one before was done. Only then
    /// does its latency say something.
    pub paced: bool,
}
// ANCHOR_END: attempt

/// A connection that was kept for more than one request. It is at risk in each rotation that it meets,
/// also where no request is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The class of its client.
    pub class: Class,
    /// When it was open.
    pub from: Duration,
    /// When it ended, or the load.
    pub until: Duration,
    /// Whether a request was lost with it.
    pub lost: bool,
}

/// All attempts of a run, and the clock that dates them.
#[derive(Debug)]
pub struct Recorder {
    zero: Instant,
    attempts: Mutex<Vec<Attempt>>,
    kept: Mutex<Vec<Kept>>,
    graceful_closes: Mutex<Vec<(Class, Duration)>>,
    late: Mutex<Duration>,
    dropped: Mutex<u64>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            zero: Instant::now(),
            attempts: Mutex::default(),
            kept: Mutex::default(),
            graceful_closes: Mutex::default(),
            late: Mutex::default(),
            dropped: Mutex::default(),
        }
    }
}

impl Recorder {
    /// Time since the run began.
    pub fn now(&self) -> Duration {
        self.at(Instant::now())
    }

    /// A moment on this clock.
    pub fn at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.zero)
    }

    /// Writes an attempt down.
    pub fn put(&self, attempt: Attempt) {
        self.attempts.lock().push(attempt);
    }

    /// Writes a connection down that is not kept any longer.
    pub fn put_kept(&self, kept: Kept) {
        self.kept.lock().push(kept);
    }

    /// The kept connections that have ended so far.
    pub fn kept(&self) -> Vec<Kept> {
        self.kept.lock().clone()
    }

    /// A connection of this class ended as it should: the client was asked to leave, or it was
    /// closed while nothing was under way.
    pub fn graceful_close(&self, class: Class) {
        let now = self.now();
        self.graceful_closes.lock().push((class, now));
    }

    /// An attempt began so long after it was due, because this side was slow.
    pub fn late(&self, by: Duration) {
        let mut late = self.late.lock();
        *late = by.max(*late);
    }

    /// An attempt was not made, because too many others were still under way.
    pub fn dropped(&self) {
        *self.dropped.lock() += 1;
    }

    /// The worst lateness of this side, and how many attempts were not made at all.
    pub fn fell_behind(&self) -> (Duration, u64) {
        (*self.late.lock(), *self.dropped.lock())
    }

    /// The attempts so far, in the order in which they ended.
    pub fn records(&self) -> Vec<Attempt> {
        self.attempts.lock().clone()
    }

    /// How often a connection of this class ended as it should.
    pub fn graceful_closes(&self, class: Class) -> usize {
        let graceful_closes = self.graceful_closes.lock();
        graceful_closes
            .iter()
            .filter(|(of, _)| *of == class)
            .count()
    }
}
