//! The chapter's tests, in one program: they wait side by side, and are linked once.

mod bench;
mod calls;
mod carried;
mod client;
mod clock;
mod contexts;
mod contract;
mod hangup;
mod python;
mod refused;
mod rotation;
mod server;
mod transcripts;
