//! Attempts: what each client tried, when it was due, and how it ended.

use std::fmt;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
/// A way to use a server, in the order of reports. Each finds failures that the others cannot.
#[derive(Deserialize, JsonSchema, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A new connection with a full handshake, in which the certificate is shown, and one request.
    Full,
    /// A new connection that resumes an earlier session, if the server allows it.
    Resuming,
    /// A new connection over TLS 1.2, with a full handshake.
    Tls12,
    /// A new connection that sends no server name (no SNI; RFC 6066, section 3).
    Nameless,
    /// A new connection that asks for the server's other name, whose certificate must not change.
    Sibling,
    /// A new connection that accepts only the second kind of key.
    Second,
    /// A new QUIC connection (HTTP/3), with a full handshake.
    Quic,
    /// Requests over connections that are kept open, by HTTP/1.1 or another protocol.
    Pooled,
    /// HTTP/2 requests beside long streams, over connections that are kept open.
    Http2,
    /// HTTP/3 requests beside long streams, over connections that are kept open.
    Http3,
    /// Long downloads. Each byte is checked.
    Download,
    /// Parts of long downloads over HTTP/3. The client changes its address in the middle of each.
    Moving,
    /// Long uploads, each of which ends.
    Upload,
    /// Conversations whose state is lost with the connection: a WebSocket, a transaction.
    Held,
    /// gRPC streams that do not end, and calls beside them, each with its status.
    Grpc,
    /// A new connection of a client without a certificate, which must be rejected.
    Mutual,
}

impl Class {
    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 16] = [
            "full", "resuming", "tls12", "nameless", "sibling", "second", "quic", "pooled",
            "http2", "http3", "download", "moving", "upload", "held", "grpc", "mutual",
        ];
        NAMES[self as usize]
    }

    /// Whether an attempt lasts for as long as it can, and meets many rotations.
    pub fn is_long(self) -> bool {
        (Self::Download..=Self::Grpc).contains(&self)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// ANCHOR: attempt
/// One attempt of one client. All moments are on the [`Recorder`]'s clock. `F` is how it can fail: here
/// one of a few words, in `zdr` one of a closed set of kinds.
#[derive(Clone, Debug)]
pub struct Attempt<F = &'static str> {
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
    pub failed: Option<F>,
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

impl<F> Attempt<F> {
    /// An attempt that opens a connection now, and of which nothing else is known yet.
    pub fn opening(class: Class, now: Duration) -> Self {
        Self {
            class,
            due: now,
            began: now,
            handshake_done: None,
            done: now,
            failed: None,
            error: None,
            shown: None,
            resumed: false,
            opened: true,
            paced: false,
        }
    }
}

/// All attempts of a run, and the clock that dates them.
#[derive(Debug)]
pub struct Recorder<F = &'static str> {
    zero: Instant,
    attempts: Mutex<Vec<Attempt<F>>>,
}

impl<F> Default for Recorder<F> {
    fn default() -> Self {
        Self {
            zero: Instant::now(),
            attempts: Mutex::default(),
        }
    }
}

impl<F: Clone> Recorder<F> {
    /// Time since the run began.
    pub fn now(&self) -> Duration {
        self.at(Instant::now())
    }

    /// A moment on this clock.
    pub fn at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.zero)
    }

    /// Writes an attempt down.
    pub fn put(&self, attempt: Attempt<F>) {
        self.attempts.lock().push(attempt);
    }

    /// The attempts so far, in the order in which they ended.
    pub fn records(&self) -> Vec<Attempt<F>> {
        self.attempts.lock().clone()
    }
}
