//! A reader that no writer can trick.
//!
//! The reader of chapter 2 opens each file by its path, reads it once, and validates what it got.
//! [`Reader`] puts three questions before that. Is it a file, of a sane size, in one directory that
//! stays the same while I read ([`pinned`])? Do two reads agree? Is each PEM block whole ([`pem`])?
//! And three after it: is a writer still at work ([`rest`])? Is this less than what I serve, and has
//! it been so for a while? Which names are lost ([`names`])? From here on every chapter reads so.
//!
//! [`explorer`] is the other half of the chapter: it runs this reader against every [`writer`], at
//! every point where the two could meet. [`start`] and [`mounted`] are for the moment of the start.
//!
//! # Examples
//! A writer that is in the middle of a file is found out:
//!
//! ```
//! use ch02_hot_reload::identity::{Reason, Source};
//! use ch05_race_conditions::{Options, Reader};
//! use lab::agent::{Agent, Strategy};
//!
//! let directory = lab::directory()?;
//! let agent = Agent::started(directory.path(), Strategy::RenameEach)?;
//! let source = Source::localhost(agent.files());
//! let reader = Reader::new(Options::default());
//! let served = reader.read(&source, None)?;
//!
//! let chain = std::fs::read_to_string(&source.files.certificate)?;
//! std::fs::write(&source.files.certificate, &chain[..chain.len() / 4])?;
//! let rejected = reader.read(&source, Some(&served)).unwrap_err();
//! assert_eq!(rejected.reason, Reason::Truncated);
//! # Ok::<_, std::io::Error>(())
//! ```

pub mod access;
mod algorithms;
mod ended;
pub mod explorer;
pub mod exposure;
mod key;
mod kinds;
pub mod mounted;
pub mod names;
mod parsed;
mod path;
pub mod pem;
pub mod pinned;
pub mod rest;
mod settle;
mod shorter;
pub mod start;
mod tell;
mod trust;
pub mod writer;

pub use tell::Beside;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ch02_hot_reload::identity::{
    Contents, Identity, Peers, Reason, Rejected, Source, reject, validate_by,
};
use ch02_hot_reload::{Loader, ReadFn};
use lab::agent::Files;
use parking_lot::Mutex;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

pub use ended::Ended;
pub use exposure::ExposedKey;
pub use settle::loses_anchor;

use pinned::Seen;
use shorter::Shorter;
use trust::Trust;

/// What is asked of the files beyond what a peer would ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long a set of trust anchors that shrank, or a chain that lost what clients need, must stay
    /// as it is before it is believed. Longer than any writer pauses within one file; shorter than you are willing to
    /// wait for a removed anchor to be gone.
    pub settle: Duration,
    /// How long files that are not valid must stay as they are before that is said: a writer may be
    /// between two steps. [`Duration::ZERO`] asks for no patience.
    pub rest: Duration,
    /// What to do about a key that other users can read.
    pub exposed_key: ExposedKey,
    /// What to do about a certificate that lacks a name of the one before.
    pub lost_names: LostNames,
    /// Whether keys and signatures of ML-DSA are served. Clients of OpenSSL before 3.5 verify neither.
    pub ml_dsa: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(10),
            rest: Duration::from_millis(250),
            exposed_key: ExposedKey::Warn,
            lost_names: LostNames::Warn,
            ml_dsa: false,
        }
    }
}

/// A name that is gone may have been retired, or forgotten in a renewal. The reader cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostNames {
    /// Serve, and log `names_lost`.
    Warn,
    /// Reject, with the reason `name_lost`.
    Refuse,
}

/// Looks at the files until two looks in a row agree, this often at the most.
pub const LOOKS: usize = 5;

type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;
type Pause = Box<dyn Fn(Duration) + Send + Sync>;

/// Reads so that no state a writer can leave the files in is taken for a complete one.
pub struct Reader {
    options: Options,
    peers: Peers,
    dates: Arc<dyn TimeProvider>,
    now: Clock,
    pause: Pause,
    remembered: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    /// A set that is less than what is served, and since when it has been seen at each read.
    shrunk: Option<([u8; 32], Instant)>,
    /// The names of the identity before that the newest one lacks.
    lost: Vec<String>,
    /// A set that was not valid, and rested: its fingerprint.
    rested: Option<u64>,
    /// The files that expose a key, and their modes, as they were last complained of.
    exposed: Vec<(PathBuf, u32)>,
    /// What was last said of the files of trust anchors.
    trust: Vec<Rejected>,
    /// The trust anchors that had expired at the last read.
    ended: Vec<Ended>,
}

/// What is to be served, and what is to be said of it.
struct Judged {
    identity: Identity,
    /// Why trust anchors are not those of their file.
    trust: Vec<Rejected>,
    ended: Vec<Ended>,
    lost: Vec<String>,
    shorter: Shorter,
}

// ANCHOR: read
impl Reader {
    /// Reads and validates. `between` is called with a name wherever a writer could come between two
    /// steps of the reader; the explorer lets one in there.
    ///
    /// # Errors
    /// The first thing that is wrong. The caller goes on with what it has.
    pub fn read_stepwise(
        &self,
        source: &Source,
        serving: Option<&Identity>,
        between: &mut dyn FnMut(&str),
    ) -> Result<Identity, Rejected> {
        // What shrank is believed only if each read in all that time has found it so.
        let shrunk = self.remembered.lock().shrunk.take();
        let (seen, judged) = self.rested(source, between, &mut |seen| {
            let seen = seen.as_ref().map_err(Clone::clone)?;
            let judged = self.judge(source, seen, serving)?;
            self.settled(source, &judged, serving, shrunk)?;
            Ok(judged)
        });
        self.tell(source, serving, &seen, judged)
    }
    // ANCHOR_END: read

