//! What a verdict requires, and the names in which that is said: levels, scenarios, findings, waivers.
//!
//! TOML files, command lines and reports share these names. Uses nothing of the other folders; all of
//! them may use it.

pub mod code;
pub mod day;
pub mod level;
mod nearest;
pub mod scenario;
pub mod waiver;

/// The scenario's name of what is found while certificates rotate and all is as it should be.
pub const ROTATION: &str = "rotation";
