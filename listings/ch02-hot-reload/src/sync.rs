//! The lock that puts reloads in order. With `--cfg shuttle` it is shuttle's, and
//! `tests/schedules.rs` tries every schedule in which threads can take it.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::Mutex;
#[cfg(not(shuttle))]
pub(crate) use std::sync::Mutex;
