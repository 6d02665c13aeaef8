//! What the chapters found holds in the file to copy. Each test is about one defence of it.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::{Options, config};
use recipes::clients;
use recipes::rotating::{Asked, Files, Hook, Look, Rotating};
use recipes::words::{Rejected, rejected};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};
use tempfile::TempDir;
use time::OffsetDateTime;

/// What a look came to, to be sent and compared.
#[derive(Debug)]
enum Seen {
    Loaded(Arc<CertifiedKey>),
    Unchanged,
    Waiting,
    Rejected(Error),
}

fn asked() -> Asked {
    (vec!["localhost".try_into().unwrap()], clients::check)
}

impl From<&Look> for Seen {
    fn from(look: &Look) -> Self {
        match look {
            Look::Loaded(pair) => Self::Loaded(pair.clone()),
            Look::Unchanged => Self::Unchanged,
            Look::Waiting => Self::Waiting,
            Look::Rejected(why) => Self::Rejected(why.clone()),
        }
    }
}

struct Bench {
    authority: Authority,
    folder: TempDir,
    pair: Option<Arc<Rotating>>,
    looks: Receiver<Seen>,
    hook: Option<Hook>,
}

impl Bench {
    /// An authority, and files that it has issued.
    fn new() -> Self {
        Self::with(Authority::new().unwrap(), |_| ())
    }

    /// The same. `before` is called in the hook, before the look is sent.
    fn with(authority: Authority, before: impl Fn(&Look) + Send + 'static) -> Self {
        let (sender, looks): (Sender<Seen>, _) = channel();
        let hook: Hook = Box::new(move |look: &Look| {
            before(look);
            // A test that has ended listens no more.
            let _ = sender.send(look.into());
        });
        let mut bench = Self {
            authority,
            folder: lab::directory().unwrap(),
            pair: None,
            looks,
            hook: Some(hook),
        };
        bench.write("ca.crt", bench.authority.root_pem());
        let first = bench.issue();
        bench.install(&first);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// By a rename.
    fn write(&self, name: &str, text: &str) {
        let prepared = self.path(&format!("{name}.new"));
        fs::write(&prepared, text).unwrap();
        fs::rename(prepared, self.path(name)).unwrap();
    }

    fn issue(&mut self) -> Issued {
        self.authority
            .issue(&LeafRequest::new("localhost"))
            .unwrap()
    }

    fn install(&self, issued: &Issued) {
        self.write("tls.key", issued.key.expose());
        self.write("tls.crt", &issued.chain_pem);
    }

    fn start(&mut self) {
        let hook = self.hook.take().unwrap();
        self.pair = Some(Rotating::start(self.files(), asked(), hook));
    }

    fn files(&self) -> Files {
        ["tls.crt", "tls.key", "ca.crt"].map(|name| self.path(name))
    }

    fn started() -> Self {
        let mut bench = Self::new();
        bench.start();
        bench.loaded();
        bench
    }

    /// The next look that is as wanted.
    fn until<T>(&self, what: &str, wanted: impl Fn(Seen) -> Option<T>) -> T {
        // A look comes twice a second, so the bound is for all of them.
        let end = Instant::now() + BOUND;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let seen = self.looks.recv_timeout(left);
            let seen = seen.unwrap_or_else(|_| panic!("not within {BOUND:?}: {what}"));
            if let Some(found) = wanted(seen) {
                return found;
            }
        }
    }

    fn loaded(&self) -> Arc<CertifiedKey> {
        self.until("loaded", |seen| match seen {
            Seen::Loaded(pair) => Some(pair),
            _ => None,
        })
    }

    /// Waits for a rejection. A writer may be at work, so it does not come at the first look; and nothing
    /// may be loaded before.
    #[track_caller]
    fn rejected(&self) -> Rejected {
        let waited = Cell::new(false);
        let why = self.until("rejected", |seen| match seen {
            Seen::Loaded(_) => panic!("it was loaded"),
            Seen::Rejected(why) => Some(rejected(&why, &self.files())),
            Seen::Waiting => {
                waited.set(true);
                None
            }
            Seen::Unchanged => None,
        });
        assert!(waited.get(), "rejected at the first look: {why:?}");
        why
    }

