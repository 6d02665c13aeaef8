//! Following the files: chapter 3's watch, and what it becomes when something is left out.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use ch02_hot_reload::{IdentityStore, Reload};
use ch03_handshake_hook::watch::{self, Follow, is_hint};
use lab::agent::Files;
use notify::{RecursiveMode, Watcher};
use tokio::sync::{Mutex, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, interval, sleep};

use crate::defect::Defect;
use crate::read::Reading;

/// How long a reload takes, and how long one takes that others overtake.
const TAKES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1800)];
/// How long what others have published is shown before it is overtaken.
const SEEN: Duration = Duration::from_millis(600);
/// From an event to the look.
const SHORT: Duration = Duration::from_millis(100);
/// After an event, others are the same event for so long.
const EDGE: Duration = Duration::from_secs(1);
/// From one look to the next, where files are waited for.
const START: Duration = Duration::from_millis(10);

/// Reloads what `live` serves, each time the files have changed; or not.
pub async fn follow(
    live: Arc<IdentityStore>,
    told: Follow,
    defect: Option<Defect>,
    reading: Arc<Reading>,
) {
    let files = live.source().files.clone();
    match defect {
        Some(Defect::ReloadOnce) => watch_files(&files, live, false).await,
        Some(Defect::LostOnRemove) => watch_files(&files, live, true).await,
        Some(Defect::NewerOnly) => newer_only(&files, live).await,
        Some(Defect::KeyDateOnly) => key_date_only(&files, live).await,
        Some(Defect::InodeAndDate) => inode_and_date(&files, live).await,
        Some(Defect::LeadingEdge) => leading_edge(live).await,
        Some(Defect::LostBeforeWatch) => late_watch(live).await,
        Some(Defect::WatcherDies) => until_rejected(live, told).await,
        Some(Defect::OlderWins) => race(live, reading).await,
        _ => drop(told.start(live)),
    }
}

/// Looks at the first event, and not at those that follow it closely.
async fn leading_edge(live: Arc<IdentityStore>) {
    let (hint, mut hints) = mpsc::channel(1);
    let _watcher = watch::watch_directory(live.source(), hint);
    look(&live).await;
    let mut last: Option<Instant> = None;
    while hints.recv().await.is_some() {
        if last.is_none_or(|last| last.elapsed() > EDGE) {
            sleep(SHORT).await;
            if came_at_once(&live.source().files) {
                look(&live).await;
            }
        }
        last = Some(Instant::now());
    }
}

/// Whether both files were written within the time from an event to the look. On a busy machine the look
/// comes later than that, and would find what this reader is there to miss: so their dates decide.
fn came_at_once(files: &Files) -> bool {
    let date = |path: &Path| fs::metadata(path)?.modified();
    let dates = [&files.certificate, &files.key].map(|path| date(path).ok());
    let [Some(certificate), Some(key)] = dates else {
        return false;
    };
    let apart = key.duration_since(certificate);
    apart.unwrap_or_else(|earlier| earlier.duration()) <= SHORT
}

/// Watches only some time after the first load, and does not look again when it begins to. How long that takes
/// is for the change to say that it is there to miss: a busy machine makes it later than any time that is set.
async fn late_watch(live: Arc<IdentityStore>) {
    let files = &live.source().files;
    let now = || [&files.certificate, &files.key].map(|path| fs::read(path).ok());
    let loaded = now();
    while now().iter().zip(&loaded).any(|(now, loaded)| now == loaded) {
        sleep(START).await;
    }
    let (hint, mut hints) = mpsc::channel(1);
    let _watcher = watch::watch_directory(live.source(), hint);
    // Its writer may not be done: what it does to other files is no change to look for.
    let missed = now();
    while hints.recv().await.is_some() {
        if now() != missed {
            look(&live).await;
        }
    }
}

/// Ends with the first file that it cannot use.
async fn until_rejected(live: Arc<IdentityStore>, told: Follow) {
    let (hint, mut hints) = mpsc::channel(1);
    let _watcher = watch::watch_directory(live.source(), hint);
    let mut ticks = interval(Duration::from_millis(told.poll_ms));
    loop {
        tokio::select! {
            _ = hints.recv() => {}
            _ = ticks.tick() => {}
        }
        if let Some(Reload::Rejected(error)) = look_quietly(&live).await {
            live.log_rejected(&error);
            return;
        }
    }
}

/// Reloads at each event, however many reloads run already.
async fn race(live: Arc<IdentityStore>, reading: Arc<Reading>) {
    let (hint, mut hints) = mpsc::channel(1);
    let _watcher = watch::watch_directory(live.source(), hint.clone());
    // What came before the watch.
    let _ = hint.try_send(());
    let race = Arc::new(Race::default());
    while hints.recv().await.is_some() {
        tokio::spawn(overtaken(live.clone(), reading.clone(), race.clone()));
    }
}

/// The worker that looks only `lag_ms` after the `first` has found something.
pub fn follow_late(late: Arc<IdentityStore>, first: &IdentityStore, lag_ms: u64) {
    let mut published = first.published();
    tokio::spawn(async move {
        while published.changed().await.is_ok() {
            sleep(Duration::from_millis(lag_ms)).await;
            look(&late).await;
        }
    });
}

