//! Watch the directory.

use std::path::Path;

use ch03_handshake_hook::watch::is_hint;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// Sends a hint whenever `file` may have changed, for as long as the returned watcher is kept.
///
/// # Errors
/// When the system gives no watch.
pub fn watch(file: &Path, hint: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let watched = file.to_owned();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        let names_it = match &event {
            Ok(event) => event.paths.contains(&watched),
            Err(_) => true,
        };
        // Other files of the directory do not matter here.
        if is_hint(&event) && names_it {
            // Full: a look is due already.
            let _ = hint.try_send(());
        }
    })?;
    let directory = file.parent().unwrap_or(file);
    watcher.watch(directory, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}
