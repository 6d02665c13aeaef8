//! The transcripts in the book are what the demo prints.

#[test]
fn transcripts() {
    lab_test::transcript::check(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_ch08-trust-rotation"),
    );
}
