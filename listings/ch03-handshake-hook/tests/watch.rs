//! The watcher: what wakes it, what it does without events, and what it says.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Loader};
use ch03_handshake_hook::watch::{Events, is_hint, watch, watch_directory, watch_directory_after};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::want;
use rustix::fs::{CWD, Mode, mkfifoat};
use tokio::sync::mpsc;

const HOUR: Duration = Duration::from_secs(3600);

fn started(agent: &Agent) -> Arc<IdentityStore> {
    let source = Source::localhost(agent.files());
    IdentityStore::start(source).unwrap()
}

async fn reaches(store: &IdentityStore, number: u64) {
    let reaching = async {
        while store.current().number < number {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(BOUND, reaching).await;
    reached.unwrap_or_else(|_| panic!("waited {BOUND:?} for generation {number}"));
}

/// Written after the first load and before the watch: no event tells of it.
#[tokio::test]
async fn a_write_between_load_and_watch_is_not_lost() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let store = started(&agent);
    agent.rotate().unwrap();
    let watching = watch(store.clone(), Events::Wanted, HOUR);
    reaches(&store, 2).await;
    watching.abort();
}

/// The watch cannot be had: here, since the directory is gone. The poll carries on alone.
#[tokio::test]
async fn without_a_watch_the_poll_goes_on_and_says_so() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let store = started(&agent);
    let away = directory.path().with_extension("away");
    fs::rename(directory.path(), &away).unwrap();
    let watching = watch(store.clone(), Events::Wanted, Duration::from_millis(1));
    log.wait_for(&want("watch_degraded").with("to", "polling"), BOUND)
        .await;
    fs::rename(&away, directory.path()).unwrap();
    agent.rotate().unwrap();
    reaches(&store, 2).await;
    watching.abort();
}

/// The watched directory is removed, and made again with all that is in it: as `rm -r` and a copy
/// do, or a volume that is mounted anew. Each poll looks whether it is still the same directory.
/// From then on events come again: the poll is too slow to have seen the last rotation.
#[tokio::test]
async fn a_directory_that_is_made_again_is_watched_again() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let inner = directory.path().join("live");
    fs::create_dir(&inner).unwrap();
    let agent = Agent::started(&inner, Strategy::RenameEach).unwrap();
    let (hint, mut hints) = mpsc::channel(1);
    let mut watching = watch_directory(&Source::localhost(agent.files()), hint);
    watching.renew();
    assert!(watching.has_events());

    fs::rename(&inner, directory.path().join("old")).unwrap();
    watching.renew();
    assert!(!watching.has_events(), "there is nothing to watch");
    watching.renew();
    assert_eq!(log.all(&want("watch_degraded")).len(), 1, "said once");

    let over = want("fault_ended").with("fault", "watch_degraded");
    log.assert_none(&over);
    fs::create_dir(&inner).unwrap();
    for _ in 0..2 {
        watching.renew();
        assert!(watching.has_events());
        assert_eq!(log.all(&over).len(), 1, "said once");
    }
    // What the old watch had to say is not what is waited for.
    while hints.try_recv().is_ok() {}
    fs::write(inner.join("tls.crt"), "new").unwrap();
    let hint = tokio::time::timeout(BOUND, hints.recv()).await;
    assert_eq!(hint, Ok(Some(())), "no event came from the new directory");
}

/// A file that was gone is back as it was: the rejection is over, and the log says so, once.
#[tokio::test]
async fn files_that_are_again_what_is_served_end_a_rejection() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let (key, away) = (agent.files().key, directory.path().join("away"));
    let program = Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"));
    let mut arguments = Serve::command_line(&agent.files()).to_vec();
    arguments.extend(["--poll-ms".into(), "1".into()]);
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    child.port(BOUND).await;
    let missing = want("identity_rejected").with("reason", "missing");
    let over = want("reload_skipped").with("generation", 1);
    for times in 1..=2 {
        fs::rename(&key, &away).unwrap();
        child.log().wait_for_all(&missing, times, BOUND).await;
        fs::rename(&away, &key).unwrap();
        child.log().wait_for_all(&over, times, BOUND).await;
    }
    assert_eq!(child.log().all(&over).len(), 2);
}

