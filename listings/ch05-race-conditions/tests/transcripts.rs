//! What the chapter shows of a run is what a run prints. The run explores every state, and fails
//! where our reader is tricked in one.

#[test]
fn transcripts() {
    lab_test::transcript::check(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_ch05-race-conditions"),
    );
}
