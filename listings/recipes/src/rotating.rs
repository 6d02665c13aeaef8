//! Rotates the certificate of a rustls server while it runs. Copy this file. It needs `arc-swap`, `libc`,
//! `notify`, `rustls` with `aws_lc_rs`, and `x509-parser`. A thread looks at the files at each change, and
//! twice a second. A pair that clients accept is published by one swap. Else the last good one stays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};
use std::{fs::File, io, io::Read, os::unix::fs::OpenOptionsExt, path::PathBuf, sync::Arc, thread};

use arc_swap::ArcSwapOption;
use notify::{EventKind::Access, RecommendedWatcher, RecursiveMode::NonRecursive, Watcher};
use rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::{Error, RootCertStore, sign::CertifiedKey};
use x509_parser::{
    parse_x509_certificate as parse, prelude::X509Certificate, public_key::PublicKey,
};

const POLL: Duration = Duration::from_millis(500); // Events of the file system get lost.
const SETTLE: Duration = Duration::from_secs(10); // A leaf that lost its chain may be half a file.
const LARGEST: u64 = 1 << 20; // Bytes that are read of a file.
const OTHER: &str = "not the key of the first certificate: the leaf comes first";
const LONGEST: usize = 60 << 10; // Bytes of a chain. Clients take no more.
// P-256, P-384, P-521 and Ed25519. Beside RSA, clients of each library parse these.
const KEYS: &str = "1.2.840.10045.3.1.7 1.3.132.0.34 1.3.132.0.35 1.3.101.112";

/// The files of the chain (leaf first), its key, and the roots that clients trust.
pub type Files = [PathBuf; 3];
/// The names that clients ask for.
pub type Names = Vec<ServerName<'static>>;
/// Called after each look, for the log and for metrics. It must not wait: the rotation waits for it.
pub type Hook = Box<dyn Fn(&Look) + Send>;

/// What a look at the files came to.
pub enum Look {
    /// A new pair. It is served from now on.
    Loaded(Arc<CertifiedKey>),
    /// What is served already.
    Unchanged,
    /// Not valid, or less than what is served, and perhaps not finished.
    Waiting,
    /// Not valid. The last good pair is served.
    Rejected(Rejected),
}

/// Why files are not served: a word for a metric, the file, and a detail for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected(pub &'static str, pub PathBuf, pub String);

/// The pair that is served. Give it to `ServerConfig::builder()` as its `cert_resolver`.
#[derive(Debug, Default)]
pub struct Rotating(ArcSwapOption<CertifiedKey>);

impl ResolvesServerCert for Rotating {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full() // One atomic load: no file, no lock.
    }
}

impl Rotating {
    /// Follows the files for the life of the process. Returns once a first pair is valid.
    pub fn start(files: Files, names: Names, hook: Hook) -> Arc<Self> {
        let (this, (loaded, first)) = (Arc::new(Self::default()), channel());
        let store = this.clone();
        let follow = move || store.follow(&files, &names, &hook, &loaded);
        thread::spawn(move || {
            // A panic, of a parser for one, must not end the rotation.
            while catch_unwind(AssertUnwindSafe(&follow)).is_err() {
                thread::sleep(POLL);
            }
        });
        first.recv().expect("the thread does not end");
        this
    }