/// A poll sees the same bad files a thousand times. The log has it once, and the server serves on.
#[tokio::test]
async fn a_rejection_is_news_only_once() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RemoveCreate).unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"));
    let mut arguments = Serve::command_line(&agent.files()).to_vec();
    arguments.extend(["--poll-ms".into(), "1".into()]);
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], child.port(BOUND).await));

    fs::remove_file(agent.files().key).unwrap();
    let missing = want("identity_rejected").with("reason", "missing");
    child.log().wait_for(&missing, BOUND).await;
    // Each probe takes about as long as a poll.
    for _ in 0..50 {
        assert_eq!(client.probe(server).await.unwrap().chain.serial, "1001");
    }
    assert_eq!(child.log().all(&missing).len(), 1);
    // What is wrong in another way is news.
    fs::write(agent.files().key, "").unwrap();
    let empty = want("identity_rejected").with("reason", "truncated");
    child.log().wait_for(&empty, BOUND).await;

    let next = agent.rotate().unwrap();
    let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
    child.log().wait_for(&loaded, BOUND).await;
    child.log().assert_order(&[
        want("identity_loaded").with("generation", 1),
        missing.with("generation", 1),
        empty.with("generation", 1),
        want("identity_loaded").with("generation", 2),
    ]);
    assert_eq!(client.probe(server).await.unwrap().chain, next.facts);
}

/// A poll without a pause is no poll: one clear line, instead of a server that does not follow.
#[tokio::test]
async fn a_poll_of_zero_is_refused() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"));
    let mut arguments = Serve::command_line(&agent.files()).to_vec();
    arguments.extend(["--poll-ms".into(), "0".into()]);
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    let log = child.log().clone();
    let status = child.wait(BOUND).await.unwrap();
    assert_eq!(status.code(), Some(2));
    let said = log.all(&want("stray_line"))[0].text("text").unwrap();
    assert!(
        said.starts_with("error: ") && said.contains("'--poll-ms <POLL_MS>'"),
        "{said}"
    );
}

/// What the operating system says while we read is not a hint; whatever else it says is, an
/// overflow of its queue and an error of the watcher included.
#[test]
fn our_own_reading_does_not_wake_us() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let store = started(&agent);
    let (said, events) = std::sync::mpsc::channel();
    let mut watcher = notify::recommended_watcher(said).unwrap();
    let directory = directory.path();
    notify::Watcher::watch(&mut watcher, directory, notify::RecursiveMode::NonRecursive).unwrap();

    store.reload();
    fs::write(directory.join("last"), "").unwrap();
    let is_last = |event: &notify::Result<notify::Event>| {
        let paths = event.as_ref().map(|event| event.paths.clone());
        paths.is_ok_and(|paths| paths.iter().any(|path| path.ends_with("last")))
    };
    let mut reading = Vec::new();
    let last = loop {
        let event = events
            .recv_timeout(BOUND)
            .expect("an event of the last file");
        if is_last(&event) {
            break event;
        }
        reading.push(event);
    };
    assert!(
        !reading.is_empty(),
        "reading makes no events here: the filter is not needed"
    );
    assert!(!reading.iter().any(is_hint), "{reading:?}");
    assert!(is_hint(&last));

    let overflow = notify::Event::new(notify::EventKind::Other);
    assert!(is_hint(&Ok(overflow.set_flag(notify::event::Flag::Rescan))));
    assert!(is_hint(&Err(notify::Error::generic("the watcher died"))));
}

/// Each file may lie elsewhere, and is watched there; also where its path has no directory.
#[tokio::test]
async fn each_file_is_watched_where_it_is() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    type Place = fn(&mut Source, PathBuf);
    let places: [(&str, Place); 4] = [
        ("tls.crt", |source, path| source.files.certificate = path),
        ("tls.key", |source, path| source.files.key = path),
        ("ca.crt", |source, path| source.files.roots = path),
        ("peers.crt", |source, path| source.peer_roots = Some(path)),
    ];
    for (name, place) in places {
        let elsewhere = lab::directory().unwrap();
        let path = elsewhere.path().join(name);
        let mut source = Source::localhost(agent.files());
        place(&mut source, path.clone());
        let (hint, mut hints) = mpsc::channel(1);
        let watching = watch_directory(&source, hint);
        assert!(watching.has_events(), "{name}");
        fs::write(path, agent.root_pem()).unwrap();
        let hinted = tokio::time::timeout(BOUND, hints.recv()).await;
        let hinted = hinted.unwrap_or_else(|_| panic!("waited {BOUND:?} for a hint of {name}"));
        assert_eq!(hinted, Some(()));

        let mut source = Source::localhost(agent.files());
        place(&mut source, name.into());
        let (hint, _hints) = mpsc::channel(1);
        assert!(watch_directory(&source, hint).has_events(), "{name} alone");
    }
}

