//! The Rust that stands in chapters compiles and runs; and the machinery that says so can fail.

#![allow(
    missing_docs,
    unused_extern_crates,
    reason = "skeptic writes these tests"
)]

include!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs"));

mod canary {
    use std::panic::catch_unwind;

    /// Runs a snippet as skeptic's tests do, and tells whether it got through.
    fn passes(snippet: &'static str) -> bool {
        let root = env!("CARGO_MANIFEST_DIR");
        let out = env!("OUT_DIR");
        let target = env!("TARGET");
        catch_unwind(|| skeptic::rt::run_test(root, out, target, snippet)).is_ok()
    }

    /// The control: what fails below fails for the one thing that differs.
    #[test]
    fn a_right_snippet_passes() {
        assert!(passes(
            "fn main() { let port: u16 = 4433; assert_eq!(port, 4433); }"
        ));
    }

    #[test]
    fn a_snippet_that_does_not_compile_fails() {
        assert!(!passes(
            "fn main() { let port: u16 = \"4433\"; assert_eq!(port, 4433); }"
        ));
    }

    #[test]
    fn a_snippet_that_panics_fails() {
        assert!(!passes(
            "fn main() { let port: u16 = 4433; assert_eq!(port, 443); }"
        ));
    }
}
