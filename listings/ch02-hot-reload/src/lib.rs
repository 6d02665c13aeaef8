//! Hot reload: the identity's life is no longer the process's life.
//!
//! A [`Generation`] is one immutable snapshot of what the server serves. [`IdentityStore`] holds
//! the current one behind one atomic pointer. A reload builds the next generation beside it,
//! checks it, and swaps the pointer. Nothing that is being served is ever changed.
//!
//! [`identity`] reads the files and validates them as a peer would, [`Loader`] says how files become
//! a generation, and [`serve`] asks for the current one at each connection. [`arguments`] and
//! [`program`] are the command line, the same in later chapters.
//!
//! # Examples
//! A reload publishes the next generation, or rejects the files and keeps the one before:
//!
//! ```
//! use ch02_hot_reload::identity::Source;
//! use ch02_hot_reload::{IdentityStore, Reload};
//! use lab::agent::{Agent, Strategy};
//!
//! let directory = lab::directory()?;
//! let mut agent = Agent::started(directory.path(), Strategy::RenameEach)?;
//! let store = IdentityStore::start(Source::localhost(agent.files()))?;
//!
//! agent.rotate()?;
//! assert!(matches!(store.reload(), Reload::Loaded(_)));
//! std::fs::remove_file(agent.files().key)?;
//! assert!(matches!(store.reload(), Reload::Rejected(_)));
//! assert_eq!(store.current().number, 2);
//! # Ok::<_, std::io::Error>(())
//! ```

pub mod arguments;
pub mod file;
mod generation;
pub mod identity;
pub mod message;
pub mod program;
mod rejected;
mod serve;
mod store;
mod sync;
mod triggers;
mod words;

pub use generation::{BuildError, BuildFn, Generation, Loader, ReadFn};
pub use serve::serve;
pub use store::{IdentityStore, Reload};
pub use triggers::{on_hangup, reload_on};
