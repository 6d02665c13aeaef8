//! What the reader takes, what it refuses, and what goes on being served meanwhile.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ch02_hot_reload::file::LARGEST;
use ch02_hot_reload::identity::{Reason, Source};
use ch02_hot_reload::{IdentityStore, Loader, Reload};
use ch05_race_conditions::{ExposedKey, LOOKS, Options, Reader};
use lab::BOUND;
use lab::agent::{Agent, Files, Strategy};
use lab::authority::{Authority, Issued, KeyKind, LeafRequest};
use lab::client;
use lab::log::want;
use openssl::pkey::PKey;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

const SETTLE: Duration = Duration::from_secs(10);

/// A directory with one good set, and a server on it whose clock stands still.
struct Bench {
    directory: TempDir,
    agent: Agent,
    first: Issued,
    clock: Arc<AtomicU64>,
    store: Arc<IdentityStore>,
}

fn bench(exposed_key: ExposedKey) -> Bench {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::RemoveCreate).unwrap();
    let first = agent.rotate().unwrap();
    let source = Source::localhost(agent.files());
    let clock = Arc::new(AtomicU64::new(0));
    let (began, millis) = (Instant::now(), clock.clone());
    let now = move || began + Duration::from_millis(millis.load(Ordering::Relaxed));
    let options = Options {
        settle: SETTLE,
        rest: Duration::ZERO,
        exposed_key,
        ..Options::default()
    };
    let reader = Reader::with_clock(options, Arc::new(now));
    let store = IdentityStore::start_by(reader.loader(), source).unwrap();
    Bench {
        directory,
        agent,
        first,
        clock,
        store,
    }
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn pass(&self, time: Duration) {
        let millis = time.as_millis() as u64;
        self.clock.fetch_add(millis, Ordering::Relaxed);
    }

    #[track_caller]
    fn rejects(&self, reason: Reason, file: &str) {
        let before = self.store.current().number;
        match self.store.reload_and_log() {
            Reload::Rejected(rejected) => {
                assert_eq!(rejected.reason, reason, "{rejected}");
                assert!(rejected.file.ends_with(file), "{rejected}");
            }
            other => panic!("{reason:?} was not rejected: {other:?}"),
        }
        assert_eq!(
            self.store.current().number,
            before,
            "the last good one goes on"
        );
    }

    #[track_caller]
    fn loads(&self) {
        match self.store.reload_and_log() {
            Reload::Loaded(_) => {}
            other => panic!("not loaded: {other:?}"),
        }
    }
}

/// Spoils the files: the reason is right, the file is named, the first set goes on, no byte of a
/// key is said, and good files are taken afterwards.
#[track_caller]
fn refuses(reason: Reason, file: &str, spoil: impl FnOnce(&Bench)) {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = bench(ExposedKey::Warn);
    spoil(&bench);
    bench.rejects(reason, file);
    assert_eq!(bench.store.current().identity.facts, bench.first.facts);
    for entry in ["tls.crt", "tls.key"].map(|name| bench.path(name)) {
        if entry.is_dir() {
            fs::remove_dir(entry).unwrap();
        }
    }
    fs::write(bench.path("ca.crt"), bench.agent.root_pem()).unwrap();
    let next = bench.agent.rotate().unwrap();
    bench.loads();
    assert_eq!(bench.store.current().identity.facts, next.facts);
    log.assert_no_key_bytes([&bench.first.key, &next.key]);
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, change(text)).unwrap();
}

// What is no file.

#[test]
fn a_fifo_does_not_hang_the_reader() {
    refuses(Reason::NotRegular, "tls.crt", |bench| {
        let path = bench.path("tls.crt");
        fs::remove_file(&path).unwrap();
        mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let (store, (done, looked)) = (bench.store.clone(), std::sync::mpsc::channel());
        thread::spawn(move || done.send(store.reload()));
        let looked = looked.recv_timeout(BOUND);
        looked.expect("the reader waits for the FIFO's writer");
    });
}

#[test]
fn a_directory() {
    refuses(Reason::NotRegular, "tls.key", |bench| {
        fs::remove_file(bench.path("tls.key")).unwrap();
        fs::create_dir(bench.path("tls.key")).unwrap();
    });
}

/// It never ends.
#[test]
fn a_device() {
    refuses(Reason::NotRegular, "tls.crt", |bench| {
        fs::remove_file(bench.path("tls.crt")).unwrap();
        symlink("/dev/zero", bench.path("tls.crt")).unwrap();
    });
}

