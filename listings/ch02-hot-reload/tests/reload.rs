//! A reload publishes what is valid, and nothing else.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as mpsc_std;
use std::thread;
use std::time::Duration;

use ch02_hot_reload::identity::{self, Peers, Reason, Source};
use ch02_hot_reload::{IdentityStore, Loader, Reload, file, message, reload_on};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, LeafRequest};
use lab::client::{self, Options};
use lab::log::want;
use lab::memory;
use rustix::fs::{CWD, Mode, mkfifoat};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use tokio::sync::mpsc;

fn source(agent: &Agent) -> Source {
    Source::localhost(agent.files())
}

/// The serial that a client is shown now.
fn shown(store: &IdentityStore, agent: &Agent) -> String {
    let client = client::config(agent.root_pem(), Options::default()).unwrap();
    let (_, client) = memory::handshake(&store.current().config, &client).unwrap();
    let chain = client.peer_certificates().unwrap();
    lab::chain::facts(chain).unwrap().serial
}

/// Spoils the files, reloads, and checks that the reason is right, that the file is named, that
/// the first generation goes on, and that good files are accepted afterwards.
#[track_caller]
fn rejects(reason: Reason, file: &str, spoil: impl FnOnce(&mut Agent, &Path)) {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RemoveCreate).unwrap();
    let first = agent.rotate().unwrap();
    let store = IdentityStore::start(source(&agent)).unwrap();

    spoil(&mut agent, directory.path());
    let Reload::Rejected(rejected) = store.reload_and_log() else {
        panic!("{reason:?} was not rejected");
    };
    assert_eq!(rejected.reason, reason, "{rejected}");
    assert!(rejected.file.ends_with(file), "{rejected}");
    assert_eq!(store.current().number, 1);
    assert_eq!(shown(&store, &agent), first.facts.serial);

    let root = agent.root_pem().to_owned();
    fs::write(directory.path().join("ca.crt"), root).unwrap();
    let last = agent.rotate().unwrap();
    assert!(matches!(store.reload_and_log(), Reload::Loaded(_)));
    assert_eq!(shown(&store, &agent), last.facts.serial);
    log.assert_order(&[
        want("identity_loaded").with("generation", 1),
        want("identity_rejected")
            .with("generation", 1)
            .with("reason", reason.name()),
        want("identity_loaded")
            .with("generation", 2)
            .with("serial", last.facts.serial.as_str()),
    ]);
    log.assert_no_key_bytes([&first.key, &last.key]);
}

fn issue(agent: &mut Agent, change: impl FnOnce(&mut LeafRequest)) {
    let mut request = LeafRequest::new("localhost");
    change(&mut request);
    let issued = agent.authority().issue(&request).unwrap();
    agent.write(&issued).unwrap();
}

#[test]
fn a_missing_file() {
    rejects(Reason::Missing, "tls.key", |_, directory| {
        fs::remove_file(directory.join("tls.key")).unwrap();
    });
}

#[test]
fn a_file_that_is_not_text() {
    rejects(Reason::Malformed, "tls.crt", |_, directory| {
        let text = "-----BEGIN CERTIFICATE-----\n\u{0}\n-----END CERTIFICATE-----\n";
        fs::write(directory.join("tls.crt"), text).unwrap();
    });
}

#[test]
fn a_directory_in_place_of_a_file() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    fs::remove_file(agent.files().certificate).unwrap();
    fs::create_dir(agent.files().certificate).unwrap();
    let rejected = IdentityStore::start(source(&agent)).unwrap_err();
    assert_eq!(rejected.reason, Reason::NotRegular, "{rejected}");
}

/// A shell makes one of `<(command)`.
#[test]
fn a_fifo_is_read_to_its_end() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let path = agent.files().key;
    let key = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    let writer = thread::spawn(move || fs::write(path, key).unwrap());
    IdentityStore::start(source(&agent)).unwrap();
    writer.join().unwrap();
}

