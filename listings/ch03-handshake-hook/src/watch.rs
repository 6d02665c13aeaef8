//! Watch a directory, with a poll behind it.
//!
//! An event of the file system is a hint and nothing more: it may belong to an earlier write, come
//! before the content can be read, or be lost. So each hint, and each tick of the poll, means the
//! same thing: read the files and decide by what is in them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::{Rejected, Source};
use ch02_hot_reload::{IdentityStore, Reload, on_hangup, reload_on};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// Whether events are wanted besides the poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// Watch the directory, and poll.
    Wanted,
    /// Only poll: for mounts that do not report every change (NFS, say), and to measure the poll.
    PollOnly,
}

/// How a program is told to follow its files.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Follow {
    /// Time between two looks at the files, in milliseconds. Events of the file system add further looks.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub poll_ms: u64,
    /// Only poll, without the file system's events.
    #[arg(long)]
    pub poll_only: bool,
}

impl Follow {
    /// [`watch`]es the files of `store` as told, until the returned task is aborted. Reloads at SIGHUP as
    /// well: an agent may send it after a renewal, and without a handler it would end the process.
    ///
    /// # Errors
    /// When the signal cannot be handled. Then no server should start: the first renewal would end it.
    pub fn start<C>(self, store: Arc<IdentityStore<C>>) -> io::Result<JoinHandle<()>>
    where
        C: Send + Sync + 'static,
    {
        let events = if self.poll_only {
            Events::PollOnly
        } else {
            Events::Wanted
        };
        let (trigger, triggers) = mpsc::channel(1);
        on_hangup(trigger)?;
        tokio::spawn(reload_on(store.clone(), triggers));
        let poll = Duration::from_millis(self.poll_ms);
        Ok(watch(store, events, poll))
    }
}

// ANCHOR: watch
/// Reloads whenever the files may have changed, for as long as the returned task runs.
///
/// The watch is in place before the first look at the files, so that a write between the first
/// load and the watch is not lost. Where no watch can be had (the limit of inotify is reached,
/// say), polls alone, and logs `watch_degraded`.
pub fn watch<C>(store: Arc<IdentityStore<C>>, events: Events, poll: Duration) -> JoinHandle<()>
where
    C: Send + Sync + 'static,
{
    // One waiting hint is enough: it means "look", and a look sees everything.
    let (hint, mut hints) = mpsc::channel(1);
    let watching = match events {
        Events::Wanted => Some(watch_directory(store.source(), hint)),
        Events::PollOnly => None,
    };
    let watching = Arc::new(Mutex::new(watching));
    tokio::spawn(async move {
        let mut ticks = interval(poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut last, mut panicked) = (None, false);
        loop {
            tokio::select! {
                // Where nothing is watched the channel is closed, and this branch stays silent.
                Some(()) = hints.recv() => {}
                _ = ticks.tick() => {}
            }
            let (store, watching) = (store.clone(), watching.clone());
            let (told, mend) = (last.take(), std::mem::take(&mut panicked));
            let looking = tokio::task::spawn_blocking(move || {
                // Before the look, so that a write between the two is seen.
                watching.lock().iter_mut().for_each(Watching::renew);
                look(&store, told, mend)
            });
            match looking.await {
                Ok(rejected) => last = rejected,
                Err(panic) => {
                    panicked = true;
                    tracing::error!(event = "reload_panicked", why = %panic);
                }
            }
        }
    })
}
// ANCHOR_END: watch

// ANCHOR: look
/// Looks once. A rejection is logged when it is news, and returned so that the next look can tell. Where
/// files that were bad are again what is served, or the last look panicked and this one does not, that is
/// logged as well: else the alarm would go on.
fn look<C>(store: &IdentityStore<C>, told: Option<Rejected>, panicked: bool) -> Option<Rejected> {
    store.reload_then(|outcome| {
        match (outcome, told) {
            (Reload::Rejected(rejected), told) => {
                if !told.is_some_and(|told| told.repeats(&rejected)) {
                    store.log_rejected(&rejected);
                }
                return Some(rejected);
            }
            (Reload::Unchanged, told) if panicked || told.is_some() => store.log_unchanged(),
            (Reload::Loaded(_) | Reload::Unchanged, _) => {}
        }
        None
    })
}
// ANCHOR_END: look

