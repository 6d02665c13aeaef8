//! What the chapter shows of a run is what a run prints.

#[test]
fn transcripts() {
    lab_test::transcript::check(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_ch10-log-analysis"),
    );
}

/// A reader that has had enough, as `head` has, makes no program fail.
#[test]
fn a_program_whose_output_is_read_no_more_ends_well() {
    lab_test::transcript::check_unread(
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO_BIN_EXE_ch10-log-analysis"),
    );
}
