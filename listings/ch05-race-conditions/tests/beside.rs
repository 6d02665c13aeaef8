//! What is wrong beside the pair, and what is said of it while the pair is served.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ch02_hot_reload::identity::{Reason, Source};
use ch02_hot_reload::{IdentityStore, Loader, Reload};
use ch05_race_conditions::access::Access;
use ch05_race_conditions::exposure::own_groups;
use ch05_race_conditions::{LostNames, Options, Reader, names};
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, Issued, LeafRequest};
use lab::log::{Log, want};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::X509;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;
use tracing::subscriber::DefaultGuard;

/// A server that reads with this chapter's reader, and asks for no patience.
struct Bench {
    agent: Agent,
    store: Arc<IdentityStore>,
    log: Log,
    _capturing: DefaultGuard,
    directory: TempDir,
}

impl Bench {
    fn new(options: Options) -> Self {
        let (log, capturing) = lab::emit::capture();
        let directory = lab::directory().unwrap();
        let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
        // Peers are judged by roots in a file of their own.
        let peer_roots = directory.path().join("peers.crt");
        fs::write(&peer_roots, Authority::named("Peers").unwrap().root_pem()).unwrap();
        let source = Source {
            peer_roots: Some(peer_roots),
            ..Source::localhost(agent.files())
        };
        Self {
            store: IdentityStore::start_by(Reader::new(options).loader(), source).unwrap(),
            agent,
            log,
            _capturing: capturing,
            directory,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Those of the chain, and those for peers.
    fn anchors(&self) -> [Vec<CertificateDer<'static>>; 2] {
        let identity = &self.store.current().identity;
        [
            identity.anchors.clone(),
            identity.peer_anchors.clone().unwrap(),
        ]
    }

    fn told(&self, event: &str) -> usize {
        self.log.all(&want(event)).len()
    }

    fn renew(&mut self) -> Issued {
        self.agent.issue().inspect(|next| self.write(next)).unwrap()
    }

    fn write(&self, next: &Issued) {
        fs::write(self.path("tls.crt"), &next.chain_pem).unwrap();
        fs::write(self.path("tls.key"), next.key.expose()).unwrap();
    }

    #[track_caller]
    fn loads(&self, next: &Issued) {
        match self.store.reload_and_log() {
            Reload::Loaded(_) => {}
            other => panic!("not loaded: {other:?}"),
        }
        assert_eq!(self.store.current().identity.facts, next.facts);
    }
}

fn hasty() -> Options {
    Options {
        rest: Duration::ZERO,
        ..Options::default()
    }
}

/// A list of revoked certificates beside the authorities is what Dovecot documents. It is rejected
/// in words that name it, and so is a file that is empty, cut, no file, or gone. Under each of them
/// two renewals are served, the fault is told at each, and the anchors of before stay in force.
#[test]
fn a_leaf_is_not_held_up_by_the_anchors_beside_it() {
    is_not_held_up_by("ca.crt");
}

/// The same where the file is that of the roots by which peers are judged.
#[test]
fn a_leaf_is_not_held_up_by_the_anchors_for_peers() {
    is_not_held_up_by("peers.crt");
}

const CRL: &str = "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n";

/// Puts a fault in the place of a good file.
fn spoil(roots: &Path, good: &str, fault: &str) {
    match fault {
        "gone" => fs::remove_file(roots).unwrap(),
        "a directory" => {
            fs::remove_file(roots).unwrap();
            fs::create_dir(roots).unwrap();
        }
        CRL => fs::write(roots, format!("{good}{CRL}")).unwrap(),
        text => fs::write(roots, text).unwrap(),
    }
}

fn is_not_held_up_by(file: &str) {
    for (reason, fault) in [
        ("truncated", ""),
        ("truncated", "-----BEGIN CERTIFICATE-----\nMIIB"),
        ("malformed", CRL),
        (
            "malformed",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        ),
        ("not_regular", "a directory"),
        ("missing", "gone"),
    ] {
        let mut bench = Bench::new(hasty());
        let roots = bench.path(file);
        let good = fs::read_to_string(&roots).unwrap();
        let anchors = bench.anchors();
        spoil(&roots, &good, fault);
        for told in 1..=3 {
            if told > 1 {
                let next = bench.renew();
                bench.loads(&next);
            }
            // A look at the same files tells nothing new.
            for _ in 0..2 {
                assert!(
                    matches!(bench.store.reload(), Reload::Unchanged),
                    "{reason}"
                );
            }
            let rejected = want("trust_rejected").with("reason", reason);
            let rejected = rejected.with("file", roots.to_str().unwrap());
            assert_eq!(bench.log.all(&rejected).len(), told, "{reason}");
            assert_eq!(bench.anchors(), anchors);
        }
        let told = bench.log.all(&want("trust_rejected")).remove(0);
        let detail = told.text("detail").unwrap();
        let stays = "The anchor that was read before stays in force until this file is mended";
        assert!(detail.ends_with(stays), "{detail}");
        assert_eq!(detail.contains("X509 CRL"), fault == CRL, "{detail}");
        if roots.is_dir() {
            fs::remove_dir(&roots).unwrap();
        }
        assert_eq!(bench.told("fault_ended"), 0, "{reason}");
        fs::write(&roots, good).unwrap();
        // No renewal has to come for that.
        for _ in 0..2 {
            assert!(matches!(bench.store.reload(), Reload::Unchanged));
            let over = want("fault_ended").with("fault", "trust_rejected");
            let over = over.with("file", roots.to_str().unwrap());
            assert_eq!(bench.log.all(&over).len(), 1, "{reason}");
        }
        let next = bench.renew();
        bench.loads(&next);
        assert_eq!(bench.told("trust_rejected"), 3, "it is mended");
    }
}

/// A root for peers that is gone is believed once it has been gone for a while, as any other. One more
/// is a new generation, and no reason to wait.
#[test]
fn anchors_for_peers_that_shrink() {
    let mut bench = Bench::new(hasty());
    let before = bench.anchors();
    let peers = bench.path("peers.crt");
    let more = Authority::named("More").unwrap();
    let one = fs::read_to_string(&peers).unwrap();
    fs::write(&peers, format!("{one}{}", more.root_pem())).unwrap();
    assert!(matches!(bench.store.reload(), Reload::Loaded(_)));
    let both = bench.anchors();
    assert_eq!((&both[0], both[1].len()), (&before[0], 2));

    fs::write(&peers, one).unwrap();
    let Reload::Rejected(rejected) = bench.store.reload() else {
        panic!("it was believed at once");
    };
    assert_eq!(
        (rejected.reason, rejected.file),
        (Reason::TrustShrunk, peers)
    );
    assert_eq!(bench.anchors(), both);
    // The leaf waits as long: what shrank in one look may be half of a file.
    let next = bench.renew();
    assert!(matches!(bench.store.reload(), Reload::Rejected(_)));
    assert_ne!(bench.store.current().identity.facts, next.facts);
}

/// The last good anchors still judge: a leaf of another authority is not served under a broken file.
#[test]
fn a_leaf_that_the_last_good_anchors_reject_is_not_served() {
    let bench = Bench::new(hasty());
    let elsewhere = lab::directory().unwrap();
    let other = Agent::new(elsewhere.path(), Strategy::RenameEach)
        .unwrap()
        .issue()
        .unwrap();
    fs::write(bench.path("ca.crt"), "").unwrap();
    bench.write(&other);
    let Reload::Rejected(rejected) = bench.store.reload() else {
        panic!("a stranger's leaf was served");
    };
    assert_eq!(rejected.reason, Reason::ChainBroken, "{rejected}");
}

/// Before the first generation there are no good anchors to fall back to.
#[test]
fn no_start_without_anchors() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    fs::write(directory.path().join("ca.crt"), "").unwrap();
    let rejected = Reader::new(hasty()).read(&Source::localhost(agent.files()), None);
    assert_eq!(rejected.unwrap_err().reason, Reason::Truncated);
}

fn for_names(bench: &mut Bench, names: &[&str]) -> Issued {
    let request = LeafRequest {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..LeafRequest::new("localhost")
    };
    let issued = bench.agent.authority().issue(&request).unwrap();
    bench.write(&issued);
    issued
}

#[test]
fn a_name_that_is_lost_is_told() {
    let mut bench = Bench::new(hasty());
    let all = for_names(
        &mut bench,
        &[
            "localhost",
            "www.example.org",
            "api.example.org",
            "10.0.0.1",
        ],
    );
    bench.loads(&all);
    assert_eq!(bench.told("names_lost"), 0, "it has all that the first has");
    let less = for_names(&mut bench, &["localhost", "*.example.org"]);
    bench.loads(&less);
    let lost = want("names_lost").with("names", "10.0.0.1");
    assert_eq!(
        bench.log.all(&lost).len(),
        1,
        "the wildcard covers the others"
    );
    bench.store.reload();
    assert_eq!(bench.told("names_lost"), 1);
    // Another root brings no name back, and the next renewal lacks nothing.
    let roots = bench.path("ca.crt");
    let more = Authority::named("More").unwrap();
    let both = fs::read_to_string(&roots).unwrap() + more.root_pem();
    fs::write(&roots, both).unwrap();
    assert!(matches!(bench.store.reload(), Reload::Loaded(_)));
    assert_eq!(bench.told("fault_ended"), 0);
    for _ in 0..2 {
        let same = for_names(&mut bench, &["localhost", "*.example.org"]);
        bench.loads(&same);
        let over = want("fault_ended").with("fault", "names_lost");
        assert_eq!(bench.log.all(&over).len(), 1);
    }
}

/// A gauge shows the names that the served certificate lacks at each look, for as long as it is served and no
/// longer.
#[test]
fn a_name_is_lost_until_it_is_back() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let reader = Arc::new(Reader::new(hasty()));
    let read = reader.clone();
    let loader = Loader {
        read: Box::new(move |source, serving| read.read(source, serving)),
        ..Loader::default()
    };
    let source = Source::localhost(agent.files());
    let store = IdentityStore::start_by(loader, source).unwrap();
    let both: &[_] = &["localhost", "api"];
    for (names, lost) in [(both, None), (&["localhost"], Some("api")), (both, None)] {
        let mut request = LeafRequest::new("localhost");
        request.names = names.iter().map(|name| name.to_string()).collect();
        let issued = agent.authority().issue(&request).unwrap();
        agent.write(&issued).unwrap();
        assert!(matches!(store.reload(), Reload::Loaded(_)));
        for _ in 0..2 {
            let found = reader.beside().lost;
            assert_eq!(found, Vec::from_iter(lost), "of {names:?}");
            assert!(matches!(store.reload(), Reload::Unchanged));
        }
    }
}

