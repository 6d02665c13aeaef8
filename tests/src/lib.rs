//! What holds across chapters. The tests are in `tests/`; this crate has no code of its own, but the
//! examples of all others, which rustdoc compiles here as one program (`build/examples.rs`).

#[cfg(doctest)]
include!(concat!(env!("OUT_DIR"), "/examples.rs"));
