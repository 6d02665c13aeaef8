//! Every writer against every reader, at every point where the two can meet.
//!
//! The files are real, and so is the reader; only the writer is taken apart into steps. A state is
//! one meeting: so much has been written when the reader begins, so much more when the reader is
//! at this step. In each state the reader is asked what to serve.

mod found;
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ch02_hot_reload::identity::{self, Identity, Peers, Rejected, Source};
use ch02_hot_reload::{IdentityStore, Reload};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;
use tracing::subscriber::{NoSubscriber, with_default};

use crate::writer::{Grain, Set, Step, Writer};
use crate::{ExposedKey, Options, Reader};

pub use found::{Found, Served, Stretch, Subject};
pub use world::World;

/// One writer and one reader, in a directory of their own.
pub struct Arena<'a> {
    writer: Writer,
    subject: Subject,
    world: &'a World,
    directory: TempDir,
    source: Source,
    old: Certificates,
    new: Certificates,
    /// Milliseconds that have passed for the reader.
    clock: Arc<AtomicU64>,
}

/// Explores every pair of a writer and a reader, as many at a time as there are processors, and
/// returns what was found in the order of [`Writer::all`].
///
/// # Errors
/// The first that an [`Arena`] had.
pub fn explore(world: &World) -> io::Result<Vec<(Writer, Subject, Found)>> {
    let writers = Writer::all().into_iter();
    let pairs = writers.flat_map(|writer| Subject::ALL.map(|subject| (writer, subject)));
    let pairs: Vec<_> = pairs.collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(writer, subject)) = pairs.get(at) else {
                return Ok::<_, io::Error>(done);
            };
            let arena = Arena::new(writer, subject, world)?;
            // Thousands of generations are no news.
            let found = with_default(NoSubscriber::default(), || {
                Ok::<_, io::Error>(arena.after_each_step()?.and(arena.between_reads()?))
            })?;
            done.push((at, (writer, subject, found)));
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut found = thread::scope(|scope| {
        let working: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut found = Vec::new();
        for worker in working {
            found.extend(
                worker
                    .join()
                    .map_err(|_| io::Error::other("a worker panicked"))??,
            );
        }
        Ok::<_, io::Error>(found)
    })?;
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

/// How far the clock moves for what shrank to be believed.
const SETTLE: Duration = Duration::from_secs(10);

impl<'a> Arena<'a> {
    /// An empty one. It lies in memory where that can be had.
    ///
    /// # Errors
    /// When there is no temporary directory.
    pub fn new(writer: Writer, subject: Subject, world: &'a World) -> io::Result<Self> {
        let memory = tempfile::tempdir_in("/dev/shm");
        let directory = memory.or_else(|_| lab::directory())?;
        let source = Source::localhost(writer.files(directory.path()));
        Ok(Self {
            writer,
            subject,
            world,
            directory,
            source,
            old: Certificates::of(&world.old)?,
            new: Certificates::of(world.new_for(writer))?,
            clock: Arc::default(),
        })
    }

    // ANCHOR: prefixes
    /// One server that looks after every step of the writer, bytes counted as steps.
    ///
    /// # Errors
    /// When the directory cannot be written, or the old set is not accepted.
    pub fn after_each_step(&self) -> io::Result<Found> {
        let mut found = Found::default();
        self.lay()?;
        let store = self.start()?;
        for step in self.steps(Grain::Bytes) {
            step.apply(self.path())?;
            let refused = match store.reload() {
                Reload::Rejected(rejected) => Some(rejected),
                Reload::Loaded(_) | Reload::Unchanged => None,
            };
            let served = self.exposed(self.classify(&store.current().identity))?;
            found.note(&step, served, refused.as_ref());
        }
        // The writer is done. What it left must be served once time has passed.
        self.pass_time();
        store.reload();
        found.stuck += usize::from(self.classify(&store.current().identity) != Served::New);
        Ok(found)
    }
    // ANCHOR_END: prefixes

    // ANCHOR: interruptions
    /// The reader stands still at one of its own steps, and the writer goes on meanwhile: from
    /// every state of the writer to every later one, at every step of the reader.
    ///
    /// # Errors
    /// When the directory cannot be written, or the old set is not accepted.
    pub fn between_reads(&self) -> io::Result<Found> {
        let mut found = Found::default();
        let mut ended = BTreeSet::new();
        let steps = self.steps(Grain::Blocks);
        self.lay()?;
        let (old, pauses) = self.read(&self.reader(), None, &mut |_| Ok(()))?;
        let old = old?;
        for from in 0..=steps.len() {
            for pause in 1..=pauses {
                for to in from + 1..=steps.len() {
                    let reader = self.reader();
                    let read = self.meet(&reader, &old, (&steps, from, to), pause)?;
                    let serving = read.as_ref().unwrap_or(&old);
                    found.count(self.classify(serving), read.as_ref().err());
                    // The writer is done now. How this goes on hangs on what is served and on what
                    // the reader remembers, and on nothing else: each such end is played once.
                    if ended.insert((serving.set_sha256, reader.doubts())) {
                        found.stuck += usize::from(!self.ends_well(&reader, serving)?);
                    }
                }
            }
        }
        Ok(found)
    }