#[test]
fn a_name_that_is_lost_is_refused_where_that_is_chosen() {
    let mut bench = Bench::new(Options {
        lost_names: LostNames::Refuse,
        ..hasty()
    });
    let both = for_names(&mut bench, &["localhost", "api"]);
    bench.loads(&both);
    for_names(&mut bench, &["localhost"]);
    let Reload::Rejected(rejected) = bench.store.reload() else {
        panic!("it was served");
    };
    assert_eq!(rejected.reason, Reason::NameLost);
    assert!(rejected.detail.ends_with(": api"), "{rejected}");
    let more = for_names(&mut bench, &["localhost", "api", "www"]);
    bench.loads(&more);
}

#[test]
fn a_wildcard_covers_one_label_and_is_not_covered() {
    let mut bench = Bench::new(hasty());
    let mut leaf = |names: &[&str]| {
        let issued = for_names(&mut bench, names);
        CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).unwrap()
    };
    let served = leaf(&[
        "localhost",
        "A.example.org",
        "b.c.example.org",
        "*.example.org",
    ]);
    assert_eq!(names::lost(&served, &served), [""; 0]);
    let wildcard = leaf(&["localhost", "*.EXAMPLE.org"]);
    assert_eq!(names::lost(&served, &wildcard), ["b.c.example.org"]);
    let single = leaf(&["localhost", "a.example.org", "b.c.example.org"]);
    assert_eq!(names::lost(&served, &single), ["*.example.org"]);
}

