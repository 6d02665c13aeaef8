//! Homework by seed: questions whose answers a chapter's own code computes.
//!
//! - [`sheet`] is what all sheets have: what is known, questions, answers, and why;
//! - [`ch05`]: what does this reader serve in this state?
//! - [`ch06`]: which certificate does this client hold now?
//! - [`ch07`]: what do `/live`, `/ready` and the alerts say at this moment?
//! - [`ch08`]: who gets in at this step of a rotation of trust?
//! - [`ch09`]: when does this agent renew, and does it before its leaf expires?
//!
//! A seed chooses what happens, and the chapter's own types let it happen. So an answer is what they did, rather than
//! what was thought of them, and one seed gives each learner the same sheet.

#![forbid(unsafe_code)]

pub mod ch05;
pub mod ch06;
pub mod ch07;
pub mod ch08;
pub mod ch09;
pub mod sheet;

use std::io;

/// Runs this to its end, by a clock that stands still while anything can go on.
///
/// # Errors
/// When the system gives no runtime.
pub(crate) fn virtual_time<T>(happens: impl Future<Output = T>) -> io::Result<T> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build()?;
    Ok(runtime.block_on(happens))
}