#[test]
fn a_socket() {
    refuses(Reason::Unreadable, "tls.crt", |bench| {
        fs::remove_file(bench.path("tls.crt")).unwrap();
        UnixListener::bind(bench.path("tls.crt")).unwrap();
    });
}

#[test]
fn a_link_that_leads_in_a_circle() {
    refuses(Reason::Unreadable, "tls.crt", |bench| {
        fs::remove_file(bench.path("tls.crt")).unwrap();
        symlink("tls.crt", bench.path("tls.crt")).unwrap();
    });
}

#[test]
fn a_file_that_is_absurdly_large() {
    refuses(Reason::TooLarge, "tls.crt", |bench| {
        let chain = fs::File::options().write(true).open(bench.path("tls.crt"));
        chain.unwrap().set_len(LARGEST + 1).unwrap();
    });
}

/// The control: as large as is allowed, and mostly comment.
#[test]
fn a_file_that_is_large() {
    let bench = bench(ExposedKey::Warn);
    edit(&bench.path("tls.crt"), |chain| {
        let dots = LARGEST as usize - chain.len() - 1;
        format!("{}\n{chain}", ".".repeat(dots))
    });
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
}

// What is not whole. `pem.rs` has each kind; here is one for each file, and each of them would
// validate.

#[test]
fn an_indented_block_in_either_file_of_the_pair() {
    let other = Authority::new().unwrap();
    let indented = other.root_pem().replace("-----B", "  -----B");
    for file in ["tls.crt", "tls.key"] {
        refuses(Reason::Malformed, file, |bench| {
            edit(&bench.path(file), |text| text + &indented);
        });
    }
}

// What changes while it is read.

/// The link is swapped between the two opens of each look, and back before the next. By path, all
/// looks see the same torn pair.
#[test]
fn a_swap_that_keeps_the_beat_of_the_reader() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Symlink).unwrap();
    let first = agent.rotate().unwrap();
    let second = agent.issue().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("..other")).unwrap();
    fs::write(at("..other/tls.crt"), &second.chain_pem).unwrap();
    fs::write(at("..other/tls.key"), second.key.expose()).unwrap();
    let swap = |target: &str| {
        symlink(target, at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
    };
    let source = Source::localhost(agent.files());
    let reader = Reader::new(Options::default());
    let mut swaps = 0;
    let read = reader.read_stepwise(&source, None, &mut |step| match step {
        "directory opened" => swap("..generation_1"),
        "file opened" => {
            swap("..other");
            swaps += 1;
        }
        _ => {}
    });
    assert_eq!(read.unwrap().facts, first.facts);
    assert!(swaps >= 2 * 2, "{swaps}");
}

/// The writer changes a file at each look. After so many the reader gives up, and the next read,
/// once there is peace, succeeds.
#[test]
fn a_writer_that_never_rests() {
    let bench = bench(ExposedKey::Warn);
    let reader = Reader::new(Options {
        rest: Duration::ZERO,
        ..Options::default()
    });
    let serving = bench.store.current();
    let (source, path) = (bench.store.source(), bench.path("tls.crt"));
    let whole = fs::read_to_string(&path).unwrap();
    let mut looks = 0;
    let rejected = reader
        .read_stepwise(source, Some(&serving.identity), &mut |at| {
            if at == "directory opened" {
                looks += 1;
                fs::write(&path, format!("# {looks}\n{whole}")).unwrap();
            }
        })
        .unwrap_err();
    assert_eq!(rejected.reason, Reason::Torn, "{rejected}");
    assert_eq!(looks, LOOKS);
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
}

/// It rests in time: what is read is what it left.
#[test]
fn a_writer_that_rests_before_the_last_look() {
    let mut bench = bench(ExposedKey::Warn);
    let next = bench.agent.rotate().unwrap();
    let (reader, path) = (Reader::new(Options::default()), bench.path("tls.crt"));
    let mut looks = 0;
    let read = reader.read_stepwise(bench.store.source(), None, &mut |at| {
        if at == "directory opened" {
            looks += 1;
            if looks < LOOKS {
                fs::write(&path, format!("# {looks}\n{}", next.chain_pem)).unwrap();
            }
        }
    });
    assert_eq!(read.unwrap().facts, next.facts);
}

// What is less than is served.

