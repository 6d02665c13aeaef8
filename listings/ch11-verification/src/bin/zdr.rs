//! `zdr`: the verdict on any server.

fn main() {}
