//! No code: this package's manifest says with which features other crates are built.