#[test]
fn a_trust_anchor_that_is_gone_is_believed_in_time() {
    let bench = bench(ExposedKey::Warn);
    let (path, root) = (bench.path("ca.crt"), bench.agent.root_pem().to_owned());
    let other = Authority::new().unwrap();
    fs::write(&path, format!("{root}{}", other.root_pem())).unwrap();
    bench.loads();
    fs::write(&path, &root).unwrap();
    bench.rejects(Reason::TrustShrunk, "ca.crt");
    bench.pass(SETTLE);
    bench.loads();
    assert_eq!(bench.store.current().identity.anchors.len(), 1);
}

/// An agent that renews every few seconds would put off the removal forever, and with it each of its own
/// renewals.
#[test]
fn a_trust_anchor_that_is_gone_is_believed_in_time_whatever_is_renewed() {
    let mut bench = bench(ExposedKey::Warn);
    let (path, root) = (bench.path("ca.crt"), bench.agent.root_pem().to_owned());
    let other = Authority::new().unwrap();
    fs::write(&path, format!("{root}{}", other.root_pem())).unwrap();
    bench.loads();
    fs::write(&path, &root).unwrap();
    for _ in 0..4 {
        bench.rejects(Reason::TrustShrunk, "ca.crt");
        bench.pass(SETTLE / 4);
        let next = bench.agent.issue().unwrap();
        fs::write(bench.path("tls.crt"), &next.chain_pem).unwrap();
        fs::write(bench.path("tls.key"), next.key.expose()).unwrap();
    }
    bench.loads();
    assert_eq!(bench.store.current().identity.anchors.len(), 1);
}

/// Time counts from when it was last otherwise, however it was otherwise.
#[test]
fn what_flaps_is_not_believed() {
    let bench = bench(ExposedKey::Warn);
    let (path, root) = (bench.path("ca.crt"), bench.agent.root_pem().to_owned());
    let (second, third) = (Authority::new().unwrap(), Authority::new().unwrap());
    let both = format!("{root}{}", second.root_pem());
    fs::write(&path, &both).unwrap();
    bench.loads();
    for between in [both.as_str(), "", &format!("{root}{}", third.root_pem())] {
        fs::write(&path, &root).unwrap();
        bench.rejects(Reason::TrustShrunk, "ca.crt");
        bench.pass(SETTLE);
        fs::write(&path, between).unwrap();
        bench.store.reload();
        fs::write(&path, &root).unwrap();
        bench.rejects(Reason::TrustShrunk, "ca.crt");
    }
}

/// Each loss has a time of its own: that one was waited for does not speak for another.
#[test]
fn a_second_loss_is_waited_for_as_well() {
    let bench = bench(ExposedKey::Warn);
    let (path, root) = (bench.path("ca.crt"), bench.agent.root_pem().to_owned());
    let (second, third) = (Authority::new().unwrap(), Authority::new().unwrap());
    let two = format!("{root}{}", second.root_pem());
    fs::write(&path, format!("{two}{}", third.root_pem())).unwrap();
    bench.loads();
    fs::write(&path, &two).unwrap();
    bench.rejects(Reason::TrustShrunk, "ca.crt");
    bench.pass(SETTLE);
    fs::write(&path, &root).unwrap();
    bench.rejects(Reason::TrustShrunk, "ca.crt");
    bench.pass(SETTLE);
    bench.loads();
}

/// The limit of the rule: a set that grows, cut where it is already as large as the old one, has
/// lost nothing. It is served, and the rest follows. A rename has no such moment.
#[test]
fn a_chain_that_grows_in_place_is_served_in_two_parts() {
    let bench = bench(ExposedKey::Warn);
    let path = bench.path("tls.crt");
    let mut authority = bench.agent;
    let next = authority.issue().unwrap();
    let last = Authority::new().unwrap();
    fs::write(bench.directory.path().join("tls.key"), next.key.expose()).unwrap();
    fs::write(&path, &next.chain_pem).unwrap();
    assert!(matches!(bench.store.reload(), Reload::Loaded(_)));
    assert_eq!(bench.store.current().identity.certified.cert.len(), 2);
    fs::write(&path, next.chain_pem + last.root_pem()).unwrap();
    assert!(matches!(bench.store.reload(), Reload::Loaded(_)));
    assert_eq!(bench.store.current().identity.certified.cert.len(), 3);
}

// What is new.