// ANCHOR: directories
/// Watches the directories of these files, not the files: a watch on a file ends with its inode, at
/// the first rename. Sends a hint at each change. Where no watch can be had, logs `watch_degraded`.
pub fn watch_directory(source: &Source, hint: mpsc::Sender<()>) -> Watching {
    watch_directory_after(false, source, hint)
}

/// The same, in the place of a watch of which that was said already.
pub fn watch_directory_after(degraded: bool, source: &Source, hint: mpsc::Sender<()>) -> Watching {
    let files = &source.files;
    let files = [&files.certificate, &files.key, &files.roots];
    let directories = files.into_iter().chain(&source.peer_roots).map(|file| {
        let directory = file.parent().filter(|path| !path.as_os_str().is_empty());
        directory.unwrap_or(Path::new(".")).to_owned()
    });
    let mut watching = Watching {
        watcher: None,
        directories: directories.collect(),
        watched: Vec::new(),
        degraded,
        hint,
    };
    watching.renew();
    watching
}

/// Directories that are watched, for as long as this is kept.
#[derive(Debug)]
pub struct Watching {
    watcher: Option<RecommendedWatcher>,
    directories: Vec<PathBuf>,
    /// What stood at those paths when the watch was set.
    watched: Vec<Option<Inode>>,
    /// Whether it was said that no events come.
    degraded: bool,
    hint: mpsc::Sender<()>,
}

impl Watching {
    /// A watch on a directory ends with that directory's inode, too, without a word. Where another
    /// one stands at its path now, that one is watched. Where no watch can be had, this is said once, and
    /// tried again each time: what held it up, a limit say, may be gone. That there is one again is said.
    pub fn renew(&mut self) {
        let found = inodes(&self.directories);
        if found == self.watched && self.watcher.is_some() {
            return;
        }
        self.watched = found;
        let started = watcher(&self.directories, &self.hint);
        match &started {
            Err(why) if !self.degraded => {
                tracing::warn!(event = "watch_degraded", to = "polling", why = %why);
            }
            Ok(_) if self.degraded => {
                tracing::info!(event = "fault_ended", fault = "watch_degraded");
            }
            _ => {}
        }
        self.degraded = started.is_err();
        self.watcher = started.ok();
    }

    /// Whether events can come.
    pub fn has_events(&self) -> bool {
        self.watcher.is_some()
    }
}
// ANCHOR_END: directories

// ANCHOR: hints
fn watcher(directories: &[PathBuf], hint: &mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let hint = hint.clone();
    let on_event = move |event: notify::Result<notify::Event>| {
        if is_hint(&event) {
            // Full: a look is due already. Closed: the server is going down.
            let _ = hint.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(on_event)?;
    for path in directories {
        watcher.watch(path, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// A device, and an inode on it.
type Inode = (u64, u64);

/// What each path means now.
fn inodes(paths: &[PathBuf]) -> Vec<Option<Inode>> {
    let about = paths.iter().map(|path| fs::metadata(path).ok());
    let inode = |about: fs::Metadata| (about.dev(), about.ino());
    about.map(|about| about.map(inode)).collect()
}

/// Whether to look. Not at our own reading, which would wake us forever; but at an error (an
/// overflow, say), since it may hide a change.
pub fn is_hint(event: &notify::Result<notify::Event>) -> bool {
    match event {
        Ok(event) => !matches!(event.kind, EventKind::Access(_)),
        Err(_) => true,
    }
}
// ANCHOR_END: hints