/// A reload does not wait for a writer that never comes: with the lock it holds, no later one would begin.
#[test]
fn a_fifo_without_a_writer() {
    let (done, ended) = mpsc_std::channel();
    let reloading = thread::spawn(move || {
        rejects(Reason::NotRegular, "tls.key", |_, directory| {
            let path = directory.join("tls.key");
            fs::remove_file(&path).unwrap();
            mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        });
        done.send(())
    });
    let ended = ended.recv_timeout(BOUND);
    let waits = Err(mpsc_std::RecvTimeoutError::Timeout);
    assert_ne!(ended, waits, "the reload waits for the FIFO's writer");
    reloading.join().unwrap().unwrap();
}

#[test]
fn a_device_in_place_of_a_file() {
    rejects(Reason::NotRegular, "tls.crt", |_, directory| {
        let path = directory.join("tls.crt");
        fs::remove_file(&path).unwrap();
        symlink("/dev/zero", path).unwrap();
    });
}

#[test]
fn a_file_that_does_not_fit_into_memory() {
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        rejects(Reason::TooLarge, file, |_, directory| {
            let file = OpenOptions::new().write(true).open(directory.join(file));
            // It has a hole, and takes no room on the disk.
            file.unwrap().set_len(1 << 40).unwrap();
        });
    }
}

/// The largest one that is read, and a byte more.
#[test]
fn the_largest_file() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let roots = agent.files().roots;
    let mut text = fs::read(&roots).unwrap();
    text.resize(file::LARGEST as usize, b'\n');
    fs::write(&roots, &text).unwrap();
    IdentityStore::start(source(&agent)).unwrap();
    text.push(b'\n');
    fs::write(&roots, &text).unwrap();
    let rejected = IdentityStore::start(source(&agent)).unwrap_err();
    assert_eq!(rejected.reason, Reason::TooLarge, "{rejected}");
}

#[test]
fn an_empty_file() {
    rejects(Reason::Truncated, "tls.crt", |_, directory| {
        fs::write(directory.join("tls.crt"), "").unwrap();
    });
}

#[test]
fn half_a_key() {
    rejects(Reason::Truncated, "tls.key", |_, directory| {
        let path = directory.join("tls.key");
        let key = fs::read_to_string(&path).unwrap();
        fs::write(path, &key[..key.len() / 2]).unwrap();
    });
}

#[test]
fn something_else() {
    rejects(Reason::Malformed, "tls.crt", |_, directory| {
        let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        fs::write(directory.join("tls.crt"), text).unwrap();
    });
}

#[test]
fn the_key_of_another_generation() {
    rejects(Reason::PairMismatch, "tls.key", |agent, directory| {
        let other = agent.issue().unwrap();
        fs::write(directory.join("tls.key"), other.key.expose()).unwrap();
    });
}

/// The chain is cut between two blocks: each block is whole, and the pair matches.
#[test]
fn a_chain_without_its_intermediate() {
    rejects(Reason::ChainBroken, "tls.crt", |agent, directory| {
        let issued = agent.issue().unwrap();
        let (leaf, _) = issued
            .chain_pem
            .split_once("-----END CERTIFICATE-----\n")
            .unwrap();
        let leaf = format!("{leaf}-----END CERTIFICATE-----\n");
        fs::write(directory.join("tls.crt"), leaf).unwrap();
        fs::write(directory.join("tls.key"), issued.key.expose()).unwrap();
    });
}

#[test]
fn a_chain_of_another_authority() {
    rejects(Reason::ChainBroken, "tls.crt", |_, directory| {
        let mut other = Authority::new().unwrap();
        let issued = other.issue(&LeafRequest::new("localhost")).unwrap();
        fs::write(directory.join("tls.crt"), issued.chain_pem).unwrap();
        fs::write(directory.join("tls.key"), issued.key.expose()).unwrap();
    });
}