    /// The reader begins when `from` steps are done; at its own step `pause` the writer goes on to
    /// `to`, and when the reader has finished, to the end.
    fn meet(
        &self,
        reader: &Reader,
        old: &Identity,
        (steps, from, to): (&[Step], usize, usize),
        pause: usize,
    ) -> io::Result<Result<Identity, Rejected>> {
        self.lay()?;
        self.write(&steps[..from])?;
        let mut written = from;
        let (read, _) = self.read(reader, Some(old), &mut |at| {
            if at == pause {
                written = to;
                self.write(&steps[from..to])?;
            }
            Ok(())
        })?;
        self.write(&steps[written..])?;
        Ok(read)
    }
    // ANCHOR_END: interruptions

    /// Looks once more, and again when time has passed: is the new set served?
    fn ends_well(&self, reader: &Reader, serving: &Identity) -> io::Result<bool> {
        let next = self.read(reader, Some(serving), &mut |_| Ok(()))?.0;
        let serving = next.as_ref().unwrap_or(serving);
        self.pass_time();
        let last = self.read(reader, Some(serving), &mut |_| Ok(()))?.0;
        Ok(self.classify(last.as_ref().unwrap_or(serving)) == Served::New)
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn steps(&self, grain: Grain) -> Vec<Step> {
        self.writer.plan(self.world.new_for(self.writer), grain)
    }

    fn write(&self, steps: &[Step]) -> io::Result<()> {
        steps.iter().try_for_each(|step| step.apply(self.path()))
    }

    /// The directory as it is before the rotation, whatever it held.
    fn lay(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.path())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        self.write(&self.writer.lay(&self.world.old))
    }

    fn reader(&self) -> Reader {
        let options = Options {
            settle: SETTLE,
            // Each state is looked at as it is: whoever waits sees fewer.
            rest: Duration::ZERO,
            exposed_key: ExposedKey::Refuse,
            ..Options::default()
        };
        let (clock, began) = (self.clock.clone(), Instant::now());
        let now = move || began + Duration::from_millis(clock.load(Ordering::Relaxed));
        Reader::with_clock(options, Arc::new(now))
    }

    fn pass_time(&self) {
        let settle = SETTLE.as_millis() as u64;
        self.clock.fetch_add(settle, Ordering::Relaxed);
    }

    fn start(&self) -> io::Result<Arc<IdentityStore>> {
        let source = self.source.clone();
        Ok(match self.subject {
            Subject::ByPath => IdentityStore::start(source)?,
            Subject::Ours => IdentityStore::start_by(self.reader().loader(), source)?,
        })
    }

    /// Reads, calls `pause` with its number at each step of the reader, and counts them.
    fn read(
        &self,
        ours: &Reader,
        serving: Option<&Identity>,
        pause: &mut dyn FnMut(usize) -> io::Result<()>,
    ) -> io::Result<(Result<Identity, Rejected>, usize)> {
        let (mut pauses, mut failed) = (0, Ok(()));
        let mut between = |_: &str| {
            pauses += 1;
            if failed.is_ok() {
                failed = pause(pauses);
            }
        };
        let read = match self.subject {
            Subject::ByPath => identity::contents(&self.source, between).and_then(|contents| {
                identity::validate(&self.source, &contents, Peers::Clients, UnixTime::now())
            }),
            Subject::Ours => ours.read_stepwise(&self.source, serving, &mut between),
        };
        failed?;
        Ok((read, pauses))
    }

    fn classify(&self, identity: &Identity) -> Served {
        let (old, new) = (&self.old, &self.new);
        let is = Certificates {
            chain: identity.certified.cert.clone(),
            anchors: identity.anchors.clone(),
        };
        match identity.certified.keys_match() {
            Err(_) => Served::Mixed,
            Ok(()) if is == *new => Served::New,
            Ok(()) if is == *old => Served::Old,
            Ok(()) if is.is_part_of(new) || is.is_part_of(old) => Served::Cut,
            Ok(()) => Served::Mixed,
        }
    }

    fn exposed(&self, served: Served) -> io::Result<Served> {
        if served != Served::New {
            return Ok(served);
        }
        let mode = fs::metadata(&self.source.files.key)?.permissions().mode();
        Ok(if mode & 0o077 == 0 {
            Served::New
        } else {
            Served::Exposed
        })
    }
}

#[derive(PartialEq, Eq)]
struct Certificates {
    chain: Vec<CertificateDer<'static>>,
    anchors: Vec<CertificateDer<'static>>,
}

impl Certificates {
    fn of(set: &Set) -> Result<Self, lab::Error> {
        let all =
            |text: &str| CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<_, _>>();
        Ok(Self {
            chain: all(&set.chain)?,
            anchors: all(&set.roots)?,
        })
    }

    fn is_part_of(&self, whole: &Self) -> bool {
        whole.chain.starts_with(&self.chain) && whole.anchors.starts_with(&self.anchors)
    }
}
