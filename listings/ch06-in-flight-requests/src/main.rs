//! The demo of chapter 6: three connections outlive their certificate, and are then drained.
//!
//! With `serve` it is the server that the demo starts.

fn main() {}