#[test]
fn a_file_of_trust_anchors_without_one() {
    rejects(Reason::Truncated, "ca.crt", |_, directory| {
        fs::write(directory.join("ca.crt"), "").unwrap();
    });
}

#[test]
fn an_expired_certificate() {
    rejects(Reason::Expired, "tls.crt", |agent, _| {
        let now = time::OffsetDateTime::now_utc();
        agent.authority().set_clock(now - Duration::from_secs(7200));
        issue(agent, |_| ());
        agent.authority().set_clock(now);
    });
}

#[test]
fn a_certificate_of_tomorrow() {
    rejects(Reason::NotYetValid, "tls.crt", |agent, _| {
        issue(agent, |request| {
            request.starts_after = Duration::from_secs(24 * 3600);
        });
    });
}

#[test]
fn a_certificate_for_another_name() {
    rejects(Reason::NameLost, "tls.crt", |agent, _| {
        issue(agent, |request| {
            request.names = vec!["elsewhere.example".into()];
        });
    });
}

/// Validation goes by the time that it is given, and says from when on it would agree.
#[test]
fn the_time_of_the_validation_is_a_parameter() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    issue(&mut agent, |request| {
        request.starts_after = Duration::from_secs(24 * 3600);
    });
    let source = source(&agent);
    let contents = identity::contents(&source, |_| ()).unwrap();
    let validate = |now: UnixTime| identity::validate(&source, &contents, Peers::Clients, now);
    let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));

    let early = validate(UnixTime::now()).unwrap_err();
    let from = early.valid_from.expect("it says from when on").as_secs();
    let again = validate(at(from - 1)).unwrap_err();
    assert!(again.repeats(&early), "{again} is no news after {early}");
    validate(at(from)).unwrap();
    let late = validate(at(from + 7200)).unwrap_err();
    assert_eq!((late.reason, late.valid_from), (Reason::Expired, None));
}

/// A trust anchor more, and nothing else: that is a new generation, too. So is a longer chain.
#[test]
fn anything_that_differs_makes_a_new_generation() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let issued = agent.rotate().unwrap();
    let store = IdentityStore::start(source(&agent)).unwrap();
    let another = Authority::new().unwrap().root_pem().to_owned();
    let both = format!("{}{another}", agent.root_pem());
    fs::write(directory.path().join("ca.crt"), both).unwrap();
    assert!(matches!(store.reload(), Reload::Loaded(_)));
    let longer = format!("{}{}", issued.chain_pem, agent.root_pem());
    fs::write(directory.path().join("tls.crt"), longer).unwrap();
    assert!(matches!(store.reload(), Reload::Loaded(_)));
    assert_eq!(store.current().number, 3);
}

/// Whoever may read everything, as root may, reads a file of mode 0000 too.
#[test]
fn a_key_without_permission() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RemoveCreate).unwrap();
    let key = agent.files().key;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&key).is_ok() {
        return;
    }
    let rejected = IdentityStore::start(source(&agent)).unwrap_err();
    assert_eq!(rejected.reason, Reason::Unreadable, "{rejected}");
}

#[test]
fn the_same_files_make_no_new_generation() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let store = IdentityStore::start(source(&agent)).unwrap();
    assert!(matches!(store.reload_and_log(), Reload::Unchanged));
    assert_eq!(store.current().number, 1);
    log.assert_order(&[want("reload_skipped").with("why", "unchanged")]);
}

/// Many reloads at once: numbers only rise, and the files of the last write win.
#[test]
fn reloads_at_once_keep_their_order() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let store = IdentityStore::start(source(&agent)).unwrap();
    for _ in 0..20 {
        let last = agent.rotate().unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let before = store.current().number;
                    store.reload();
                    assert!(store.current().number >= before);
                });
            }
        });
        assert_eq!(shown(&store, &agent), last.facts.serial);
    }
    assert_eq!(store.current().number, 21);
}

