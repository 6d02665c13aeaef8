//! The chapter's tests, in one program: they wait side by side, and are linked once.

mod alarms;
mod cli;
mod contract;
mod followed;
mod hooks;
mod real;
mod sabotage;
mod schedule;
mod transcripts;
mod writers;
