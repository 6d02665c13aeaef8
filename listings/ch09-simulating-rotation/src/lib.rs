//! Rotation on request: who writes, when, and what goes wrong.
//!
//! A [`Writer`] is a tool that replaces certificates, by its documented behaviour. A [`Site`] is one
//! directory that it writes into. [`Sabotage`] is what goes wrong with a write. Together they put
//! before a server, in a second, what years of operation would.
//!
//! - `tools`: what each tool does with a directory, step by step;
//! - [`ca`]: an authority on disk, and one leaf from it;
//! - [`rotate`]: an agent that renews again and again, and tells those who must know;
//! - [`schedule`]: when it renews.
//!
//! # Examples
//!
//! ```
//! use ch09_simulating_rotation::{Site, Writer};
//! use lab::authority::{Authority, LeafRequest};
//!
//! let directory = lab::directory()?;
//! let issued = Authority::new()?.issue(&LeafRequest::new("localhost"))?;
//! let mut site = Site::new(directory.path(), Writer::VaultAgent);
//! let mut steps = Vec::new();
//! site.write_stepwise(&issued, |step| steps.push(step.to_owned()))?;
//! assert_eq!(steps, ["tls.crt renamed", "tls.key renamed"]);
//! # Ok::<(), lab::Error>(())
//! ```

pub mod ca;
mod error;
pub mod rotate;
mod sabotage;
pub mod schedule;
mod site;
mod tools;
mod writer;

pub use error::Error;
pub use sabotage::Sabotage;
pub use site::Site;
pub use writer::Writer;
