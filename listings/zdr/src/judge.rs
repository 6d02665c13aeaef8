//! What the attempts, the server's process and its log amount to.

pub mod findings;
pub mod measure;
