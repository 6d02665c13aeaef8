//! The reader: what it asks of the files, in which order, and what it carries from one read to the next.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ch02_hot_reload::identity::{Contents, Identity, Peers, Rejected, Source, validate_by};
use ch02_hot_reload::{Loader, ReadFn};
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

use crate::ended::Ended;
use crate::options::Options;
use crate::pinned::Seen;
use crate::shorter::Shorter;
use crate::trust::Trust;
use crate::{algorithms, ended, exposure, key, parsed, path, pem, serials, shorter, trust};

type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;
type Pause = Box<dyn Fn(Duration) + Send + Sync>;

/// Reads so that no state a writer can leave the files in is taken for a complete one.
pub struct Reader {
    pub(crate) options: Options,
    pub(crate) peers: Peers,
    pub(crate) dates: Arc<dyn TimeProvider>,
    pub(crate) now: Clock,
    pub(crate) pause: Pause,
    pub(crate) remembered: Mutex<Remembered>,
}

#[derive(Default)]
pub(crate) struct Remembered {
    /// A set that is less than what is served, and since when it has been seen at each read.
    pub(crate) shrunk: Option<([u8; 32], Instant)>,
    /// The names of the identity before that the newest one lacks.
    pub(crate) lost: Vec<String>,
    /// A set that was not valid, and rested: its fingerprint.
    pub(crate) rested: Option<u64>,
    /// The files that expose a key, and their modes, as they were last complained of.
    pub(crate) exposed: Vec<(PathBuf, u32)>,
    /// What was last said of the files of trust anchors.
    pub(crate) trust: Vec<Rejected>,
    /// The trust anchors that had expired at the last read.
    pub(crate) ended: Vec<Ended>,
}

/// What is to be served, and what is to be said of it.
pub(crate) struct Judged {
    pub(crate) identity: Identity,
    /// Why trust anchors are not those of their file.
    pub(crate) trust: Vec<Rejected>,
    pub(crate) ended: Vec<Ended>,
    pub(crate) lost: Vec<String>,
    pub(crate) shorter: Shorter,
}

// ANCHOR: read
impl Reader {
    /// Reads and validates. `between` is called with a name wherever a writer could come between two
    /// steps of the reader; the explorer lets one in there.
    ///
    /// # Errors
    /// The first thing that is wrong. The server goes on with what it has.
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
        let chain = CertificateDer::pem_slice_iter(&contents.certificate);
        let chain: Vec<_> = chain.flatten().collect();
        parsed::by_all(source, &chain, self.peers)?;
        let now = self.dates.current_time();
        // A clock that cannot be read is taken for 1970: nothing is valid then.
        let now = now.unwrap_or(UnixTime::since_unix_epoch(Duration::ZERO));
        let identity = validate_by(anchors.clone(), source, &contents, self.peers, now).map_err(
            |rejected| {
                let rejected = path::explain(rejected, source, &chain, &anchors, now);
                let of_key = rejected.file == files.key && !chain.is_empty();
                let text = [&contents.certificate, &contents.key][usize::from(of_key)];
                key::explain(pem::explain(rejected, text), source, &contents)
            },
        )?;
        key::written_as_labelled(source, &contents)?;
        if !self.options.ml_dsa {
            algorithms::taken_by_all(source, &identity)?;
        }
        ended::leads_to_one_in_force(source, &identity, self.peers, now)?;
        path::taken_by_all(source, &identity, self.peers, now)?;
        serials::once(source, &identity, self.peers)?;
        parsed::as_defined(source, &chain, &identity.anchors)?;
        let identity = match peers {
            Some(peers) => identity.with_peer_anchors(peers),
            None => identity,
        };
        key::signs(source, &identity, serving)?;
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
