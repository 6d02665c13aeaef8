//! Watch the directory.

use std::path::Path;

use ch03_handshake_hook::watch::is_hint;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// Sends a hint whenever `file` may have changed, for as long as the returned watcher is kept.
///
/// # Errors
/// When the system gives no watch.
pub fn watch(file: &Path, hint: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event| {
        // Not at our own reading, which would wake us forever.
        if is_hint(&event) {
            // Full: a look is due already.
            let _ = hint.try_send(());
        }
    })?;
    // A watch on the file would end with its inode, at the first rename.
    let directory = file.parent().filter(|path| !path.as_os_str().is_empty());
    let _ = watcher.watch(
        directory.unwrap_or(Path::new(".")),
        RecursiveMode::NonRecursive,
    );
    Ok(watcher)
}
