//! `zdr check`: does this server rotate with zero downtime?

pub mod bound;
pub mod check;
pub mod failed;
pub mod load;
pub mod measure;
pub mod origin;
pub mod record;
pub mod report;
pub mod rotate;
pub mod scenario;
pub mod server;
pub mod spec;
pub mod stage;
pub mod verdict;
