//! The chapter's tests, in one program: they wait side by side, and are linked once.

mod bound;
mod demo;
mod judgement;
mod rotation;
mod servers;
mod transcripts;