/// All of the mode is kept, and none of what kind of file it is: it stands in the log.
#[test]
fn the_mode_of_a_file_has_twelve_bits() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let key = agent.files().key;
    for mode in [0o600, 0o1640, 0o4700] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(Access::of(&fs::metadata(&key).unwrap()).mode, mode);
    }
}

/// Each mode, in the groups of this process and in another.
#[test]
fn a_group_of_ones_own_may_read() {
    let own = own_groups();
    assert!(own.contains(&rustix::process::getegid().as_raw()));
    let stranger = own.iter().max().unwrap() + 1;
    for (mode, in_own, in_other) in [
        (0o600, false, false),
        (0o400, false, false),
        (0o640, false, true),
        (0o440, false, true),
        (0o660, true, true),
        (0o644, true, true),
        (0o604, true, true),
        (0o610, false, true),
    ] {
        let exposes = |group| Access { mode, group }.exposes(&own);
        assert_eq!(exposes(own[0]), in_own, "{mode:o} in a group of its own");
        assert_eq!(exposes(stranger), in_other, "{mode:o} in another group");
    }
}

/// A whole bundle that everybody can read, named as the chain alone: the key's own file is 0600.
#[test]
fn a_key_beside_the_chain_is_exposed_with_it() {
    let mut bench = Bench::new(hasty());
    let next = bench.renew();
    bench.loads(&next);
    assert_eq!(bench.told("key_exposed"), 0);
    let next = bench.renew();
    let bundle = format!("{}{}", next.chain_pem, next.key.expose());
    fs::write(bench.path("tls.crt"), bundle).unwrap();
    bench.loads(&next);
    let told = bench
        .log
        .all(&want("key_exposed").with("mode", "0644"))
        .remove(0);
    assert!(told.text("file").unwrap().ends_with("tls.crt"), "{told}");
    bench.store.reload();
    assert_eq!(bench.told("key_exposed"), 1);
}

