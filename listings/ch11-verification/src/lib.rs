//! What a reader must see to believe a verdict.

#![forbid(unsafe_code)]

pub mod attempt;
pub mod bound;
pub mod check;
pub mod clients;
pub mod failure;
pub mod judge;
pub mod open_loop;
pub mod phase;
pub mod rotation;
