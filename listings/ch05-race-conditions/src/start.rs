//! The first generation, when its files are not there yet.

use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::{Rejected, Source};

use crate::{Options, Reader};

// ANCHOR: when_valid
/// Looks until the files are valid, every `poll`, and logs `identity_awaited` with each
/// new reason why they are not.
///
/// Nothing is watched: there may be no directory yet that could be. The caller decides how long to
/// wait, by a timeout around this or not at all.
pub async fn when_valid(options: Options, source: Source, poll: Duration) -> Arc<IdentityStore> {
    let mut ticks = tokio::time::interval(poll);
    let mut told: Option<Rejected> = None;
    loop {
        ticks.tick().await;
        let source = source.clone();
        let start = move || IdentityStore::start_by(Reader::new(options).loader(), source);
        let rejected = match tokio::task::spawn_blocking(start).await {
            Ok(Ok(store)) => return store,
            Ok(Err(rejected)) => rejected,
            // A defect of ours. Before the first generation there is nothing to go on with.
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        if !told.is_some_and(|told| told.repeats(&rejected)) {
            tracing::warn!(
                event = "identity_awaited",
                reason = rejected.reason.name(),
                file = %rejected.file.display(),
                detail = rejected.detail,
            );
        }
        told = Some(rejected);
    }
}
// ANCHOR_END: when_valid
