//! The transcripts say what the commands say.

#[test]
fn the_transcripts_hold() {
    lab_test::transcript::check(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_ch06-in-flight-requests"),
    );
}
