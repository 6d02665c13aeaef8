//! The transcripts in the book are what the program prints.

#[test]
fn transcripts() {
    lab::transcript::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_BIN_EXE_zdr"));
}
