//! What a reader must see to believe a verdict.

#![forbid(unsafe_code)]

pub mod attempt;
pub mod bound;
pub mod open_loop;
pub mod phase;
pub mod rotation;
