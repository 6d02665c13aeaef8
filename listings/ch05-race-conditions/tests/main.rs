//! The chapter's tests, in one program: they wait side by side, and are linked once.
//! One that is run by itself, too, is a program of its own: see `Cargo.toml`.

mod beside;
mod expiry;
mod explorer;
mod fields;
mod issuers;
mod model;
mod numbers;
mod options;
mod pem;
mod pinned;
mod reader;
mod rotation;
mod shorter;
mod start;
mod transcripts;
