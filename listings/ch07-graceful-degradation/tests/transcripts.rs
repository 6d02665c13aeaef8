//! What the chapter shows of a run is what a run prints, dates included.

#[test]
fn transcripts() {
    lab_test::transcript::check_in_virtual_time(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_ch07-graceful-degradation"),
    );
}
