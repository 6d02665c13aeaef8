//! A reader that no writer can trick.
//!
//! The reader of chapter 2 opens each file by its path, reads it once, and validates what it got.
//! [`Reader`] puts three questions before that. Is it a file, of a sane size, in one directory that
//! stays the same while I read ([`pinned`])? Do two reads agree? Is each PEM block whole ([`pem`])?
//! And three after it: is a writer still at work ([`rest`])? Is this less than what I serve, and has
//! it been so for a while? Which names are lost ([`names`])? From here on every chapter reads so.
//!
//! [`explorer`] is the other half of the chapter: it runs this reader against every [`writer`], at
//! every point where the two could meet. [`start`] and [`mounted`] are for the moment of the start.
//!
//! # Examples
//! A writer that is in the middle of a file is found out:
//!
//! ```
//! use ch02_hot_reload::identity::{Reason, Source};
//! use ch05_race_conditions::{Options, Reader};
//! use lab::agent::{Agent, Strategy};
//!
//! let directory = lab::directory()?;
//! let agent = Agent::started(directory.path(), Strategy::RenameEach)?;
//! let source = Source::localhost(agent.files());
//! let reader = Reader::new(Options::default());
//! let served = reader.read(&source, None)?;
//!
//! let chain = std::fs::read_to_string(&source.files.certificate)?;
//! std::fs::write(&source.files.certificate, &chain[..chain.len() / 4])?;
//! let rejected = reader.read(&source, Some(&served)).unwrap_err();
//! assert_eq!(rejected.reason, Reason::Truncated);
//! # Ok::<_, std::io::Error>(())
//! ```

pub mod access;
mod algorithms;
mod ended;
pub mod explorer;
pub mod exposure;
mod features;
mod fields;
mod forms;
mod general;
mod java;
mod key;
mod kinds;
mod look;
pub mod mounted;
pub mod names;
mod openssl_alone;
mod options;
mod parsed;
mod path;
pub mod pem;
pub mod pinned;
mod policies;
mod reader;
pub mod rest;
mod serials;
mod settle;
mod shape;
mod shorter;
pub mod start;
mod tell;
mod trust;
mod uri;
pub mod writer;

pub use ended::Ended;
pub use exposure::ExposedKey;
pub use look::{LOOKS, anchors};
pub use options::{LostNames, Options};
pub use reader::Reader;
pub use settle::loses_anchor;
pub use tell::Beside;