/// The root first, as some panels export it: the pair is whole, and its order is not.
#[test]
fn a_leaf_that_is_not_first() {
    let mut bench = Bench::new(hasty());
    let next = bench.renew();
    let blocks = next.chain_pem.split_inclusive("END CERTIFICATE-----\n");
    let mut turned: Vec<_> = blocks.collect();
    turned.reverse();
    fs::write(bench.path("tls.crt"), turned.concat()).unwrap();
    let Reload::Rejected(rejected) = bench.store.reload() else {
        panic!("an intermediate was served as the leaf");
    };
    assert_eq!(rejected.reason, Reason::ChainBroken, "{rejected}");
    assert!(rejected.file.ends_with("tls.crt"), "{rejected}");
    assert!(rejected.detail.contains("certificate 2 of 2"), "{rejected}");
}

/// The name of the kind, and not "failed to parse".
#[test]
fn keys_that_rustls_does_not_take() {
    let bench = Bench::new(hasty());
    let small = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    let pkcs1 = small.rsa().unwrap().private_key_to_pem().unwrap();
    let group = EcGroup::from_curve_name(Nid::SECP256K1).unwrap();
    let curve = EcKey::generate(&group).unwrap();
    let sec1 = curve.private_key_to_pem().unwrap();
    let pkcs8 = |key: &PKey<_>| key.private_key_to_pem_pkcs8().unwrap();
    for (says, key) in [
        ("an RSA key of 1024 bits", pkcs8(&small)),
        ("an RSA key of 1024 bits", pkcs1),
        (
            "an ECDSA key on secp256k1",
            pkcs8(&PKey::from_ec_key(curve).unwrap()),
        ),
        ("an ECDSA key on secp256k1", sec1),
        ("an Ed448 key", pkcs8(&PKey::generate_ed448().unwrap())),
        (
            "a key for key exchange",
            pkcs8(&PKey::generate_x25519().unwrap()),
        ),
        ("a key for RSA-PSS alone", rsa_pss()),
    ] {
        fs::write(bench.path("tls.key"), key).unwrap();
        let Reload::Rejected(rejected) = bench.store.reload() else {
            panic!("it was served");
        };
        assert_eq!(rejected.reason, Reason::Malformed, "{says}: {rejected}");
        assert!(rejected.detail.starts_with(says), "{says}: {rejected}");
        let signs = rejected.detail.contains("this server signs with");
        assert!(signs, "{says}: {rejected}");
    }
}

