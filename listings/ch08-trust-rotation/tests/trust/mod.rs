//! Trust in rotation: who gets in, who is held, and what is lost in which order.
//!
//! Streams are in memory, and where time is the subject, it is virtual.

mod again;
mod bench;
mod client;
mod expiry;
mod kept;
mod large;
mod never;
mod order;
mod renewed;
mod sessions;
mod stages;
mod two;
mod walk;
mod wrong;