    // ANCHOR: judge
    /// The set that was seen: whole, and valid for peers.
    fn judge(
        &self,
        source: &Source,
        seen: &Seen,
        serving: Option<&Identity>,
    ) -> Result<Judged, Rejected> {
        let files = &source.files;
        let exposed = exposure::exposed(seen, source, &exposure::own_groups());
        exposure::refuse(self.options.exposed_key, &exposed)?;

        let contents = Contents {
            certificate: pem::without_marks(&seen.certificate.bytes).into_owned(),
            key: pem::without_marks(&seen.key.bytes).into_owned(),
            roots: Vec::new(),
        };
        pem::whole(&contents.certificate, &files.certificate)?;
        pem::whole(&contents.key, &files.key)?;
        let Trust {
            anchors,
            peers,
            faults,
        } = trust::read(source, seen, serving)?;
        let now = self.dates.current_time();
        // A clock that cannot be read is taken for 1970: nothing is valid then.
        let now = now.unwrap_or(UnixTime::since_unix_epoch(Duration::ZERO));
        let identity = validate_by(anchors.clone(), source, &contents, self.peers, now).map_err(
            |rejected| {
                let rejected = path::explain(rejected, source, &contents, &anchors, now);
                key::explain(rejected, source, &contents)
            },
        )?;
        if !self.options.ml_dsa {
            algorithms::taken_by_all(source, &identity)?;
        }
        parsed::by_all(source, &identity.certified.cert)?;
        ended::leads_to_one_in_force(source, &identity, self.peers, now)?;
        path::taken_by_all(source, &identity, self.peers, now)?;
        let identity = match peers {
            Some(peers) => identity.with_peer_anchors(peers),
            None => identity,
        };
        let lost = self.names_lost(source, serving, &identity)?;
        Ok(Judged {
            ended: ended::ended(source, &identity, now),
            shorter: shorter::compare(source, &identity, serving, self.peers, now),
            identity,
            trust: faults,
            lost,
        })
    }
    // ANCHOR_END: judge
}

/// The trust anchors in the file as it is now, read once and with the same care.
///
/// # Errors
/// When the file is no file, is not whole, or holds no anchor.
pub fn anchors(source: &Source) -> Result<Vec<CertificateDer<'static>>, Rejected> {
    let path = &source.files.roots;
    let alone = Files {
        certificate: path.clone(),
        key: path.clone(),
        roots: path.clone(),
    };
    let seen = pinned::look(&alone, None, &mut |_| ())?;
    trust::anchors(path, &seen.roots)
}

// ANCHOR: stable
/// Looks until two looks in a row agree, be it on contents or on an error.
fn stable(source: &Source, between: &mut dyn FnMut(&str)) -> Result<Seen, Rejected> {
    let mut look = || pinned::look(&source.files, source.peer_roots.as_deref(), between);
    let mut before = look();
    for _ in 1..LOOKS {
        let again = look();
        // The bytes themselves are compared: a hash could not say more.
        if again == before {
            return again;
        }
        before = again;
    }
    let detail = format!("the files were different at each of {LOOKS} looks");
    Err(reject(Reason::Torn, &source.files.certificate, &detail))
}
// ANCHOR_END: stable

impl Reader {
    /// A reader by the system's clock.
    pub fn new(options: Options) -> Self {
        Self::with_clock(options, Arc::new(Instant::now))
    }

    /// A reader by another clock, which must not go back. Only what shrank is timed.
    pub fn with_clock(options: Options, now: Clock) -> Self {
        Self {
            options,
            peers: Peers::Clients,
            dates: Arc::new(DefaultTimeProvider),
            now,
            pause: Box::new(thread::sleep),
            remembered: Mutex::default(),
        }
    }

    /// The same, for an identity that is shown to these peers.
    pub fn for_peers(self, peers: Peers) -> Self {
        Self { peers, ..self }
    }

    /// The same, with the dates of certificates compared with another clock.
    pub fn by_date(self, dates: Arc<dyn TimeProvider>) -> Self {
        Self { dates, ..self }
    }

    /// The same, with another way to let so much time pass while the files come to rest.
    pub fn pausing(self, pause: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        let pause = Box::new(pause);
        Self { pause, ..self }
    }

    /// The set that was refused at the last read because it is less than what is served, if any.
    /// It is all that this reader carries from one read to the next, complaints aside.
    pub fn doubts(&self) -> Option<[u8; 32]> {
        self.remembered.lock().shrunk.map(|(set, _)| set)
    }

    /// Reads and validates.
    ///
    /// # Errors
    /// As [`Reader::read_stepwise`].
    pub fn read(&self, source: &Source, serving: Option<&Identity>) -> Result<Identity, Rejected> {
        self.read_stepwise(source, serving, &mut |_| ())
    }

    /// What a [`Loader`] of any chapter reads by.
    pub fn read_fn(self) -> Box<ReadFn> {
        Box::new(move |source, serving| self.read(source, serving))
    }

    /// Chapter 2's generations, read by this reader.
    pub fn loader(self) -> Loader {
        Loader {
            read: self.read_fn(),
            ..Loader::default()
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({:?})", self.options)
    }
}
