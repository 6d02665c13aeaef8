//! The chapter's tests, in one program: they wait side by side, and are linked once.
//! One whose subject is the whole process is a program of its own: see `Cargo.toml`.

mod download;
mod identity;
mod log;
mod reload;
mod transcripts;
