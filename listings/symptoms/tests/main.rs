//! The list is right, and the real programs print what it says.
//!
//! - `list` holds the rules of the list.
//! - `bench` makes faulty files; `doors` are servers that are wrong in one way each, and `goaway` is one that drains; `capture` runs programs and
//!   compares what they print with the list.
//! - `visits` are the clients of the servers under test.
//! - `clients` and `servers` have a test for each program.

mod bench;
mod capture;
mod clients;
mod doors;
mod goaway;
mod list;
mod servers;
mod steps;
mod visits;
