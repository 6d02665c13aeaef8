//! What the chapter shows of a run is what a run prints.

#[test]
fn transcripts() {
    lab_test::transcript::check(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_chapter-skeleton"),
    );
}
