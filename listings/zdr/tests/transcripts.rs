//! The transcripts in the book are what the program prints.

#[tokio::test(flavor = "multi_thread")]
async fn transcripts() {
    // The demo judges five servers at once, and prints what comes of it.
    let _turns = super::turns::of(super::turns::AT_ONCE).await;
    lab_test::transcript::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_BIN_EXE_zdr"));
}