/// A look that panics is a defect of ours. The next one sees what is there all the same.
#[tokio::test]
async fn a_look_that_panics_is_not_the_last() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let built = AtomicUsize::new(0);
    let usual = Loader::default();
    let loader = Loader {
        build: Box::new(move |identity, before| {
            assert_ne!(built.fetch_add(1, Ordering::Relaxed), 1, "the second");
            (usual.build)(identity, before)
        }),
        ..Loader::default()
    };
    let store = IdentityStore::start_by(loader, Source::localhost(agent.files())).unwrap();
    agent.rotate().unwrap();
    let watching = watch(store.clone(), Events::PollOnly, Duration::from_millis(1));
    log.wait_for(&want("reload_panicked"), BOUND).await;
    reaches(&store, 2).await;
    watching.abort();
}

/// Where the files are what is served when the next look comes, that is said: it ends the alarm.
#[test]
fn a_look_after_one_that_panicked_is_told() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let (reads, usual) = (AtomicUsize::new(0), Loader::default());
    let loader = Loader {
        read: Box::new(move |source, serving| {
            assert_ne!(reads.fetch_add(1, Ordering::Relaxed), 1, "the second");
            (usual.read)(source, serving)
        }),
        ..Loader::default()
    };
    let store = IdentityStore::start_by(loader, Source::localhost(agent.files())).unwrap();
    // A look runs on a thread of its own, whose events are to come here, too.
    let events = tracing::dispatcher::get_default(Clone::clone);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&events)))
        .build()
        .unwrap();
    runtime.block_on(async {
        let watching = watch(store.clone(), Events::PollOnly, Duration::from_millis(1));
        log.wait_for(&want("reload_skipped").with("generation", 1), BOUND)
            .await;
        watching.abort();
    });
    log.assert_order(&[want("reload_panicked"), want("reload_skipped")]);
    assert_eq!(log.all(&want("reload_skipped")).len(), 1, "said once");
}

/// A look does not wait for the writer of a FIFO. What stands there after it is seen.
#[tokio::test]
async fn a_fifo_without_a_writer_ends_no_look() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"));
    let more = ["--poll-only", "--poll-ms", "1"];
    let arguments = Serve::command_line_with(&agent.files(), &more);
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    child.port(BOUND).await;
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        let path = directory.path().join(file);
        let beside = path.with_extension("beside");
        fs::rename(&path, &beside).unwrap();
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        let told = want("identity_rejected").with("reason", "not_regular");
        let told = told.with("file", path.to_str().unwrap());
        child.log().wait_for(&told, BOUND).await;
        fs::rename(&beside, &path).unwrap();
        let next = agent.rotate().unwrap();
        let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
        child.log().wait_for(&loaded, BOUND).await;
    }
}

/// How many queues of events of the file system a process has.
/// A watch that is set anew in the place of one that could not be had does not say so again, and says its end.
#[tokio::test]
async fn a_watch_after_one_that_could_not_be_had() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let source = Source::localhost(agent.files());
    let away = directory.path().with_extension("away");
    fs::rename(directory.path(), &away).unwrap();
    let (hint, _hints) = mpsc::channel(1);
    assert!(!watch_directory_after(true, &source, hint.clone()).has_events());
    log.assert_none(&want("watch_degraded"));
    fs::rename(&away, directory.path()).unwrap();
    assert!(watch_directory_after(true, &source, hint).has_events());
    assert_eq!(log.all(&want("fault_ended")).len(), 1);
}

#[cfg(target_os = "linux")]
fn watches(child: &Child) -> usize {
    let descriptors = fs::read_dir(format!("/proc/{}/fd", child.id().unwrap())).unwrap();
    let targets = descriptors.filter_map(|one| fs::read_link(one.unwrap().path()).ok());
    targets
        .filter(|target| target.ends_with("anon_inode:inotify"))
        .count()
}

/// Where only the poll was asked for nothing is watched, and otherwise it is.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn to_poll_only_is_to_watch_nothing() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"));
    for (more, expected) in [(&["--poll-only"] as &[&str], 0), (&[], 1)] {
        let arguments = Serve::command_line_with(&agent.files(), more);
        let child = Child::spawn(program, arguments, |_| ()).unwrap();
        // It follows before it listens.
        child.port(BOUND).await;
        assert_eq!(watches(&child), expected, "{more:?}");
    }
}

