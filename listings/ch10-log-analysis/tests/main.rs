//! The chapter's tests, in one program: they wait side by side, and are linked once.
//! One whose subject is the whole process is a program of its own: see `Cargo.toml`.

mod assert;
mod collected;
mod damaged;
mod edges;
mod elsewhere;
mod follow;
mod left_out;
mod lost;
mod marks;
mod messy;
mod servers;
mod show;
mod sound;
mod torn;
mod transcripts;
mod unreadable;
mod wire;
mod zdr;
