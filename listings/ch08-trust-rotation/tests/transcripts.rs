//! The transcripts in the book are what the demo prints.

#[test]
fn transcripts() {
    lab::transcript::check(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_ch08-trust-rotation"),
    );
}