#[test]
fn a_chain_of_which_only_an_intermediate_is_new() {
    let bench = bench(ExposedKey::Warn);
    let before = bench.store.current();
    let other = Authority::new().unwrap();
    edit(&bench.path("tls.crt"), |chain| chain + other.root_pem());
    bench.loads();
    let after = bench.store.current();
    assert_eq!(after.identity.facts.serial, before.identity.facts.serial);
    assert_ne!(
        after.identity.facts.chain_sha256,
        before.identity.facts.chain_sha256
    );
}

#[test]
fn trust_anchors_alone() {
    let bench = bench(ExposedKey::Warn);
    let other = Authority::new().unwrap();
    edit(&bench.path("ca.crt"), |roots| roots + other.root_pem());
    bench.loads();
    assert_eq!(bench.store.current().identity.anchors.len(), 2);
}

#[test]
fn a_comment_is_nothing_new() {
    let bench = bench(ExposedKey::Warn);
    edit(&bench.path("tls.crt"), |chain| {
        format!("# renewed by hand\n{chain}")
    });
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
}

/// Neither the modification time nor the size tells them apart.
#[test]
fn a_rewrite_within_one_tick_of_the_clock() {
    let mut bench = bench(ExposedKey::Warn);
    let path = bench.path("tls.crt");
    let before = fs::metadata(&path).unwrap();
    let next = bench.agent.rotate().unwrap();
    let file = fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    bench.loads();
    assert_eq!(bench.store.current().identity.facts, next.facts);
}

// Who can read the key.

fn key_mode(bench: &Bench, mode: u32) {
    let permissions = fs::Permissions::from_mode(mode);
    fs::set_permissions(bench.path("tls.key"), permissions).unwrap();
}

#[test]
fn a_key_that_others_can_read_is_complained_of_once() {
    let (log, _capturing) = lab::emit::capture();
    let bench = bench(ExposedKey::Warn);
    log.assert_none(&want("key_exposed"));
    for (mode, complaints) in [(0o660, 1), (0o660, 1), (0o644, 2), (0o600, 2), (0o644, 3)] {
        key_mode(&bench, mode);
        assert!(matches!(bench.store.reload(), Reload::Unchanged));
        assert_eq!(log.all(&want("key_exposed")).len(), complaints, "{mode:o}");
    }
    let over = want("fault_ended").with("fault", "key_exposed");
    assert_eq!(log.all(&over).len(), 1, "another mode is no end");
    log.assert_order(&[
        want("key_exposed").with("mode", "0660"),
        want("key_exposed").with("mode", "0644"),
        over.with("file", bench.path("tls.key").to_str().unwrap()),
        want("key_exposed").with("mode", "0644"),
    ]);
}

#[test]
fn a_key_that_others_can_read_is_refused_where_that_is_chosen() {
    let mut bench = bench(ExposedKey::Refuse);
    bench.agent.rotate().unwrap();
    for mode in [0o604, 0o644, 0o660] {
        key_mode(&bench, mode);
        bench.rejects(Reason::InsecureMode, "tls.key");
    }
    // A group that this process is in may read it: that is how it gets to it without being root.
    key_mode(&bench, 0o640);
    bench.loads();
}

// The order of publications.

/// The first reload has read generation 2, and is slow to publish it. The second must not get
/// past: it would publish generation 3, and then be overtaken by the older files.
#[test]
fn a_slow_reload_does_not_overtake_a_later_one() {
    let mut bench = bench(ExposedKey::Warn);
    let (open, gate) = std::sync::mpsc::channel();
    let (began, begun) = std::sync::mpsc::channel();
    // Lets the first read through only when it is told to.
    let (reader, gate) = (Reader::new(Options::default()), Mutex::new(Some(gate)));
    let loader = Loader {
        read: Box::new(move |source, serving| {
            let read = reader.read(source, serving);
            if serving.is_some() {
                let gate = gate.lock().unwrap().take();
                began.send(()).unwrap();
                if let Some(gate) = gate {
                    gate.recv_timeout(BOUND).expect("nobody opened the gate");
                }
            }
            read
        }),
        ..Loader::default()
    };
    let store = IdentityStore::start_by(loader, bench.store.source().clone()).unwrap();
    bench.agent.rotate().unwrap();
    let last = thread::scope(|scope| {
        scope.spawn(|| store.reload());
        begun
            .recv_timeout(BOUND)
            .expect("the first reload never began");
        let last = bench.agent.rotate().unwrap();
        let second = scope.spawn(|| store.reload());
        // That the second waits can only be seen by waiting; on a slow machine this errs towards
        // passing. Without the lock it begins, publishes, and is overtaken.
        let waits = begun.recv_timeout(Duration::from_millis(200)).is_err();
        if !waits {
            second.join().unwrap();
        }
        open.send(()).unwrap();
        last
    });
    assert_eq!(store.current().identity.facts, last.facts);
    assert_eq!(store.current().number, 3);
}

