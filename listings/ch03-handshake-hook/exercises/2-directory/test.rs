//! What is wanted of `watch`. Each function is a check, and its comment says what has to hold.

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
         hint. A watch follows an inode. The rename has put another inode at that path, and the watched one is gone.",
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
