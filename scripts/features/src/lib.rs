//! No code: this package's manifest says with which features other crates are built.

// `.cargo/config.toml` sets it to the checkout's path. Tests have paths compiled in (`CARGO_BIN_EXE_…`),
// which cargo takes for good when the checkout is moved; since every crate of ours stands on this one, a
// move builds them anew, and nothing else.
const _: Option<&str> = option_env!("ZERO_DOWNTIME_CHECKOUT");
