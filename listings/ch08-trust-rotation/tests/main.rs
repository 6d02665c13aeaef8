//! The chapter's tests, in one program: they wait side by side, and are linked once.

mod files;
mod options;
mod rotation;
mod transcripts;
mod trust;
