//! The verifier's tests, in one program: they wait side by side, and are linked once.

mod benchmark;
mod clients;
mod costs;
mod course;
mod demo;
mod dialogues;
mod falsification;
mod growth;
mod itself;
mod judged;
mod measure;
mod peers;
mod reports;
mod samples;
mod transcripts;
mod troubles;
mod turns;
mod verified;
mod watched;
