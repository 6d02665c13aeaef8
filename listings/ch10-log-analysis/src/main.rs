//! The demo of chapter 10.

fn main() {}