    /// The serial number that a new client is shown.
    fn shown(&self) -> String {
        let server = ServerConfig::builder().with_no_client_auth();
        let server = server.with_cert_resolver(self.pair.clone().unwrap());
        let client = config(self.authority.root_pem(), Options::default()).unwrap();
        let (_, client) = lab::memory::handshake(&Arc::new(server), &client).unwrap();
        let shown = client.peer_certificates().unwrap_or_default();
        lab::chain::facts(shown).unwrap().serial
    }

    /// Something that is not valid: it is rejected, what was shown goes on, and the next valid pair is
    /// loaded.
    #[track_caller]
    fn survives(&mut self, invalid: impl FnOnce(&mut Self)) -> Rejected {
        let before = self.shown();
        invalid(self);
        let why = self.rejected();
        assert_eq!(self.shown(), before);
        for name in ["tls.crt", "tls.key"] {
            // A directory, for one, is in the way of a rename.
            let _ = fs::remove_dir(self.path(name));
        }
        let next = self.issue();
        self.install(&next);
        self.loaded();
        assert_eq!(self.shown(), next.facts.serial);
        why
    }
}

#[test]
fn what_is_not_valid_is_rejected_and_the_last_good_pair_stays() {
    let mut bench = Bench::started();

    // The word, the file, and a part of what is said of it.
    let says = |why: Rejected, word: &str, file: &str, part: &str| {
        assert_eq!(why.0, word, "{why:?}");
        assert!(why.1.ends_with(file), "{why:?}");
        assert!(why.2.contains(part), "{why:?}");
    };
    let why = bench.survives(|bench| fs::remove_file(bench.path("tls.crt")).unwrap());
    says(why, "missing", "tls.crt", "No such file");
    let why = bench.survives(|bench| {
        fs::remove_file(bench.path("tls.key")).unwrap();
        fs::create_dir(bench.path("tls.key")).unwrap();
    });
    says(why, "unreadable", "tls.key", "not a regular file");
    // Of the next generation.
    let why = bench.survives(|bench| {
        let next = bench.issue();
        bench.write("tls.key", next.key.expose());
    });
    says(why, "pair_mismatch", "tls.key", "the leaf comes first");
    let why = bench.survives(|bench| {
        let request = LeafRequest::new("elsewhere.test");
        let other = bench.authority.issue(&request).unwrap();
        bench.install(&other);
    });
    says(why, "name_lost", "tls.crt", "elsewhere.test");
    let why = bench.survives(|bench| {
        let mut other = Authority::named("Another Root").unwrap();
        bench.install(&other.issue(&LeafRequest::new("localhost")).unwrap());
    });
    says(why, "chain_broken", "tls.crt", "UnknownIssuer");
    // The second certificate is cut.
    let why = bench.survives(|bench| {
        let next = bench.issue();
        bench.write("tls.key", next.key.expose());
        bench.write("tls.crt", &next.chain_pem[..next.chain_pem.len() - 100]);
    });
    says(why, "malformed", "tls.crt", "broken or cut");
    // Nobody needs what stands behind the intermediate, and it is no certificate.
    let why = bench.survives(|bench| {
        let next = bench.issue();
        let more = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        bench.write("tls.key", next.key.expose());
        bench.write("tls.crt", &format!("{}{more}", next.chain_pem));
    });
    says(
        why,
        "malformed",
        "tls.crt",
        "certificate 3: it does not parse",
    );
}

/// Clients with Go parse none, wherever it stands in the chain.
#[test]
fn a_negative_serial_number_is_not_served() {
    let mut bench = Bench::started();
    let why = bench.survives(|bench| {
        let next = bench.issue();
        bench.write("tls.key", next.key.expose());
        bench.write("tls.crt", &format!("{}{}", next.chain_pem, negative()));
    });
    assert!(
        why.2.contains("certificate 3: its serial number"),
        "{why:?}"
    );
}

