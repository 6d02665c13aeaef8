//! What the naive hook does after the demo, and what ours does in the same place.
//!
//! Each test first shows the defect in `StatInHandshake`, then the same story with `CertResolver`.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Loader, Reload};
use ch03_handshake_hook::naive::StatInHandshake;
use ch03_handshake_hook::{CertResolver, hooked_config};
use lab::agent::{Agent, Strategy};
use lab::client::{self, Options};
use lab::{BOUND, memory};
use parking_lot::Mutex;
use rustix::fs::{CWD, FileType, Mode};
use rustls::{ClientConfig, ServerConfig};
use tempfile::TempDir;

/// Both hooks over the same files.
struct Bench {
    directory: TempDir,
    agent: Agent,
    client: Arc<ClientConfig>,
    naive: Arc<ServerConfig>,
    store: Arc<IdentityStore>,
    hooked: Arc<ServerConfig>,
}

fn bench(strategy: Strategy) -> Bench {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), strategy).unwrap();
    let client = client::config(agent.root_pem(), Options::default()).unwrap();
    let store = IdentityStore::start(Source::localhost(agent.files())).unwrap();
    Bench {
        naive: hooked_config(StatInHandshake::new(agent.files()).unwrap()),
        hooked: hooked_config(CertResolver(store.clone())),
        directory,
        agent,
        client,
        store,
    }
}

/// The serial that a client is shown, or why its handshake failed.
fn shown(server: &Arc<ServerConfig>, client: &Arc<ClientConfig>) -> Result<String, rustls::Error> {
    let (_, client) = memory::handshake(server, client)?;
    let chain = client.peer_certificates().unwrap_or_default();
    Ok(lab::chain::facts(chain).unwrap().serial)
}

impl Bench {
    fn naive(&self) -> Result<String, rustls::Error> {
        shown(&self.naive, &self.client)
    }

    /// What our hook shows once the watcher has looked.
    fn ours(&self) -> Result<String, rustls::Error> {
        self.store.reload();
        shown(&self.hooked, &self.client)
    }
}

fn date(file: &Path, modified: SystemTime) {
    File::options()
        .append(true)
        .open(file)
        .and_then(|file| file.set_modified(modified))
        .unwrap();
}

/// The control: in the demo it works.
#[test]
fn in_the_demo_both_see_the_new_certificate() {
    let mut bench = bench(Strategy::RenameEach);
    let before = fs::metadata(bench.agent.files().certificate).unwrap();
    bench.agent.rotate().unwrap();
    let newer = before.modified().unwrap() + Duration::from_secs(1);
    date(&bench.agent.files().certificate, newer);
    assert_eq!(bench.naive().unwrap(), "1002");
    assert_eq!(bench.ours().unwrap(), "1002");
}

// ANCHOR: same_tick
#[test]
fn a_rewrite_within_one_tick_is_missed() {
    let mut bench = bench(Strategy::RenameEach);
    let certificate = bench.agent.files().certificate;
    let before = fs::metadata(&certificate).unwrap().modified().unwrap();
    bench.agent.rotate().unwrap();
    date(&certificate, before);
    assert_eq!(
        bench.naive().unwrap(),
        "1001",
        "newer than is not different from"
    );
    assert_eq!(bench.ours().unwrap(), "1002");
}
// ANCHOR_END: same_tick

#[test]
fn a_rollback_to_an_older_file_is_missed() {
    let mut bench = bench(Strategy::RenameEach);
    bench.agent.rotate().unwrap();
    // As `mv`, `tar` and a backup do, the file keeps its date.
    let certificate = bench.agent.files().certificate;
    date(&certificate, SystemTime::UNIX_EPOCH);
    assert_eq!(bench.naive().unwrap(), "1001");
    assert_eq!(bench.ours().unwrap(), "1002");
}

/// Between the two files, every handshake fails, though a good pair was in memory. And then it
/// stays so: the certificate has been seen, and the key's date is never looked at.
#[test]
fn a_torn_pair_fails_every_handshake_until_the_next_rotation() {
    let mut bench = bench(Strategy::CertificateFirst);
    let certificate = bench.agent.files().certificate;
    let newer = fs::metadata(&certificate).unwrap().modified().unwrap() + Duration::from_secs(1);
    let next = bench.agent.issue().unwrap();

    let Bench {
        agent,
        client,
        naive,
        store,
        hooked,
        ..
    } = &mut bench;
    let mut between = Vec::new();
    agent
        .write_stepwise(&next, |step| {
            if step == "certificate renamed" {
                date(&certificate, newer);
                store.reload();
                between.push((shown(naive, client).is_ok(), shown(hooked, client)));
            }
        })
        .unwrap();
    assert_eq!(between, [(false, Ok("1001".into()))]);

    assert!(
        bench.naive().is_err(),
        "it did not recover when the key came"
    );
    assert_eq!(bench.ours().unwrap(), "1002");
}

