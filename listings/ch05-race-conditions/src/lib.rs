//! A reader that no writer can trick.
//!
//! The reader of chapter 2 opens each file by its path, reads it once, and validates what it got.
//! [`Reader`] puts three questions before that. Is it a file, of a sane size, in one directory that
//! stays the same while I read ([`pinned`])? Do two reads agree? Is each PEM block whole ([`pem`])?
//! And one after it: is this less than what I serve, and has it been so for a while?
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

pub mod explorer;
pub mod mounted;
pub mod pem;
pub mod pinned;
pub mod start;
pub mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ch02_hot_reload::Loader;
use ch02_hot_reload::identity::{Identity, Peers, Reason, Rejected, Source, reject, validate};
use parking_lot::Mutex;
use rustls::pki_types::UnixTime;

use pinned::Seen;

/// What is asked of the files beyond what a peer would ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long a chain or a set of trust anchors that shrank must stay as it is before it is
    /// believed. Longer than any writer pauses within one file; shorter than you are willing to
    /// wait for a removed anchor to be gone.
    pub settle: Duration,
    /// What to do about a key that other users can read.
    pub exposed_key: ExposedKey,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(10),
            exposed_key: ExposedKey::Warn,
        }
    }
}

/// A key that other users can read has leaked to them already: not to serve it harms only the
/// clients. So the default is to say it, loudly, and to serve. A kubelet mounts secrets with mode
/// 0644 unless told otherwise (`defaultMode`), so refusing is a choice for hosts that you set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExposedKey {
    /// Serve, and log `key_exposed`.
    Warn,
    /// Reject, with the reason `insecure_mode`.
    Refuse,
}

/// Looks at the files until two looks in a row agree, this often at the most.
pub const LOOKS: usize = 5;

type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Reads so that no state a writer can leave the files in is taken for a complete one.
pub struct Reader {
    options: Options,
    now: Clock,
    remembered: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    /// A set that is less than what is served, and since when it has been seen at each read.
    shrunk: Option<([u8; 32], Instant)>,
    /// The mode of the key file that was last complained of.
    complained: Option<u32>,
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

        let seen = stable(source, between)?;
        self.key_mode(source, &seen)?;

        let (files, contents) = (&source.files, &seen.contents);
        pem::whole(&contents.certificate, &files.certificate)?;
        pem::whole(&contents.key, &files.key)?;
        pem::whole(&contents.roots, &files.roots)?;
        let identity = validate(source, contents, Peers::Clients, UnixTime::now())?;

        self.settled(source, &identity, serving, shrunk)?;
        Ok(identity)
    }
}

/// Looks until two looks in a row agree, be it on contents or on an error.
fn stable(source: &Source, between: &mut dyn FnMut(&str)) -> Result<Seen, Rejected> {
    let mut before = pinned::look(&source.files, between);
    for _ in 1..LOOKS {
        let again = pinned::look(&source.files, between);
        // The bytes themselves are compared: a hash could not say more.
        if again == before {
            return again;
        }
        before = again;
    }
    let detail = format!("the files were different at each of {LOOKS} looks");
    Err(reject(Reason::Torn, &source.files.certificate, &detail))
}
// ANCHOR_END: read

impl Reader {
    /// A reader by the system's clock.
    pub fn new(options: Options) -> Self {
        Self::with_clock(options, Arc::new(Instant::now))
    }

    /// A reader by another clock, which must not go back. Only what shrank is timed.
    pub fn with_clock(options: Options, now: Clock) -> Self {
        Self {
            options,
            now,
            remembered: Mutex::default(),
        }
    }

    // ANCHOR: settled
    /// A chain or a set of anchors that was cut between two blocks parses, and validates. It can
    /// only be told by what is missing, and from a removal on purpose only by time.
    fn settled(
        &self,
        source: &Source,
        identity: &Identity,
        serving: Option<&Identity>,
        shrunk: Option<([u8; 32], Instant)>,
    ) -> Result<(), Rejected> {
        let Some(serving) = serving else {
            return Ok(());
        };
        let lost = |anchor| !identity.anchors.contains(anchor);
        let (reason, file) = if serving.anchors.iter().any(lost) {
            (Reason::TrustShrunk, &source.files.roots)
        } else if identity.certified.cert.len() < serving.certified.cert.len() {
            (Reason::ChainShrunk, &source.files.certificate)
        } else {
            return Ok(());
        };
        let (set, now) = (identity.set_sha256, (self.now)());
        let since = match shrunk {
            Some((before, since)) if before == set => since,
            _ => now,
        };
        if now.duration_since(since) >= self.options.settle {
            return Ok(());
        }
        self.remembered.lock().shrunk = Some((set, since));
        let settle = self.options.settle;
        let detail = format!("certificates are gone: believed once it has been so for {settle:?}");
        Err(reject(reason, file, &detail))
    }
    // ANCHOR_END: settled

    // ANCHOR: key_mode
    /// The mode is that of the opened file: a path could mean another one by now.
    fn key_mode(&self, source: &Source, seen: &Seen) -> Result<(), Rejected> {
        let (mode, file) = (seen.key_mode, &source.files.key);
        let exposed = (mode & 0o077 != 0).then_some(mode);
        let mut remembered = self.remembered.lock();
        let news = remembered.complained != exposed;
        match (exposed, self.options.exposed_key) {
            (Some(_), ExposedKey::Refuse) => {
                let detail = format!("mode {mode:04o}: the key is for its owner alone (0600)");
                return Err(reject(Reason::InsecureMode, file, &detail));
            }
            (Some(_), ExposedKey::Warn) if news => {
                let (file, mode) = (file.display(), format!("{mode:04o}"));
                tracing::warn!(event = "key_exposed", file = %file, mode);
            }
            _ => {}
        }
        remembered.complained = exposed;
        Ok(())
    }
    // ANCHOR_END: key_mode

    /// The set that was refused at the last read because it is less than what is served, if any.
    /// It is all that this reader carries from one read to the next, complaints aside.
    pub fn doubts(&self) -> Option<[u8; 32]> {
        self.remembered.lock().shrunk.map(|(set, _)| set)
    }
}

impl Reader {
    /// Reads and validates.
    ///
    /// # Errors
    /// As [`Reader::read_stepwise`].
    pub fn read(&self, source: &Source, serving: Option<&Identity>) -> Result<Identity, Rejected> {
        self.read_stepwise(source, serving, &mut |_| ())
    }

    /// Chapter 2's generations, read by this reader.
    pub fn loader(self) -> Loader {
        Loader {
            read: Box::new(move |source, serving| self.read(source, serving)),
            ..Loader::default()
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({:?})", self.options)
    }
}
