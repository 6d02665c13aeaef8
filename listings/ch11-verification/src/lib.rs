//! `zdr check`: does this server rotate with zero downtime?
//!
//! A [server](spec) is a small TOML file. It is put on a [stage] with an authority of its own. Then
//! a [load] of clients comes, each class for itself, and while they come the files are
//! [rotated](rotate). What they met is [written down](record), [counted](measure), and becomes
//! [findings](verdict). In the [scenarios](scenario) something is done to the server on purpose. All
//! of it is one [report], which can be [shown](page), [compared](compare) and [merged](merge).
//!
//! The whole of it is [`check::check`].

pub mod bound;
pub mod check;
pub mod compare;
pub mod compared;
pub mod course;
pub mod demo;
pub mod failed;
pub mod figures;
pub mod file;
pub mod guard;
pub mod latency;
pub mod load;
pub mod measure;
pub mod merge;
pub mod origin;
pub mod page;
mod plot;
pub mod progress;
pub mod record;
pub mod report;
pub mod rotate;
pub mod scenario;
pub mod server;
pub mod spec;
pub mod stage;
pub mod summary;
pub mod timeline;
pub mod verdict;
pub mod words;