#[test]
fn a_missing_file_fails_every_handshake() {
    let bench = bench(Strategy::RenameEach);
    fs::remove_file(bench.agent.files().certificate).unwrap();
    assert!(bench.naive().is_err());
    assert_eq!(bench.ours().unwrap(), "1001");
}

/// Puts a FIFO in place of the certificate. To open it blocks until the other side opens it too,
/// as a file on a hung mount blocks. Returns once somebody is stuck in it, with what holds him.
fn somebody_is_stuck(certificate: &Path, start: impl FnOnce()) -> File {
    fs::remove_file(certificate).unwrap();
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(CWD, certificate, FileType::Fifo, mode, 0).unwrap();
    start();
    let (opened, stuck) = mpsc::channel();
    let path = certificate.to_owned();
    thread::spawn(move || opened.send(File::options().write(true).open(path)));
    let held = stuck.recv_timeout(BOUND).expect("nobody opened the FIFO");
    held.unwrap()
}

#[test]
fn one_slow_file_stalls_every_client() {
    let bench = bench(Strategy::RenameEach);
    let certificate = bench.agent.files().certificate;
    let whole = fs::read(&certificate).unwrap();

    let (done, outcomes) = mpsc::channel();
    let start = |who: &'static str| {
        let (server, client, done) = (bench.naive.clone(), bench.client.clone(), done.clone());
        thread::spawn(move || done.send((who, shown(&server, &client))));
    };
    let held = somebody_is_stuck(&certificate, || start("first"));
    // The second client waits for the lock, behind the first. That nothing happens can only be
    // seen by waiting; on a slow machine this errs towards passing.
    start("second");
    let nothing = outcomes.recv_timeout(Duration::from_millis(200));
    assert!(nothing.is_err(), "{nothing:?}");

    // The mount comes back: a file again, and the stuck read ends.
    let beside = bench.directory.path().join("whole");
    fs::write(&beside, whole).unwrap();
    fs::rename(beside, &certificate).unwrap();
    drop(held);
    let mut outcomes: Vec<_> = outcomes.iter().take(2).collect();
    outcomes.sort_by_key(|(who, _)| *who);
    assert!(outcomes[0].1.is_err(), "the first client got its handshake");
    assert_eq!(outcomes[1].1, Ok("1001".into()));
}

/// With ours the watcher is stuck, as in a file on a hung mount, and no client notices.
#[test]
fn no_client_waits_for_the_file_with_ours() {
    let bench = bench(Strategy::RenameEach);
    let (stuck, is_stuck) = mpsc::channel();
    let (go_on, went_on) = mpsc::channel::<()>();
    let went_on = Mutex::new(went_on);
    let mut loader = Loader::default();
    let read = loader.read;
    loader.read = Box::new(move |source, served| {
        if served.is_some() {
            stuck.send(()).unwrap();
            // It goes on once the test has let go of the other end.
            let _ = went_on.lock().recv_timeout(BOUND);
        }
        read(source, served)
    });
    let store = IdentityStore::start_by(loader, bench.store.source().clone()).unwrap();
    let hooked = hooked_config(CertResolver(store.clone()));
    let looking = thread::spawn(move || store.reload());
    is_stuck.recv_timeout(BOUND).expect("nothing is read");
    for _ in 0..10 {
        assert_eq!(shown(&hooked, &bench.client).unwrap(), "1001");
    }
    drop(go_on);
    assert!(matches!(looking.join().unwrap(), Reload::Unchanged));
}

/// What a parser says of a key may repeat its bytes. It is not passed on, naive or not.
#[test]
fn what_is_wrong_with_a_key_is_said_without_its_bytes() {
    let bench = bench(Strategy::RenameEach);
    let path = bench.agent.files().key;
    let key = fs::read_to_string(&path).unwrap();
    // Without line ends the whole key is one line.
    fs::write(path, key.replace('\n', "")).unwrap();
    let said = StatInHandshake::new(bench.agent.files()).unwrap_err();
    assert_eq!(said.to_string(), "it holds no key in PEM");
}
