//! Rotates the certificate of a rustls server. Copy this file. It needs `arc-swap`, `libc`, `notify`,
//! and `rustls` with `aws_lc_rs`. A thread looks at each change, and twice a second.
use arc_swap::ArcSwapOption;
use notify::{EventKind::Access, RecommendedWatcher, RecursiveMode::NonRecursive, Watcher};
use rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use rustls::{Error, RootCertStore, server, sign::CertifiedKey};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};
use std::{fs::File, io, io::Read, os::unix::fs::OpenOptionsExt, path::PathBuf, sync::Arc, thread};

const POLL: Duration = Duration::from_millis(500); // Events of the file system get lost.
const SETTLE: Duration = Duration::from_secs(10); // A leaf that lost its chain may be half a file.
/// The files of the chain (leaf first), its key, and the roots that clients trust.
pub type Files = [PathBuf; 3];
/// The names that clients ask for, and what else is asked.
pub type Asked = (Vec<ServerName<'static>>, Check);
/// By which of these clients accept others, or why not: `clients::check`, or `|all| Ok(all.to_vec())`.
pub type Check = fn(&[CertificateDer<'static>]) -> Result<Vec<CertificateDer<'static>>, String>;
/// Called after each look, for the log and for metrics. It must not wait: the rotation waits for it.
pub type Hook = Box<dyn Fn(&Look) + Send>;
/// What a look came to. What is not valid, or less than what is served, may not be finished: it waits.
#[allow(missing_docs)] // The names say it.
pub enum Look {
    Loaded(Arc<CertifiedKey>),
    Unchanged,
    Waiting,
    Rejected(Error),
}

/// The pair that is served. Give it to `ServerConfig::builder()` as its `cert_resolver`.
#[derive(Debug, Default)]
pub struct Rotating(ArcSwapOption<CertifiedKey>);

impl server::ResolvesServerCert for Rotating {
    fn resolve(&self, _: server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full() // One atomic load: no file, no lock.
    }
}

impl Rotating {
    /// Follows the files for the life of the process. Returns once a first pair is valid.
    pub fn start(files: Files, asked: Asked, hook: Hook) -> Arc<Self> {
        let (this, (loaded, first)) = (Arc::new(Self::default()), channel());
        let store = this.clone();
        let follow = move || store.follow(&files, &asked, &hook, &loaded);
        thread::spawn(move || {
            while catch_unwind(AssertUnwindSafe(&follow)).is_err() {
                thread::sleep(POLL); // A panic, of a parser for one, does not end the rotation.
            }
        });
        first.recv().expect("the thread does not end");
        this
    }

    fn follow(&self, files: &Files, asked: &Asked, hook: &Hook, loaded: &Sender<()>) {
        let (hint, hints) = sync_channel(1);
        let _watch = watch(files, hint.clone()); // Before the first look. Without it the poll is alone.
        let (mut last, mut heard, mut roots) = ((read(files), Instant::now()), true, String::new());
        loop {
            let found = read(files);
            if found != last.0 {
                (last, heard) = ((found, Instant::now()), true);
            }
            let (found, age, served) = (&last.0, last.1.elapsed(), self.0.load_full());
            let served = served.as_ref().map_or(&[][..], |pair| &pair.cert);
            let mut judged = found.clone().and_then(|found| judge(&found, asked));
            if matches!(&judged, Err(why) if why.to_string().contains("the roots: "))
                && let Ok(pair) = read(&files[..2])
                && let Ok(next) = judge(&[&pair[..], &[roots.clone()]].concat(), asked)
                && next.cert != served
            {
                judged = Ok(next); // No neighbour holds a leaf up. What is wrong is told after it.
            } else if let (Ok(_), Ok(found)) = (&judged, found) {
                roots = found[2].clone();
            }
            let look = match judged {
                Ok(next) if next.cert == served => Look::Unchanged,
                Ok(next) if next.cert.len() < served.len() && age < POLL / 2 => Look::Waiting,
                Ok(next) if next.cert.len() < served.len().min(2) && age < SETTLE => Look::Waiting,
                Ok(next) => Look::Loaded(Arc::new(next)),
                Err(_) if age < POLL / 2 => Look::Waiting,
                Err(why) => Look::Rejected(why),
            };
            if let Look::Loaded(next) = &look {
                self.0.store(Some(next.clone()));
                let _ = loaded.send(()); // Nothing waits after the first.
            }
            let call = heard || matches!(look, Look::Loaded(_)); // After a panic only where there is news.
            heard = call && catch_unwind(AssertUnwindSafe(|| hook(&look))).is_ok();
            let _ = hints.recv_timeout(POLL);
        }
    }
}

/// Sends a hint at each change in the directories: a watch on a file ends at its first rename.
fn watch(files: &Files, hint: SyncSender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if !event.is_ok_and(|event| matches!(event.kind, Access(_))) {
            let _ = hint.try_send(()); // But for our own reading. Where it is full, a look is due.
        }
    })?;
    for file in files {
        watcher.watch(file.parent().unwrap_or(file), NonRecursive)?;
    }
    Ok(watcher)
}

/// What the files hold: text, as Unix writes it.
pub fn read(files: &[PathBuf]) -> Result<Vec<String>, Error> {
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NONBLOCK); // A FIFO would wait for its writer.
    let one = |path: &PathBuf| {
        let (file, mut bytes) = (options.open(path)?, Vec::new());
        match file.metadata()? {
            about if !about.is_file() => return Err(io::Error::other("not a regular file")),
            about if about.len() > 1 << 20 => return Err(io::Error::other("larger than 1 MiB")),
            _ => file.take(1 << 20).read_to_end(&mut bytes)?,
        };
        Ok(String::from_utf8_lossy(&bytes).replace(['\u{feff}', '\r', '\t'], "\n"))
    };
    let names = ["the chain", "the key", "the roots"];
    let named = |at: usize| format!("{}: {}", names[at], files[at].display());
    let read = |at| one(&files[at]).map_err(|why| Error::General(format!("{}: {why}", named(at))));
    (0..files.len()).map(read).collect()
}

/// Asks what clients ask: does the key fit, does the chain lead to a root, today, for each name?
pub fn judge(found: &[String], (names, check): &Asked) -> Result<CertifiedKey, Error> {
    let no = |why: &str| Error::General(why.into()); // No word of what stands there: it may be a key.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(found[0].as_bytes()).collect();
    let chain = chain.map_err(|_| no("the chain: its PEM is broken or cut"))?;
    let issuers = check(&chain).map_err(|why| no(&format!("the chain: {why}")))?;
    let key = PrivateKeyDer::from_pem_slice(found[1].as_bytes());
    let key = key.map_err(|_| no("the key: it is no PEM without encryption"))?;
    let pair = CertifiedKey::from_der(chain, key, &provider)?;
    let issues = |one: &_| check(std::slice::from_ref(one)).is_ok_and(|one| !one.is_empty());
    let roots = CertificateDer::pem_slice_iter(found[2].as_bytes()).flatten();
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(roots.filter(|root| issues(root) || *root == pair.cert[0]));
    let verifier = WebPkiServerVerifier::builder_with_provider(anchors.into(), provider).build();
    let verifier = verifier.map_err(|_| no("the roots: clients take none of them today"))?;
    for name in names {
        verifier.verify_server_cert(&pair.cert[0], &issuers, name, &[], UnixTime::now())?;
    }
    let signer = pair.key.choose_scheme(&verifier.supported_verify_schemes());
    signer.map(|it| it.sign(b"")).transpose().map(|_| pair) // Not each key that parses signs.
}
