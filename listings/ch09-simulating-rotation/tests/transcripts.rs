//! The transcripts in the book are what the demos print.

#[test]
fn transcripts() {
    lab_test::transcript::check(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_ch09-simulating-rotation"),
    );
}
