//! The tests of the bench, in one program: they wait side by side, and are linked once.

mod bench;
mod log;
mod name;
mod serial;
mod stderr;
