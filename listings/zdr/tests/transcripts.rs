//! The transcripts in the book are what the program prints.

#[tokio::test(flavor = "multi_thread")]
async fn transcripts() {
    // The demo judges five servers at once.
    let _turns = super::turns::of(5).await;
    lab_test::transcript::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_BIN_EXE_zdr"));
}
