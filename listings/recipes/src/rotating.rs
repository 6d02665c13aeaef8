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
use rustls::{CertificateError::BadEncoding, Error, RootCertStore, sign::CertifiedKey};
use x509_parser::parse_x509_certificate as parse;

const POLL: Duration = Duration::from_millis(500); // Events of the file system get lost.
const SETTLE: Duration = Duration::from_secs(10); // A leaf that lost its chain may be half a file.
const LARGEST: [u64; 3] = [80 << 10, 80 << 10, 1 << 20]; // Bytes. Clients take no longer chain.

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
    Rejected(Error),
}

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
            // A panic, of the hook for one, must not end the rotation.
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
        let mut last = (read(files), Instant::now());
        loop {
            let found = read(files);
            if found != last.0 {
                last = (found, Instant::now());
            }
            let (found, age, served) = (&last.0, last.1.elapsed(), self.0.load_full());
            let served = served.as_ref().map_or(&[][..], |pair| &pair.cert);
            let look = match found.clone().and_then(|found| judge(&found, names)) {
                Ok(next) if next.cert == served => Look::Unchanged,
                // Authorities do shorten chains. But a leaf alone may need roots that are intermediates.
                Ok(next) if next.cert.len() < served.len() && age < POLL / 2 => Look::Waiting,
                Ok(next) if next.cert.len() < served.len().min(2) && age < SETTLE => Look::Waiting,
                Ok(next) => Look::Loaded(Arc::new(next)),
                Err(_) if age < POLL / 2 => Look::Waiting,
                Err(error) => Look::Rejected(error),
            };
            if let Look::Loaded(next) = &look {
                self.0.store(Some(next.clone()));
                let _ = loaded.send(()); // Nothing waits after the first.
            }
            hook(&look);
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

fn read(files: &Files) -> Result<Vec<Vec<u8>>, Error> {
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_NONBLOCK); // A FIFO would wait for its writer.
    let one = |path: &PathBuf, limit| {
        let file = options.open(path)?;
        let (about, mut bytes) = (file.metadata()?, Vec::new());
        match about.is_file() && about.len() <= limit {
            true => file.take(limit).read_to_end(&mut bytes).map(|_| bytes),
            false => Err(io::Error::other("not a regular file, or too large")),
        }
    };
    let failed = |path: &PathBuf, why| Error::General(format!("{}: {why}", path.display()));
    let read = |(path, limit)| one(path, limit).map_err(|why| failed(path, why));
    files.iter().zip(LARGEST).map(read).collect()
}

/// Asks what clients ask: does the key fit, does the chain lead to a root, today, for each name?
fn judge(found: &[Vec<u8>], names: &Names) -> Result<CertifiedKey, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&found[0]).collect();
    // Clients with OpenSSL or Go parse each certificate, needed or not; Go no negative serial number.
    let parses =
        |one: &CertificateDer<'_>| parse(one).is_ok_and(|(_, it)| it.raw_serial() < &[0x80][..]);
    let key = PrivateKeyDer::from_pem_slice(&found[1]);
    let (Some(chain), Ok(key)) = (chain.ok().filter(|all| all.iter().all(parses)), key) else {
        return Err(Error::InvalidCertificate(BadEncoding)); // No word of what stands there.
    };
    let pair = CertifiedKey::from_der(chain, key, &provider)?;
    // rustls does not look at the dates of a root. Clients with OpenSSL or Go do.
    let in_force = |der: &[u8]| parse(der).is_ok_and(|(_, root)| root.validity().is_valid());
    let roots = CertificateDer::pem_slice_iter(&found[2]).flatten();
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(roots.filter(|root| in_force(root)));
    let verifier = WebPkiServerVerifier::builder_with_provider(anchors.into(), provider).build();
    let verifier = verifier.map_err(|why| Error::General(format!("the roots: {why}")))?;
    for name in names {
        verifier.verify_server_cert(&pair.cert[0], &pair.cert[1..], name, &[], UnixTime::now())?;
    }
    Ok(pair)
}
