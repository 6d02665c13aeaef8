//! Whether a client has opened its certificate, as the kernel tells it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use notify::event::AccessKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::time::sleep;

/// Counts how often a file is opened.
pub struct Reads {
    opened: Arc<AtomicU64>,
    _watcher: RecommendedWatcher,
}

impl Reads {
    /// Of this file, which may be replaced. `None`: this system does not tell.
    pub async fn of(file: &Path) -> Option<Self> {
        let opened = Arc::new(AtomicU64::new(0));
        let (name, counted) = (file.file_name()?.to_owned(), opened.clone());
        let on_event = move |event: notify::Result<notify::Event>| {
            let of_it = |event: &notify::Event| {
                matches!(event.kind, EventKind::Access(AccessKind::Open(_)))
                    && event.paths.iter().any(|path| path.ends_with(&name))
            };
            if event.as_ref().is_ok_and(of_it) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        };
        let mut watcher = notify::recommended_watcher(on_event).ok()?;
        let folder = file.parent()?;
        watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
        let reads = Self {
            opened,
            _watcher: watcher,
        };
        std::fs::read(file).ok()?;
        // If it does not tell of this, it tells of nothing.
        for _ in 0..50 {
            if reads.count() > 0 {
                return Some(reads);
            }
            sleep(Duration::from_millis(10)).await;
        }
        None
    }

    /// How often until now.
    pub fn count(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }
}
