//! Watch the directory.

use std::path::Path;

use ch03_handshake_hook::watch::is_hint;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// Hints at the file's own name, and at what a link may go through.
pub fn watch(file: &Path, hint: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let name = file.file_name().map(ToOwned::to_owned);
    let concerns = move |path: &std::path::PathBuf| {
        let of_event = path.file_name();
        of_event == name.as_deref()
            || of_event.is_some_and(|of| of.as_encoded_bytes().starts_with(b".."))
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerned = event
            .as_ref()
            .is_ok_and(|event| event.paths.is_empty() || event.paths.iter().any(&concerns));
        if is_hint(&event) && (concerned || event.is_err()) {
            hint.try_send(()).ok();
        }
    })?;
    let directory = match file.parent() {
        None => Path::new("/"),
        Some(here) if here == Path::new("") => Path::new("."),
        Some(directory) => directory,
    };
    watcher.watch(directory, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}
