//! The bench that every chapter stands on: what a server that rotates needs around it.
//!
//! | modules | what they are |
//! |---|---|
//! | [`authority`], [`chain`] | issue certificates, and say what is in a chain |
//! | [`agent`] | writes them to disk, in each of the ways of real agents |
//! | [`wire`], [`client`], [`mutual`], [`memory`] | the protocol, a client that reports what it was shown, a server for mTLS, a handshake without a network |
//! | [`event`], [`log`], [`emit`] | one event, a log of them to wait for and to assert on, and how a program writes one |
//! | [`child`] | a server in a process of its own |
//! | [`rotation`] | what the tests of all chapters share |
//!
//! An arrow points from a row to those above it, and no further: nothing here knows a chapter. What
//! can go wrong is one [`Error`].
//!
//! # Examples
//! An agent writes a first identity, and replaces it:
//!
//! ```
//! use lab::agent::{Agent, Strategy};
//!
//! let directory = lab::directory()?;
//! let mut agent = Agent::started(directory.path(), Strategy::Bundle)?;
//! let next = agent.rotate()?;
//!
//! assert_eq!(next.facts.serial, "1002");
//! let written = std::fs::read_to_string(agent.files().certificate)?;
//! assert!(written.starts_with(&next.chain_pem));
//! # Ok::<_, std::io::Error>(())
//! ```

pub mod agent;
pub mod authority;
pub mod chain;
pub mod child;
pub mod client;
pub mod emit;
mod error;
pub mod log;
pub mod memory;
pub mod mutual;
pub mod name;
pub mod rotation;
pub mod secrets;
pub mod stderr;
pub mod wire;

pub use events::{eprint, eprintln, event, line, println};

use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

use tokio::net::TcpSocket;

pub use error::Error;

/// How long a test or a demo waits for one thing before it gives up and says what it waited for.
///
/// It is a bound, never a pause: every wait ends as soon as its event arrives. It is generous,
/// because a loaded machine is slow and a missing event is missing forever.
pub const BOUND: std::time::Duration = std::time::Duration::from_secs(120);

/// A loopback address whose port the operating system chooses.
pub fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A loopback port on which nothing listens. While it is held, it refuses each client, and no other program of this
/// machine can listen there.
#[derive(Debug)]
pub struct RefusingPort {
    address: SocketAddr,
    // Bound, and never listening.
    _held: TcpSocket,
}

impl RefusingPort {
    /// Holds a free port.
    ///
    /// # Errors
    /// When the system has no socket or no port left.
    pub fn hold() -> io::Result<Self> {
        let held = TcpSocket::new_v4()?;
        held.bind(any_port())?;
        let address = held.local_addr()?;
        Ok(Self {
            address,
            _held: held,
        })
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A temporary directory that only this user can enter, removed when dropped. All files of a
/// chapter live in one.
///
/// # Errors
/// When the system's temporary directory cannot be written.
pub fn directory() -> io::Result<tempfile::TempDir> {
    of_mode(0o700)
}

/// The same, which other users can enter: a server may run as one of them.
///
/// # Errors
/// As [`directory`].
pub fn open_directory() -> io::Result<tempfile::TempDir> {
    of_mode(0o755)
}

fn of_mode(mode: u32) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("rotation-")
        .permissions(Permissions::from_mode(mode))
        .tempdir()
}
