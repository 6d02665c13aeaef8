//! `zdr check`: does this server rotate with zero downtime?

pub mod bound;
pub mod check;
pub mod compare;
pub mod compared;
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
