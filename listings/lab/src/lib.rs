//! The bench that every chapter stands on.
//!
//! A chapter shows how a server rotates. What it needs around that server is here: an [authority]
//! that issues certificates, an [agent] that writes them to disk as real agents do, a [client] that
//! reports what it was shown, the [wire] protocol they speak, and the [event] log that the tests
//! read. Nothing else is shared.
//!
//! The chain of thought behind the protocol and the log is in the book's appendix, "The event
//! contract".

pub mod agent;
pub mod authority;
pub mod chain;
pub mod child;
pub mod client;
pub mod event;
pub mod log;
pub mod memory;
pub mod mutual;
pub mod name;
pub mod peer;
pub mod rotation;
pub mod transcript;
pub mod wire;

use std::net::SocketAddr;

/// How long a test or a demo waits for one thing before it gives up and says what it waited for.
///
/// It is a bound, never a pause: every wait ends as soon as its event arrives. It is generous,
/// because a loaded machine is slow and a missing event is missing for ever.
pub const BOUND: std::time::Duration = std::time::Duration::from_secs(30);

/// A loopback address whose port the operating system chooses.
pub fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A temporary directory that only this user can enter, removed when dropped. All files of a
/// chapter live in one.
///
/// # Errors
/// When the system's temporary directory cannot be written.
pub fn directory() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("rotation-").tempdir()
}