    fn follow(&self, files: &Files, names: &Names, hook: &Hook, loaded: &Sender<()>) {
        let (hint, hints) = sync_channel(1);
        let _watch = watch(files, hint.clone()); // Before the first look. Without it the poll is alone.
        let (mut last, mut heard) = ((read(files), Instant::now()), true);
        loop {
            let found = read(files);
            if found != last.0 {
                (last, heard) = ((found, Instant::now()), true);
            }
            let (found, age, served) = (&last.0, last.1.elapsed(), self.0.load_full());
            let served = served.as_ref().map_or(&[][..], |pair| &pair.cert);
            let look = match found.clone().and_then(|found| judge(files, &found, names)) {
                Ok(next) if next.cert == served => Look::Unchanged,
                // Authorities do shorten chains. But a leaf alone may need roots that are intermediates.
                Ok(next) if next.cert.len() < served.len() && age < POLL / 2 => Look::Waiting,
                Ok(next) if next.cert.len() < served.len().min(2) && age < SETTLE => Look::Waiting,
                Ok(next) => Look::Loaded(Arc::new(next)),
                Err(_) if age < POLL / 2 => Look::Waiting,
                Err(rejected) => Look::Rejected(rejected),
            };
            if let Look::Loaded(next) = &look {
                self.0.store(Some(next.clone()));
                let _ = loaded.send(()); // Nothing waits after the first.
            }
            // A hook that panics is called again when there is news.
            if heard || matches!(look, Look::Loaded(_)) {
                heard = catch_unwind(AssertUnwindSafe(|| hook(&look))).is_ok();
            }
            let _ = hints.recv_timeout(POLL);
        }
    }
}

/// Sends a hint at each change in the directories. A watch on a file ends at its first rename.
fn watch(files: &Files, hint: SyncSender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Our own reading is an access: it would wake us forever.
        if !event.is_ok_and(|event| matches!(event.kind, Access(_))) {
            let _ = hint.try_send(()); // Where it is full, a look is due.
        }
    })?;
    for file in files {
        watcher.watch(file.parent().unwrap_or(file), NonRecursive)?;
    }
    Ok(watcher)
}

/// What a set of files holds, or why it is not served.
pub fn load(files: &Files, names: &Names) -> Result<CertifiedKey, Rejected> {
    read(files).and_then(|found| judge(files, &found, names))
}

fn read(files: &Files) -> Result<Vec<String>, Rejected> {
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NONBLOCK); // A FIFO would wait for its writer.
    let one = |path: &PathBuf| {
        let file = options.open(path)?;
        let (about, mut bytes) = (file.metadata()?, Vec::new());
        if !about.is_file() || about.len() > LARGEST {
            return Err(io::Error::other("not a regular file, or larger than 1 MiB"));
        }
        file.take(LARGEST).read_to_end(&mut bytes)?;
        // Windows writes a mark before a text, and ends lines in its own way.
        let text = String::from_utf8_lossy(&bytes).replace('\u{feff}', "");
        let lines = text.split(['\r', '\n']).map(str::trim_end);
        Ok(lines.collect::<Vec<_>>().join("\n") + "\n")
    };
    let failed = |path: &PathBuf, why: io::Error| match why.kind() {
        io::ErrorKind::NotFound => Rejected("missing", path.clone(), why.to_string()),
        _ => Rejected("unreadable", path.clone(), why.to_string()),
    };
    let read = |path| one(path).map_err(|why| failed(path, why));
    files.iter().map(read).collect()
}