#[tokio::test]
async fn a_channel_triggers_a_reload() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let store = IdentityStore::start(source(&agent)).unwrap();
    let (trigger, triggers) = mpsc::channel(1);
    let reloading = tokio::spawn(reload_on(store.clone(), triggers));
    let second = agent.rotate().unwrap();
    trigger.send(()).await.unwrap();
    drop(trigger);
    tokio::time::timeout(lab::BOUND, reloading)
        .await
        .expect("the task ends when its last trigger is gone")
        .unwrap();
    assert_eq!(shown(&store, &agent), second.facts.serial);
}

/// A reload that panics is a defect of the server. The trigger after it is heard all the same.
#[tokio::test]
async fn a_reload_that_panics_is_not_the_last() {
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
    let store = IdentityStore::start_by(loader, source(&agent)).unwrap();
    let (trigger, triggers) = mpsc::channel(1);
    let reloading = tokio::spawn(reload_on(store.clone(), triggers));
    let next = agent.rotate().unwrap();
    trigger.send(()).await.unwrap();
    log.wait_for(&want("reload_panicked"), lab::BOUND).await;
    assert_eq!(store.current().number, 1);
    trigger.send(()).await.unwrap();
    drop(trigger);
    let ended = tokio::time::timeout(lab::BOUND, reloading).await;
    ended.expect("it waits for a trigger").unwrap();
    assert_eq!(shown(&store, &agent), next.facts.serial);
}

/// A generation lives as long as somebody uses it, and not longer.
#[test]
fn two_generations_live_at_once_and_the_old_one_is_freed() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let store = IdentityStore::start(source(&agent)).unwrap();
    let held = store.current();
    let first = Arc::downgrade(&held);
    agent.rotate().unwrap();
    store.reload();
    assert_eq!(store.current().number, 2);
    assert_eq!(first.upgrade().map(|generation| generation.number), Some(1));
    drop(held);
    assert!(first.upgrade().is_none(), "nobody uses generation 1");
}

#[test]
fn a_first_load_that_fails_says_which_file_and_why() {
    let directory = lab::directory().unwrap();
    let agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let rejected = IdentityStore::start(source(&agent))
        .unwrap_err()
        .to_string();
    assert!(rejected.contains("tls.crt: missing: "), "{rejected}");
}

#[test]
fn debug_shows_no_key() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let issued = agent.rotate().unwrap();
    let store = IdentityStore::start(source(&agent)).unwrap();
    let shown = format!("{store:?} {:?} {issued:?}", store.current());
    for line in issued.key.expose().lines() {
        assert!(!shown.contains(line), "key bytes in a Debug");
    }
    let hash = format!("{:?}", store.current().identity.set_sha256);
    assert!(!shown.contains(&hash), "a hash over the key in a Debug");
}

/// A page of a web server in the place of an intermediate: rustls never parses it, and each OpenSSL
/// client would give up at it.
#[test]
fn a_block_that_is_no_certificate() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let page = "PCFET0NUWVBFIGh0bWw+PGh0bWw+PC9odG1sPg==";
    let block = format!("-----BEGIN CERTIFICATE-----\n{page}\n-----END CERTIFICATE-----\n");
    let path = agent.files().certificate;
    let chain = fs::read_to_string(&path).unwrap();
    fs::write(&path, chain + &block).unwrap();
    let rejected = identity::read(&source(&agent)).unwrap_err();
    assert_eq!(rejected.reason, Reason::Malformed, "{rejected}");
    assert_eq!(rejected.file, path);
}