/// A certificate that signed itself, with the serial number -1: one of a positive number, in which that is
/// exchanged. Nobody looks at its signature.
fn negative() -> String {
    let authority = Authority::named("Another Root").unwrap();
    let root = CertificateDer::from_pem_slice(authority.root_pem().as_bytes()).unwrap();
    let mut der = root.to_vec();
    // Behind the version: an INTEGER, its length, and its first byte.
    let version = [0xa0, 3, 2, 1, 2, 2];
    let at = der.windows(6).position(|part| part == version).unwrap();
    der[at + 7] = 0xff;
    der[at + 8] &= 0x7f;
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64(&der)
    )
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four = |three: &[u8]| {
        let number = (0..3).fold(0, |sum, at| {
            sum << 8 | usize::from(*three.get(at).unwrap_or(&0))
        });
        let digit = |at: usize| match at <= three.len() {
            true => char::from(DIGITS[number >> (18 - 6 * at) & 63]),
            false => '=',
        };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(four).collect()
}

/// Such a chain makes a message that some clients do not take.
#[test]
fn a_chain_with_a_bundle_of_roots_behind_it_is_not_served() {
    let mut bench = Bench::started();
    let why = bench.survives(|bench| {
        let next = bench.issue();
        let bundle = bench.authority.root_pem().repeat(200);
        bench.write("tls.key", next.key.expose());
        bench.write("tls.crt", &format!("{}{bundle}", next.chain_pem));
    });
    assert_eq!(why.0, "too_large", "{why:?}");
}

/// To open a pipe waits for its writer, and the thread would wait forever.
#[test]
fn a_pipe_in_the_place_of_a_file_does_not_stop_it() {
    let mut bench = Bench::started();
    let why = bench.survives(|bench| {
        fs::remove_file(bench.path("tls.crt")).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        let kind = rustix::fs::FileType::Fifo;
        let made = rustix::fs::mknodat(rustix::fs::CWD, bench.path("tls.crt"), kind, mode, 0);
        made.unwrap();
    });
    assert!(why.2.contains("not a regular file"), "{why:?}");
}

/// The file of roots lists an intermediate as well, so a leaf without its chain validates here, and not at
/// clients that know the root alone.
#[test]
fn a_leaf_that_lost_its_chain_is_not_believed_at_once() {
    let mut bench = Bench::new();
    let first = bench.issue();
    let second = first.chain_pem.rfind("-----BEGIN ").unwrap();
    let (leaf, intermediate) = first.chain_pem.split_at(second);
    let roots = [bench.authority.root_pem(), intermediate].concat();
    bench.write("ca.crt", &roots);
    bench.install(&first);
    bench.start();
    assert_eq!(bench.loaded().cert.len(), 2);

    // Valid, and perhaps half of what is being written.
    bench.write("tls.crt", leaf);
    for _ in 0..2 {
        bench.until("waiting", |seen| match seen {
            Seen::Waiting => Some(()),
            Seen::Unchanged => None,
            other => panic!("{other:?}"),
        });
    }
    // The rest of it.
    bench.write("tls.crt", &first.chain_pem);
    bench.until("unchanged", |seen| {
        matches!(seen, Seen::Unchanged).then_some(())
    });
}

/// rustls itself does not look at the dates of a root.
#[test]
fn a_root_that_has_expired_is_no_root() {
    let now = OffsetDateTime::now_utc();
    let mut authority = Authority::at(now - Duration::from_secs(3650 * 24 * 3600)).unwrap();
    authority.set_clock(now);
    authority.change_intermediate().unwrap();
    let mut bench = Bench::started();
    let why = bench.survives(|bench| {
        let expired = authority.issue(&LeafRequest::new("localhost")).unwrap();
        bench.write(
            "ca.crt",
            &format!("{}{}", bench.authority.root_pem(), authority.root_pem()),
        );
        bench.install(&expired);
    });
    // The root that is in force has the same name, and another key.
    assert!(why.2.contains("BadSignature"), "{why:?}");
}

/// What is wrong with the roots is told, and holds no leaf up: the last good ones judge it.
#[test]
fn a_leaf_is_renewed_beside_roots_that_are_not_valid() {
    let mut bench = Bench::started();
    let roots = fs::read_to_string(bench.path("ca.crt")).unwrap();
    for (spoil, word) in [
        ("", "malformed"),
        ("<html>", "malformed"),
        ("gone", "missing"),
    ] {
        match word {
            "missing" => fs::remove_file(bench.path("ca.crt")).unwrap(),
            _ => bench.write("ca.crt", spoil),
        }
        let why = bench.rejected();
        assert_eq!((why.0, why.1), (word, bench.path("ca.crt")));
        let next = bench.issue();
        bench.install(&next);
        bench.loaded();
        assert_eq!(bench.shown(), next.facts.serial);
        let again = bench.until("told again", |seen| match seen {
            Seen::Rejected(why) => Some(rejected(&why, &bench.files())),
            _ => None,
        });
        assert_eq!(again.0, word);
        // Each look tells it until then: what was told before is not of the next fault.
        bench.write("ca.crt", &roots);
        bench.until("mended", |seen| {
            matches!(seen, Seen::Unchanged).then_some(())
        });
    }
}

