//! `zdr`: does this server, in any language, rotate with zero downtime?
//!
//! Each folder may use those above it, and none below:
//!
//! - [`server`]: the server under test, as its TOML file describes it, and its processes.
//! - [`report`]: what is written down and shown. It uses no other folder.
//! - [`compare`]: two reports compared, several merged.
//! - [`error`]: what ends a run before it has a verdict.
//! - [`load`]: clients of each class, which come when they are due.
//! - [`judge`]: from attempts to figures, findings and a verdict.
//! - [`testbed`]: files, an authority, a server that reads them, and one rotation.
//! - [`scenarios`]: what is done to a server on purpose.
//! - [`check`]: rotations under load, then the scenarios, then the verdict.
//! - [`course`], [`benchmark`]: many checks, stage by stage or server by server.

pub mod benchmark;
pub mod check;
pub mod compare;
pub mod course;
pub mod error;
pub mod judge;
pub mod load;
pub mod report;
pub mod scenarios;
pub mod server;
pub mod testbed;

pub use error::Error;
