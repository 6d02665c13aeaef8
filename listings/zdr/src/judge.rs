//! What the attempts, the server's process and its log amount to.
//!
//! - [`measure`]: from attempts to figures.
//! - [`findings`]: from figures to findings; [`beside`]: of certificates that stand beside the first.
//! - `left_out`: a class of clients that a reload leaves out.
//! - [`rejected`]: rotations in whose end clients reject what is shown.
//! - [`flap`]: of the old certificate that comes back; `chance`: whether two shares differ.
//! - [`overload`]: what is no failure where there was too much to do; `explained`: whether that explains it.
//! - `timed_out`: what is no failure where a server ends connections by a time-out of its own.
//! - `grown_old`: what is no failure where a server ends conversations at an age of its own, or after so many
//!   steps.
//! - `tickets`: sessions that end with each rotation.
//! - [`shortage`]: what is no failure where something had run out, here or at the server.
//! - [`growth`]: what each rotation leaves behind; `work`: what is left to do.
//! - [`verdict`]: from findings and figures to a verdict.
//! - [`of_server`]: what the server's process and its output tell.
//!
//! This folder may use `report`, whose figures and findings it makes, `server`, and chapter 11's
//! phases, judgement and bound. `scenarios`, `check`, `course` and `benchmark` use it.

pub mod beside;
mod chance;
mod explained;
pub mod findings;
pub mod flap;
pub(crate) mod grown_old;
pub mod growth;
mod left_out;
pub mod measure;
pub mod of_server;
pub mod overload;
pub mod rejected;
pub mod shortage;
mod tickets;
pub(crate) mod timed_out;
pub mod verdict;
pub(crate) mod work;