/// Asks what clients ask: does the key fit, does the chain lead to a root, today, for each name?
fn judge(files: &Files, found: &[String], names: &Names) -> Result<CertifiedKey, Rejected> {
    // No word repeats what stands in a file: it may be a key.
    let no = |word, at: usize, why: &str| Rejected(word, files[at].clone(), why.into());
    let bad = |at, why: &str| no("malformed", at, why);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(found[0].as_bytes()).collect();
    let chain = chain.map_err(|_| bad(0, "its PEM is broken or cut"))?;
    for (one, at) in chain.iter().zip(1..) {
        let why = parse(one).map_or(Some("it does not parse"), |(_, it)| objection(&it));
        why.map_or(Ok(()), |why| {
            Err(bad(0, &format!("certificate {at}: {why}")))
        })?;
    }
    if chain.iter().map(|one| one.len() + 5).sum::<usize>() > LONGEST - 4 {
        return Err(no(
            "too_large",
            0,
            "clients take chains of 60 KiB, no bundles",
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(found[1].as_bytes());
    let key = key.map_err(|_| bad(1, "no private key in PEM without encryption"))?;
    let pair = CertifiedKey::from_der(chain, key, &provider).map_err(|why| match why {
        Error::NoCertificatesPresented => bad(0, "no certificate in PEM"),
        Error::InconsistentKeys(_) => no("pair_mismatch", 1, OTHER),
        Error::InvalidCertificate(_) => bad(0, "certificate 1: rustls does not parse it"),
        _ => bad(1, "a damaged key, or of a kind that rustls does not take"),
    })?;
    let roots = CertificateDer::pem_slice_iter(found[2].as_bytes()).flatten();
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(roots.filter(|root| issues(root) || *root == pair.cert[0]));
    let verifier = WebPkiServerVerifier::builder_with_provider(anchors.into(), provider).build();
    let verifier = verifier.map_err(|_| bad(2, "no root in PEM that clients take today"))?;
    let others = pair.cert[1..].iter().filter(|other| issues(other));
    let others: Vec<_> = others.cloned().collect();
    for name in names {
        let verdict =
            verifier.verify_server_cert(&pair.cert[0], &others, name, &[], UnixTime::now());
        verdict.map_err(|why| no(reason(&why), 0, &words(&why)))?;
    }
    Ok(pair)
}

/// Why clients with OpenSSL or Go do not parse it, needed or not. rustls reads little of it.
fn objection(one: &X509Certificate<'_>) -> Option<&'static str> {
    let algorithm = &one.public_key().algorithm;
    let curve = algorithm.parameters.as_ref().map(|it| it.as_oid());
    let id = curve
        .and_then(Result::ok)
        .unwrap_or(algorithm.algorithm.clone());
    match (one.raw_serial(), one.public_key().parsed()) {
        ([0x80..=0xff, ..] | [0, 0..=0x7f, ..], _) => {
            Some("its serial number is negative or padded")
        }
        // Clients of Go look at each RSA key, whether they need it or not.
        (_, Ok(PublicKey::RSA(key)))
            if key.modulus.iter().skip_while(|it| **it == 0).count() <= 1024 =>
        {
            None
        }
        _ if one.extensions_map().is_err() => Some("an extension is there twice"),
        _ if KEYS.split(' ').any(|known| known == id.to_id_string()) => None,
        _ => Some("RSA of over 8192 bits, or a key that some clients do not know"),
    }
}

/// Whether clients with OpenSSL or Go take it as an issuer. rustls does not look at most of a root.
fn issues(der: &CertificateDer<'_>) -> bool {
    parse(der).is_ok_and(|(_, it)| {
        let (usage, uses) = (it.key_usage(), it.extended_key_usage());
        let signs = usage.is_ok_and(|it| it.is_none_or(|it| it.value.key_cert_sign()));
        let serves = uses.is_ok_and(|it| it.is_none_or(|it| it.value.server_auth));
        let authority = it.is_ca() || it.version().0 == 0;
        signs && serves && authority && it.validity().is_valid() && objection(&it).is_none()
    })
}

/// rustls prints the bytes of an algorithm, and calls a signature bad whose key it does not use.
fn words(why: &Error) -> String {
    let said = why.to_string();
    if said.contains("UnsupportedSignatureAlgorithm") {
        return "clients do not verify the algorithm of a signature (SHA-1, say)".into();
    }
    let more = ", or by RSA below 2048 or above 8192 bits";
    said.replace(
        "BadSignature",
        &format!("BadSignature: by another key{more}"),
    )
}

fn reason(why: &Error) -> &'static str {
    let said = format!("{why:?}");
    let words = [
        ("NotValidYet", "not_yet_valid"),
        ("NotValidForName", "name_lost"),
        ("Expired", "expired"),
    ];
    let is = |name: &str| said.starts_with(&format!("InvalidCertificate({name}"));
    words
        .iter()
        .find(|(name, _)| is(name))
        .map_or("chain_broken", |(_, word)| word)
}