// What the world writes.

/// A key in each encoding that `kind` has.
fn encodings(kind: KeyKind, pkcs8: &str) -> Vec<(&'static str, String)> {
    let key = PKey::private_key_from_pem(pkcs8.as_bytes()).unwrap();
    let text = |pem: Vec<u8>| String::from_utf8(pem).unwrap();
    let mut encodings = vec![("pkcs8", pkcs8.to_owned())];
    match kind {
        KeyKind::EcdsaP256 => {
            let sec1 = text(key.ec_key().unwrap().private_key_to_pem().unwrap());
            // As `openssl ecparam -genkey` writes it: prime256v1 (1.2.840.10045.3.1.7) first.
            let named =
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
            encodings.push(("sec1 with parameters", format!("{named}{sec1}")));
            encodings.push(("sec1", sec1));
        }
        KeyKind::Rsa2048 => {
            let pkcs1 = key.rsa().unwrap().private_key_to_pem().unwrap();
            encodings.push(("pkcs1", text(pkcs1)));
        }
        KeyKind::Ed25519 | KeyKind::MlDsa44 => {}
    }
    encodings
}

/// The ways to lay a chain and a key into files: the certificate's file, and the key's.
fn layouts(chain: &str, key: &str) -> Vec<(&'static str, String, Option<String>)> {
    let commented = chain.replace("-----BEGIN", "subject=CN = leaf\nissuer=Lab\n\n-----BEGIN");
    vec![
        ("two files", chain.to_owned(), Some(key.to_owned())),
        (
            "comments between blocks",
            commented,
            Some(format!("Bag Attributes\n{key}")),
        ),
        (
            "no line break at the end",
            chain.trim_end().into(),
            Some(key.trim_end().into()),
        ),
        ("one file, chain first", format!("{chain}{key}"), None),
        ("one file, key first", format!("{key}\n{chain}"), None),
    ]
}

#[test]
fn every_key_in_every_encoding_in_every_layout() {
    let mut authority = Authority::new().unwrap();
    let mut taken = 0;
    for kind in [KeyKind::EcdsaP256, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let request = LeafRequest {
            key: Some(kind),
            ..LeafRequest::new("localhost")
        };
        let issued = authority.issue(&request).unwrap();
        for (encoding, key) in encodings(kind, issued.key.expose()) {
            for (layout, certificate, key) in layouts(&issued.chain_pem, &key) {
                for (ends, line_end) in [("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")] {
                    let directory = lab::directory().unwrap();
                    let at = |name: &str| directory.path().join(name);
                    let write = |name: &str, text: &str| {
                        fs::write(at(name), text.replace('\n', line_end)).unwrap();
                    };
                    write("ca.crt", authority.root_pem());
                    write("tls.crt", &certificate);
                    if let Some(key) = &key {
                        write("tls.key", key);
                    }
                    let source = Source::localhost(Files {
                        certificate: at("tls.crt"),
                        key: at(if key.is_some() { "tls.key" } else { "tls.crt" }),
                        roots: at("ca.crt"),
                    });
                    let store =
                        IdentityStore::start_by(Reader::new(Options::default()).loader(), source)
                            .unwrap_or_else(|error| {
                                panic!("{kind:?}, {encoding}, {layout}, {ends}: {error}")
                            });
                    assert_eq!(store.current().identity.facts, issued.facts);
                    taken += 1;
                }
            }
        }
        // One of each kind is not only read, but used.
        let client = client::config(authority.root_pem(), client::Options::default()).unwrap();
        let directory = lab::directory().unwrap();
        let mut agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
        agent.write(&issued).unwrap();
        fs::write(directory.path().join("ca.crt"), authority.root_pem()).unwrap();
        let source = Source::localhost(agent.files());
        let store =
            IdentityStore::start_by(Reader::new(Options::default()).loader(), source).unwrap();
        lab::memory::handshake(&store.current().config, &client).unwrap();
    }
    assert_eq!(taken, (3 + 1 + 2) * 5 * 3);
}
