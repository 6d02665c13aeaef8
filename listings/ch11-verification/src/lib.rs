//! `zdr check`: does this server rotate with zero downtime?
pub mod spec;