/// As large as the limit is served, and shown to a client; one certificate more is not. The size is
/// said, and what clients take.
#[test]
fn a_chain_that_no_client_takes() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let path = agent.files().certificate;
    let chain = fs::read_to_string(&path).unwrap();
    let root = agent.root_pem();
    let length = |chain: &str| {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes());
        message::length(&chain.collect::<Result<Vec<_>, _>>().unwrap())
    };
    let each = length(&format!("{root}{root}")) - length(root);
    let more = (message::LARGEST - length(&chain)) / each;
    fs::write(&path, chain.clone() + &root.repeat(more)).unwrap();
    let store = IdentityStore::start(source(&agent)).unwrap();
    let client = lab::client::config(root, lab::client::Options::default()).unwrap();
    lab::memory::handshake(&store.current().config, &client).unwrap();

    // To the byte. A root grows by two bytes with each letter of its name, and its signature has a length by luck.
    let room = message::LARGEST - length(&(chain.clone() + &root.repeat(more - 1)));
    let named = |letters: usize| {
        let root = Authority::named(&"x".repeat(letters)).unwrap();
        root.root_pem().to_owned()
    };
    let weight = |root: &str| length(root) - length("");
    let about = (room - weight(&named(1))) / 2;
    let near = (0..50).flat_map(|_| about.saturating_sub(5).max(1)..about + 3);
    let mut fitting = near.map(named).filter(|root| weight(root) == room);
    let filler = fitting.next().expect("a root of that size");
    let whole = chain.clone() + &root.repeat(more - 1) + &filler;
    assert_eq!(length(&whole), message::LARGEST);
    fs::write(&path, whole).unwrap();
    assert!(matches!(store.reload(), Reload::Loaded(_)));

    fs::write(&path, chain + &root.repeat(more + 1)).unwrap();
    let Reload::Rejected(rejected) = store.reload() else {
        panic!("it was served");
    };
    assert_eq!(rejected.reason, Reason::TooLarge, "{rejected}");
    assert!(rejected.detail.contains("61440 (rustls)"), "{rejected}");
}

#[test]
fn every_name_is_asked_for() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let mut source = source(&agent);
    identity::read(&source).unwrap();
    source.names.push("api.example.org".try_into().unwrap());
    let rejected = identity::read(&source).unwrap_err();
    assert_eq!(rejected.reason, Reason::NameLost, "{rejected}");
    assert!(rejected.detail.contains("api.example.org"), "{rejected}");
}

/// What is published once more must not overtake a reload that has read newer files meanwhile: it would put
/// the older ones in its place. Here the reload gets more time than it needs, and must not use it.
#[test]
fn nothing_is_read_while_what_is_served_is_published_once_more() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let (reads, read) = mpsc_std::channel();
    let (builds, built) = mpsc_std::channel();
    let (go_on, went_on) = mpsc_std::channel::<()>();
    let went_on = parking_lot::Mutex::new(went_on);
    let mut loader = Loader::default();
    let (read_files, build) = (loader.read, loader.build);
    loader.read = Box::new(move |source, served| {
        reads.send(()).unwrap();
        read_files(source, served)
    });
    loader.build = Box::new(move |identity, before| {
        if before.is_some_and(|before| before.number == 1) {
            builds.send(()).unwrap();
            went_on.lock().recv_timeout(BOUND).unwrap();
        }
        build(identity, before)
    });
    let store = IdentityStore::start_by(loader, source(&agent)).unwrap();
    read.recv_timeout(BOUND).expect("the first files are read");
    thread::scope(|scope| {
        scope.spawn(|| store.republish().unwrap());
        built.recv_timeout(BOUND).expect("something is built");
        agent.rotate().unwrap();
        let reload = scope.spawn(|| store.reload());
        let early = read.recv_timeout(Duration::from_millis(200));
        go_on.send(()).unwrap();
        // Where the reload did not wait, it is the second to build, and waits here.
        let _ = go_on.send(());
        assert!(early.is_err(), "the files are read meanwhile");
        assert!(matches!(reload.join().unwrap(), Reload::Loaded(_)));
    });
    assert_eq!(store.current().number, 3);
    assert_eq!(store.current().identity.facts.serial, "1002");
}
