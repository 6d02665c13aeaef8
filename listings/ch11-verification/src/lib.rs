//! `zdr check`: does this server rotate with zero downtime?
pub mod record;
pub mod report;
pub mod spec;
