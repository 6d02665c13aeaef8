//! `zdr check`: does this server rotate with zero downtime?
pub mod bound;
pub mod compare;
pub mod file;
pub mod latency;
pub mod merge;
pub mod page;
mod plot;
pub mod record;
pub mod report;
pub mod spec;
pub mod summary;
pub mod timeline;
pub mod words;
