//! Every writer against every reader, at every point where the two can meet.
//!
//! The files are real, and so is the reader; only the writer is taken apart into steps. A state is
//! one meeting: so much has been written when the reader begins, so much more when the reader is
//! at this step. In each state the reader is asked what to serve.

use std::collections::{BTreeMap, BTreeSet};
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
use lab::authority::{Authority, KeyKind, LeafRequest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;
use tracing::subscriber::{NoSubscriber, with_default};

use crate::writer::{Grain, Set, Step, Writer};
use crate::{ExposedKey, Options, Reader};

/// The sizes of the files, in bytes, so that a run has as many states as the next. Certificates
/// vary by a few bytes, as ECDSA signatures do; a comment before the first makes up for it.
const CHAIN: usize = 2_048;
const ROOTS: usize = 1_280;

/// The two sets that a rotation is between, made once for all explorations: to make certificates
/// takes longer than to read them.
pub struct World {
    old: Set,
    /// A new leaf and key.
    renewed: Set,
    /// The old leaf and key, with another last certificate in the chain.
    rechained: Set,
    /// The old identity, with the second of two trust anchors replaced.
    retrusted: Set,
}

impl World {
    /// A chain of three: leaf, intermediate, and a certificate that some peers need and ours does
    /// not, as a cross-signed root is. So a chain that lost its last certificate still validates.
    ///
    /// # Errors
    /// When no certificates can be made.
    pub fn new() -> io::Result<Self> {
        // With signatures of one length, so that each run has the same states.
        let authority = || Authority::signing_with(KeyKind::Ed25519).map_err(io::Error::other);
        let (mut authority, other, third) = (authority()?, authority()?, authority()?);
        let roots = |second: &Authority| [authority.root_pem(), second.root_pem()].concat();
        let (roots, other_roots) = (roots(&other), roots(&third));
        let mut set = |last: &Authority, roots: &str| {
            let issued = authority.issue(&LeafRequest::new("localhost"));
            let issued = issued.map_err(io::Error::other)?;
            Ok::<_, io::Error>(Set {
                chain: padded(&[&issued.chain_pem, last.root_pem()].concat(), CHAIN),
                key: issued.key.expose().to_owned(),
                roots: padded(roots, ROOTS),
            })
        };
        let (old, renewed) = (set(&other, &roots)?, set(&other, &roots)?);
        let chain = old.chain.trim_start_matches(['#', '.', ' ', '\n']);
        let chain = chain.replace(other.root_pem(), third.root_pem());
        let rechained = Set {
            chain: padded(&chain, CHAIN),
            ..old.clone()
        };
        let retrusted = Set {
            roots: padded(&other_roots, ROOTS),
            ..old.clone()
        };
        Ok(Self {
            old,
            renewed,
            rechained,
            retrusted,
        })
    }

    /// What every writer finds.
    pub fn old(&self) -> &Set {
        &self.old
    }

    /// What this writer is to write.
    pub fn new_for(&self, writer: Writer) -> &Set {
        match writer {
            Writer::Agent(_) | Writer::Script => &self.renewed,
            Writer::ChainInPlace => &self.rechained,
            Writer::TrustInPlace => &self.retrusted,
        }
    }
}

fn padded(text: &str, size: usize) -> String {
    let dots = size.saturating_sub(text.len() + 3);
    format!("# {}\n{text}", ".".repeat(dots))
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Chapter 2's: each file by its path, once.
    ByPath,
    /// This chapter's [`Reader`].
    Ours,
}

impl Subject {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ByPath, Self::Ours];

    /// The name that stands in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::ByPath => "by_path",
            Self::Ours => "ours",
        }
    }
}

/// What is served after a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Served {
    /// The set from before, whole.
    Old,
    /// The set of the writer, whole.
    New,
    /// A part: certificates or trust anchors are missing that are in both sets, or in the new.
    Cut,
    /// Parts of both, or a key that fits another certificate.
    Mixed,
    /// The new set, while others could read its key.
    Exposed,
}

impl Served {
    /// The name that stands in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Cut => "cut",
            Self::Mixed => "mixed",
            Self::Exposed => "exposed",
        }
    }

    /// Whether it must never be served.
    pub fn is_wrong(self) -> bool {
        !matches!(self, Self::Old | Self::New)
    }
}

/// States in a row that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// How many states.
    pub states: usize,
    /// What the writer has just done.
    pub step: String,
    /// What is served.
    pub served: Served,
    /// Why the files were not accepted, where they were not.
    pub refused: Option<&'static str>,
}

/// What an exploration found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// States that were visited.
    pub states: usize,
    /// States after which each is served.
    pub served: BTreeMap<Served, usize>,
    /// States in which the files were not accepted.
    pub refused: usize,
    /// Runs at whose end, the writer done and time passed, the new set was not served.
    pub stuck: usize,
    /// All states in order, where they have one.
    pub stretches: Vec<Stretch>,
}

impl Found {
    /// States after which something was served that must never be.
    pub fn wrong(&self) -> usize {
        let wrong = self.served.iter().filter(|(served, _)| served.is_wrong());
        wrong.map(|(_, states)| states).sum()
    }

    /// Both in one.
    pub fn and(mut self, other: Self) -> Self {
        self.states += other.states;
        for (served, states) in other.served {
            *self.served.entry(served).or_default() += states;
        }
        self.refused += other.refused;
        self.stuck += other.stuck;
        self.stretches.extend(other.stretches);
        self
    }

    fn count(&mut self, served: Served, refused: Option<&Rejected>) {
        self.states += 1;
        *self.served.entry(served).or_default() += 1;
        self.refused += usize::from(refused.is_some());
    }

    fn note(&mut self, step: &Step, served: Served, refused: Option<&Rejected>) {
        self.count(served, refused);
        let stretch = Stretch {
            states: 1,
            step: step.words(),
            served,
            refused: refused.map(|rejected| rejected.reason.name()),
        };
        match self.stretches.last_mut() {
            Some(last)
                if (Stretch {
                    states: 1,
                    ..last.clone()
                }) == stretch =>
            {
                last.states += 1
            }
            _ => self.stretches.push(stretch),
        }
    }
}

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
        let source = Source {
            files: writer.files(directory.path()),
            name: "localhost".try_into().map_err(io::Error::other)?,
        };
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
        let old = old.map_err(io::Error::other)?;
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
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        self.write(&self.writer.lay(&self.world.old))
    }

    fn reader(&self) -> Reader {
        let options = Options {
            settle: SETTLE,
            exposed_key: ExposedKey::Refuse,
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
        let started = match self.subject {
            Subject::ByPath => IdentityStore::start(source),
            Subject::Ours => IdentityStore::start_by(self.reader().loader(), source),
        };
        started.map_err(io::Error::other)
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
        Ok(match mode & 0o077 {
            0 => Served::New,
            _ => Served::Exposed,
        })
    }
}

#[derive(PartialEq, Eq)]
struct Certificates {
    chain: Vec<CertificateDer<'static>>,
    anchors: Vec<CertificateDer<'static>>,
}

impl Certificates {
    fn of(set: &Set) -> io::Result<Self> {
        let all = |text: &str| {
            let all = CertificateDer::pem_slice_iter(text.as_bytes());
            all.collect::<Result<_, _>>().map_err(io::Error::other)
        };
        Ok(Self {
            chain: all(&set.chain)?,
            anchors: all(&set.roots)?,
        })
    }

    fn is_part_of(&self, whole: &Self) -> bool {
        whole.chain.starts_with(&self.chain) && whole.anchors.starts_with(&self.anchors)
    }
}