/// The kind is one that is taken, and the key within it is damaged. A list of the kinds that are taken would lead
/// away from that, and is not told.
#[test]
fn keys_that_are_taken_and_damaged() {
    let bench = Bench::new(hasty());
    let on = |curve| {
        let group = EcGroup::from_curve_name(curve).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut der = key.private_key_to_pkcs8().unwrap();
        // RFC 5915: the version is 1, and the key follows.
        let version = [0x02, 0x01, 0x01, 0x04];
        let at = der.windows(4).position(|part| part == version).unwrap();
        der[at + 2] = 9;
        der
    };
    let mut ed25519 = PKey::generate_ed25519()
        .unwrap()
        .private_key_to_pkcs8()
        .unwrap();
    // The key is a string of 32 octets within a string of octets, which here is a NULL.
    let at = ed25519.len() - 34;
    assert_eq!(ed25519[at..at + 2], [0x04, 0x20]);
    ed25519[at] = 0x05;
    for (what, der) in [
        ("an ECDSA key on P-256", on(Nid::X9_62_PRIME256V1)),
        ("an ECDSA key on P-384", on(Nid::SECP384R1)),
        ("an ECDSA key on P-521", on(Nid::SECP521R1)),
        ("an Ed25519 key", ed25519),
    ] {
        fs::write(bench.path("tls.key"), pem_of_key(&der)).unwrap();
        let Reload::Rejected(rejected) = bench.store.reload() else {
            panic!("it was served");
        };
        let says = format!("{what} that does not parse");
        assert!(rejected.detail.starts_with(&says), "{says}: {rejected}");
        let signs = rejected.detail.contains("this server signs with");
        assert!(!signs, "{says}: {rejected}");
    }
}

/// An RSA key whose algorithm identifier says id-RSASSA-PSS (RFC 4055) in place of rsaEncryption.
fn rsa_pss() -> Vec<u8> {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut der = key.private_key_to_pkcs8().unwrap();
    let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    let at = der.windows(8).position(|part| part == oid).unwrap();
    der[at + 8] = 0x0a;
    pem_of_key(&der)
}

fn pem_of_key(der: &[u8]) -> Vec<u8> {
    let text = openssl::base64::encode_block(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| [line, b"\n"].concat())
        .collect();
    // What looks for secrets in a repository takes a whole mark for a key.
    let mark = |which: &str| format!("-----{which} PRIVATE KEY-----\n");
    let (begin, end) = (mark("BEGIN"), mark("END"));
    [begin.as_bytes(), &lines.concat(), end.as_bytes()].concat()
}

