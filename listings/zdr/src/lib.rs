//! `zdr check`: does this server rotate with zero downtime?

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