/// The file alone: where all clients use rustls, nothing else is asked.
#[test]
fn it_serves_alone_where_all_clients_use_rustls() {
    let mut bench = Bench::new();
    let hook = bench.hook.take().unwrap();
    let asked: Asked = (asked().0, |chain| Ok(chain.to_vec()));
    bench.pair = Some(Rotating::start(bench.files(), asked, hook));
    bench.loaded();
    let next = bench.issue();
    bench.install(&next);
    bench.loaded();
    assert_eq!(bench.shown(), next.facts.serial);
    let why = bench.survives(|bench| {
        let next = bench.issue();
        bench.write("tls.key", next.key.expose());
    });
    assert_eq!(why.0, "pair_mismatch", "{why:?}");
}

/// A hook that panics at each look is called at each change, and when there is a new pair: a look comes
/// twice a second, and so would the words of the panic.
#[test]
fn a_hook_that_panics_does_not_end_the_rotation() {
    let (called, calls) = channel();
    let mut bench = Bench::with(Authority::new().unwrap(), move |look| {
        let _ = called.send(matches!(look, Look::Loaded(_)));
        panic!("as the test wants it");
    });
    bench.start();
    for _ in 0..3 {
        let serial = bench.shown();
        // While nothing changes it is not called: several looks are due in this time.
        let quiet = || calls.recv_timeout(Duration::from_secs(2)).is_err();
        assert!((0..8).any(|_| quiet()), "the hook is called at each look");
        let next = bench.issue();
        bench.install(&next);
        let end = Instant::now() + BOUND;
        while bench.shown() == serial {
            assert!(
                Instant::now() < end,
                "no renewal was served within {BOUND:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        let call = || {
            calls
                .recv_timeout(BOUND)
                .expect("the hook was not told of a new pair")
        };
        while !call() {}
    }
}

fn facts(pair: &CertifiedKey) -> String {
    lab::chain::facts(&pair.cert).unwrap().serial
}

/// What the hook is given says why, and repeats no byte of a file that may be a key.
#[test]
fn no_error_repeats_the_key() {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = said.clone();
    let mut bench = Bench::with(Authority::new().unwrap(), move |look| {
        if let Look::Rejected(why) = look {
            heard.lock().unwrap().push_str(&format!("{why:?}\n"));
        }
    });
    bench.start();
    bench.loaded();
    let next = bench.issue();
    let key = next.key.expose();
    for spoilt in [
        key.replace("-----END", "----END"),
        key.replace("-----BEGIN", "----BEGIN"),
        format!("-----BEGIN {key}"),
        key[..key.len() / 2].to_owned(),
        key.replacen("MIG", "!!!", 1),
    ] {
        bench.survives(|bench| bench.write("tls.key", &spoilt));
    }
    let said = said.lock().unwrap();
    assert!(!said.is_empty());
    for line in key.lines().filter(|line| !line.starts_with('-')) {
        assert!(!said.contains(line), "{said}");
    }
}

/// The kubelet's way: both files by one link, and no file of the directory itself is touched.
#[test]
fn a_link_that_is_swapped_is_followed() {
    let folder = lab::directory().unwrap();
    let mut agent = Agent::started(folder.path(), Strategy::Symlink).unwrap();
    let (sender, looks) = channel();
    let files = agent.files();
    let hook: Hook = Box::new(move |look: &Look| {
        if let Look::Loaded(pair) = look {
            let _ = sender.send(facts(pair));
        }
    });
    let files = [files.certificate, files.key, files.roots];
    let _pair = Rotating::start(files, asked(), hook);
    looks.recv_timeout(BOUND).unwrap();
    for _ in 0..3 {
        let issued = agent.rotate().unwrap();
        assert_eq!(looks.recv_timeout(BOUND).unwrap(), issued.facts.serial);
    }
}