/// The writer is between its two files when the reader looks, and goes on while it waits. Nothing
/// is complained of; where nobody goes on, it is, once the files have rested.
#[test]
fn a_writer_at_work_is_waited_for() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::InPlace).unwrap();
    let source = Source::localhost(agent.files());
    let pauses = Arc::new(AtomicU32::new(0));
    let counted = pauses.clone();
    let reader = Reader::new(Options::default()).pausing(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let serving = reader.read(&source, None).unwrap();
    let next = agent.issue().unwrap();
    fs::write(directory.path().join("tls.crt"), "").unwrap();
    let mut rests = 0;
    let read = reader.read_stepwise(&source, Some(&serving), &mut |at| {
        if at == "resting" {
            rests += 1;
            match rests {
                // Slower than one look, and quicker than the files are called at rest.
                3 => fs::write(directory.path().join("tls.crt"), &next.chain_pem).unwrap(),
                20 => fs::write(directory.path().join("tls.key"), next.key.expose()).unwrap(),
                _ => {}
            }
        }
    });
    assert_eq!(read.unwrap().facts, next.facts);
    assert_eq!((rests, pauses.load(Ordering::Relaxed)), (20, 20));

    fs::write(directory.path().join("tls.key"), "").unwrap();
    let torn = || reader.read(&source, Some(&serving)).unwrap_err().reason;
    assert_eq!(torn(), Reason::Truncated);
    let waited = pauses.swap(0, Ordering::Relaxed) - 20;
    assert_eq!(waited, 25, "250 ms, looked at every ten");
    assert_eq!(torn(), Reason::Truncated);
    assert_eq!(
        pauses.load(Ordering::Relaxed),
        0,
        "what has rested is not waited for again"
    );
}

/// It is not waited for longer than so often.
#[test]
fn a_writer_that_never_ends() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::InPlace).unwrap();
    let reader = Reader::new(Options::default()).pausing(|_| ());
    fs::write(directory.path().join("tls.crt"), "# 0\n").unwrap();
    let mut rests = 0_u32;
    let read = reader.read_stepwise(&Source::localhost(agent.files()), None, &mut |at| {
        if at == "resting" {
            rests += 1;
            fs::write(directory.path().join("tls.crt"), format!("# {rests}\n")).unwrap();
        }
    });
    assert_eq!(read.unwrap_err().reason, Reason::Truncated);
    assert_eq!(rests, 200, "eight times 250 ms, looked at every ten");
}

/// Two renewals with the key of before fail in the same words. The second is news; the same files once more are none.
/// So it is where there is no key at all.
#[test]
fn a_renewal_that_fails_as_the_one_before_is_news() {
    for without_key in [false, true] {
        let mut bench = Bench::new(Options::default());
        let path = bench.agent.files().key;
        let key = fs::read(&path).unwrap();
        let look = |bench: &Bench| match bench.store.reload() {
            Reload::Rejected(rejected) => rejected,
            other => panic!("{other:?}"),
        };
        let mut fails = || {
            bench.agent.rotate().unwrap();
            match without_key {
                true => fs::remove_file(&path).unwrap(),
                false => fs::write(&path, &key).unwrap(),
            }
            look(&bench)
        };
        let (first, second) = (fails(), fails());
        assert_eq!(first.reason, second.reason);
        assert!(!first.repeats(&second), "{second}");
        assert!(second.repeats(&look(&bench)));
    }
}

/// Clients of rustls do not take it.
fn of_version_2(root: &str) -> String {
    let mut der = CertificateDer::from_pem_slice(root.as_bytes())
        .unwrap()
        .to_vec();
    let version_3 = [0xa0, 3, 2, 1, 2];
    let at = der.windows(5).position(|bytes| bytes == version_3).unwrap();
    der[at + 4] = 1;
    let pem = X509::from_der(&der).unwrap().to_pem().unwrap();
    String::from_utf8(pem).unwrap()
}

/// Clients of OpenSSL may take it for the one that has issued.
#[test]
fn an_authority_of_an_issuers_name_is_not_passed_over_beside_one_of_that_name() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let roots = agent.files().roots;
    let good = fs::read_to_string(&roots).unwrap();
    let read = |other: &str| {
        fs::write(&roots, format!("{other}{good}")).unwrap();
        Reader::new(Options::default()).read(&Source::localhost(agent.files()), None)
    };
    let rejected = read(&of_version_2(&good)).err().unwrap();
    assert_eq!(
        (rejected.reason, &rejected.file),
        (Reason::Malformed, &roots)
    );
    let another = Authority::named("Another").unwrap();
    read(&of_version_2(another.root_pem())).unwrap();
}
