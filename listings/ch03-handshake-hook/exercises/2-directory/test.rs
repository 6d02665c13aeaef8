//! What is wanted of `watch`. Each function is a check, and its comment says what has to hold.

use std::fs;
use std::time::Duration;

use exercise_bench::patience;
use lab::agent::{Agent, Strategy};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::exercise::watch;

/// A watch on a file that is gone brings an event or two more before it falls silent; of so many renewals,
/// these cannot make up for all.
const RENEWALS: u32 = 6;

/// Renews the files again and again. Returns the first renewal that brought no hint.
async fn not_noticed(strategy: Strategy) -> Option<u32> {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), strategy).unwrap();
    let (hint, mut hints) = mpsc::channel(1);
    let watching = watch(&agent.files().certificate, hint);
    let _watching = watching.unwrap_or_else(|error| panic!("No watch was set: {error}."));
    for renewal in 1..=RENEWALS {
        while hints.try_recv().is_ok() {}
        agent.rotate().unwrap();
        if !matches!(timeout(patience(), hints.recv()).await, Ok(Some(()))) {
            return Some(renewal);
        }
    }
    None
}

/// Each renewal by rename is noticed.
pub async fn each_renewal_is_noticed() {
    let silent = not_noticed(Strategy::RenameEach).await;
    assert!(
        silent.is_none(),
        "The file was renewed {RENEWALS} times by rename. The first renewals were noticed, and no later one: number {} brought no \
         hint. A watch follows an inode. The rename has put another inode at that path, and the watched one is gone. Or hints are left out: for a while after one, \
         or forever once the channel was full.",
        silent.unwrap_or_default()
    );
}

/// The kubelet swaps a link beside the file, and that is noticed as well.
pub async fn a_swapped_link_is_noticed() {
    let silent = not_noticed(Strategy::Symlink).await;
    assert!(
        silent.is_none(),
        "The kubelet's way replaces the link `..data` beside the file, and number {} of {RENEWALS} brought no hint. What stands at \
         the file's own name, a link through `..data`, was not touched. Whatever changes in the directory means: look.",
        silent.unwrap_or_default()
    );
}

/// Files that are written where they lie, as a shell's `>` does, are noticed as well.
pub async fn a_file_written_in_place_is_noticed() {
    for strategy in [Strategy::InPlace, Strategy::RemoveCreate] {
        let silent = not_noticed(strategy).await;
        assert!(
            silent.is_none(),
            "The files were {}, and renewal number {} of {RENEWALS} brought no hint. Not every writer renames. The filter of the starter takes each kind of change \
             for a hint.",
            match strategy {
                Strategy::InPlace => "truncated and written where they lie",
                _ => "removed and made anew",
            },
            silent.unwrap_or_default()
        );
    }
}

/// Far more than one renewal brings, and fewer than the reads that follow bring events.
const MANY: usize = 100;

/// Our own reading is no hint: each look would bring the next one.
pub async fn our_own_reading_is_no_hint() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let (hint, mut hints) = mpsc::channel(10 * MANY);
    let watching = watch(&agent.files().certificate, hint);
    let _watching = watching.unwrap_or_else(|error| panic!("No watch was set: {error}."));
    let files = agent.files();
    for _ in 0..MANY {
        // In turns: the kernel keeps one of two events that are alike.
        let _ = (fs::read(&files.certificate), fs::read(&files.key));
    }
    // Events come in their order, so those of the reads come before those of the renewal.
    agent.rotate().unwrap();
    let first = timeout(patience(), hints.recv()).await;
    assert!(matches!(first, Ok(Some(()))), "A renewal brought no hint.");
    let (mut came, quiet) = (1, Duration::from_secs(1));
    while came < MANY && matches!(timeout(quiet, hints.recv()).await, Ok(Some(()))) {
        came += 1;
    }
    assert!(
        came < MANY,
        "The files were read {MANY} times and renewed once, which brought {came} hints and more. A server reads the files at each hint, and each read would be \
         the next hint: it looks forever. The filter of the starter passes over what `is_hint` does not take for a change."
    );
}

/// A watch that cannot be set is an error.
pub async fn a_watch_that_cannot_be_set_is_an_error() {
    let directory = lab::directory().unwrap();
    let file = directory.path().join("not/mounted/here/tls.crt");
    let (hint, _hints) = mpsc::channel(1);
    let watching = watch(&file, hint);
    assert!(
        watching.is_err(),
        "The directory of the file is not there, as where a disk was not mounted, and `watch` returned a watcher. It watches nothing, and no hint ever comes: the server serves what it has until that ends. Return the error, with `?`."
    );
}

/// A watch that is dropped brings no hint any more.
pub async fn a_watch_that_is_dropped_is_over() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let (hint, mut hints) = mpsc::channel(1);
    let watching = watch(&agent.files().certificate, hint);
    drop(watching.unwrap_or_else(|error| panic!("No watch was set: {error}.")));
    // What it has seen before is sent. Then the other end of the channel is gone: however slow the machine is, nothing can come any more.
    let rest = async { while hints.recv().await.is_some() {} };
    let _ = timeout(patience(), rest).await;
    while hints.try_recv().is_ok() {}
    agent.rotate().unwrap();
    let came = timeout(Duration::from_secs(2), hints.recv()).await;
    assert!(
        !matches!(came, Ok(Some(()))),
        "The watcher that `watch` returned was dropped, and a renewal brought a hint all the same. Something else sends hints: a second watcher that is never dropped, or a clock that sends one every so often, whether \
         a file has changed or not. The caller ends the watch by dropping what it was given, and a hint comes from that alone."
    );
}
