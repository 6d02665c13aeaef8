//! Every schedule in which two reloads can meet. Runs with the feature `shuttle`:
//! `cargo test -p ch02-hot-reload --features shuttle --test schedules`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ch02_hot_reload::identity::{self, Identity, Source};
use ch02_hot_reload::{IdentityStore, Loader};
use lab::agent::{Agent, Strategy};
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

/// Three identities, read and validated once: what is tried here is the order, not the reader.
fn identities() -> (Source, Vec<Identity>) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let source = Source::localhost(agent.files());
    let mut read = || {
        agent.rotate().unwrap();
        identity::read(&source).unwrap()
    };
    let identities = vec![read(), read(), read()];
    (source, identities)
}

/// Two writers, each with a reload after its write. A reload reads, is slow, and publishes.
/// Whatever the schedule: in the end that is served which is on disk, and numbers only rise.
#[test]
fn what_is_on_disk_in_the_end_is_served_in_the_end() {
    let (source, identities) = identities();
    let identities = Arc::new(identities);
    let schedules = Arc::new(AtomicU64::new(0));
    let tried = schedules.clone();
    shuttle::check_dfs(
        move || {
            tried.fetch_add(1, Relaxed);
            let disk = Arc::new(AtomicUsize::new(0));
            let (files, known) = (disk.clone(), identities.clone());
            let loader = Loader {
                read: Box::new(move |_, _| {
                    let content = files.load(Ordering::SeqCst);
                    thread::yield_now();
                    Ok(known[content].clone())
                }),
                ..Loader::default()
            };
            let store = IdentityStore::start_by(loader, source.clone()).unwrap();
            let writers: Vec<_> = [1, 2]
                .into_iter()
                .map(|content| {
                    let (store, disk) = (store.clone(), disk.clone());
                    thread::spawn(move || {
                        disk.store(content, Ordering::SeqCst);
                        let before = store.current().number;
                        store.reload();
                        assert!(store.current().number >= before);
                    })
                })
                .collect();
            for writer in writers {
                writer.join().unwrap();
            }
            let served = store.current();
            let on_disk = &identities[disk.load(Ordering::SeqCst)];
            assert_eq!(served.identity.facts.serial, on_disk.facts.serial);
        },
        None,
    );
    let schedules = schedules.load(Relaxed);
    // All of them, and so the same number each time. The chapter says it.
    assert_eq!(schedules, 671);
}