/// What is made anew in the place of the watched directory is watched by a server that runs, too.
#[tokio::test]
async fn a_running_server_sees_that_its_directory_is_gone() {
    let directory = lab::directory().unwrap();
    let inner = directory.path().join("live");
    fs::create_dir(&inner).unwrap();
    let agent = Agent::started(&inner, Strategy::RenameEach).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"));
    let arguments = Serve::command_line_with(&agent.files(), &["--poll-ms", "1"]);
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    child.port(BOUND).await;
    child.log().assert_none(&want("watch_degraded"));
    fs::rename(&inner, directory.path().join("old")).unwrap();
    let degraded = want("watch_degraded").with("to", "polling");
    child.log().wait_for(&degraded, BOUND).await;
}

/// A look that takes long makes the poll late, and is not followed by as many looks as there were ticks
/// meanwhile: the disk is slow already. The clock is virtual.
#[tokio::test(start_paused = true)]
async fn ticks_that_were_missed_are_not_made_up_for() {
    const TICK: Duration = Duration::from_secs(1);
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let (looks, mut looked) = mpsc::channel(1);
    let (go_on, went_on) = std::sync::mpsc::channel::<()>();
    let went_on = parking_lot::Mutex::new(went_on);
    let mut loader = Loader::default();
    let read = loader.read;
    loader.read = Box::new(move |source, served| {
        if served.is_some() {
            // The test may have ended.
            let _ = looks.blocking_send(());
            let _ = went_on.lock().recv_timeout(BOUND);
        }
        read(source, served)
    });
    let source = Source::localhost(agent.files());
    let store = IdentityStore::start_by(loader, source).unwrap();
    let watching = watch(store, Events::PollOnly, TICK);
    looked.recv().await.unwrap();
    tokio::time::advance(TICK * 10).await;
    go_on.send(()).unwrap();
    // One look is due at once, and the next one a tick later.
    looked.recv().await.unwrap();
    go_on.send(()).unwrap();
    let started = tokio::time::Instant::now();
    looked.recv().await.unwrap();
    assert!(started.elapsed() >= TICK, "after {:?}", started.elapsed());
    watching.abort();
    go_on.send(()).unwrap();
}

/// Two directories that differ in their device alone, where this machine has such.
fn of_one_inode() -> Option<[&'static Path; 2]> {
    const MOUNTED: [&str; 5] = ["/proc", "/sys", "/dev", "/dev/shm", "/run"];
    let inode = |path: &str| {
        let about = fs::metadata(path).ok()?;
        Some((about.ino(), about.dev()))
    };
    let mut pairs =
        (0..MOUNTED.len()).flat_map(|at| MOUNTED[..at].iter().map(move |one| (one, MOUNTED[at])));
    let found = pairs.find(|(one, other)| match (inode(one), inode(other)) {
        (Some(one), Some(other)) => one.0 == other.0 && one.1 != other.1,
        _ => false,
    });
    found.map(|(one, other)| [*one, other].map(Path::new))
}

/// Another file system may be mounted over a directory, and the roots of two have the same inode as a rule.
#[tokio::test]
async fn a_directory_on_another_device_is_watched_again() {
    let (log, _capturing) = lab::emit::capture();
    let Some([one, other]) = of_one_inode() else {
        return eprintln!("skipped: no two file systems here have roots of one inode");
    };
    let directory = lab::directory().unwrap();
    let live = directory.path().join("live");
    symlink(one, &live).unwrap();
    let mut files = Agent::new(directory.path(), Strategy::RenameEach)
        .unwrap()
        .files();
    for file in [&mut files.certificate, &mut files.key, &mut files.roots] {
        *file = live.join("absent");
    }
    let (hint, _hints) = mpsc::channel(1);
    let mut watching = watch_directory(&Source::localhost(files), hint);
    assert!(watching.has_events());
    let watched = format!("{watching:?}");
    watching.renew();
    assert_eq!(format!("{watching:?}"), watched, "it was the same");
    fs::remove_file(&live).unwrap();
    symlink(other, &live).unwrap();
    watching.renew();
    assert_ne!(format!("{watching:?}"), watched, "it is another");
    log.assert_none(&want("watch_degraded"));
}