async fn look(live: &Arc<IdentityStore>) {
    let live = live.clone();
    // A panic has been printed where it happened.
    let _ = spawn_blocking(move || live.reload_and_log()).await;
}

async fn look_quietly(live: &Arc<IdentityStore>) -> Option<Reload> {
    let live = live.clone();
    spawn_blocking(move || live.reload()).await.ok()
}

/// Watches the files themselves.
async fn watch_files(files: &Files, live: Arc<IdentityStore>, again: bool) {
    let (hint, mut hints) = mpsc::channel(16);
    let on_event = move |event: notify::Result<notify::Event>| {
        if is_hint(&event) {
            let _ = hint.try_send(());
        }
    };
    let Ok(mut watcher) = notify::recommended_watcher(on_event) else {
        return;
    };
    let mut paths = vec![&files.certificate, &files.key];
    for path in &paths {
        let _ = watcher.watch(path, RecursiveMode::NonRecursive);
    }
    look(&live).await;
    while hints.recv().await.is_some() {
        if again {
            // Where the file is not there at this moment, nothing watches it from now on.
            paths.retain(|path| {
                let _ = watcher.unwatch(path);
                watcher.watch(path, RecursiveMode::NonRecursive).is_ok()
            });
        } else {
            // Both files are there before the one look that there will be.
            while !matches!(look_quietly(&live).await, Some(Reload::Loaded(_))) {
                sleep(START).await;
            }
            // What it watches is gone.
            return;
        }
        look(&live).await;
    }
}

/// Asks for the time of the last change.
async fn newer_only(files: &Files, live: Arc<IdentityStore>) {
    let changed = |path: &Path| fs::metadata(path)?.modified();
    let mut last = changed(&files.certificate).unwrap_or(UNIX_EPOCH);
    let mut ticks = interval(Duration::from_millis(50));
    loop {
        ticks.tick().await;
        match changed(&files.certificate) {
            Ok(now) if now > last => {
                if let Some(Reload::Loaded(_)) = look_quietly(&live).await {
                    last = now;
                }
            }
            _ => {}
        }
    }
}

/// Asks for the time of the key's last change.
async fn key_date_only(files: &Files, live: Arc<IdentityStore>) {
    where_other(live, || fs::metadata(&files.key)?.modified()).await;
}

/// Asks whether each file is the one that it was, by inode and date.
async fn inode_and_date(files: &Files, live: Arc<IdentityStore>) {
    let of = |path: &Path| {
        let about = fs::metadata(path)?;
        Ok::<_, io::Error>((about.ino(), about.modified()?))
    };
    where_other(live, || Ok([of(&files.certificate)?, of(&files.key)?])).await;
}

/// Looks where what is asked for is not what it was.
async fn where_other<T: PartialEq>(live: Arc<IdentityStore>, asked: impl Fn() -> io::Result<T>) {
    let mut last = asked().ok();
    let mut ticks = interval(Duration::from_millis(50));
    loop {
        ticks.tick().await;
        match asked().ok() {
            now @ Some(_) if now != last => {
                if let Some(Reload::Loaded(_)) = look_quietly(&live).await {
                    last = now;
                }
            }
            _ => {}
        }
    }
}

/// Reloads that run at once.
#[derive(Default)]
struct Race {
    /// How many have something to publish.
    running: AtomicUsize,
    /// Looking takes its turn, and so does publishing. The defect is the time between them.
    looking: Mutex<()>,
    /// When that was done last.
    publishing: Mutex<Option<Instant>>,
}

/// One of several reloads that run at once. The one that began alone takes longer between reading
/// and publishing than those that come meanwhile.
async fn overtaken(live: Arc<IdentityStore>, reading: Arc<Reading>, race: Arc<Race>) {
    let looking = race.looking.lock().await;
    let news = reading.news(live.source(), &live.current().identity);
    drop(looking);
    let identity = match news {
        Ok(Some(identity)) => identity,
        Ok(None) => return,
        // The event of the other file is still to come.
        Err(error) => return live.log_rejected(&error),
    };
    match race.running.fetch_add(1, Ordering::SeqCst) {
        0 => until_others_were_seen(&race).await,
        _ => sleep(TAKES[0]).await,
    }
    let mut publishing = race.publishing.lock().await;
    reading.publish_next(identity);
    look(&live).await;
    *publishing = Some(Instant::now());
    drop(publishing);
    race.running.fetch_sub(1, Ordering::SeqCst);
}

/// Takes long, and longer where others take long: on a busy machine it would else publish before they do.
async fn until_others_were_seen(race: &Race) {
    sleep(TAKES[1]).await;
    loop {
        let is_alone = race.running.load(Ordering::SeqCst) == 1;
        let last = *race.publishing.lock().await;
        if is_alone && last.is_none_or(|last| last.elapsed() >= SEEN) {
            return;
        }
        sleep(SHORT).await;
    }
}
