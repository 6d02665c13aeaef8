//! Where answers to exercises are tried.
//!
//! A check is a function that panics in words. [`try_all`] runs the checks of an exercise, each on a thread of
//! its own, and says of each whether it held. The program `attempt` is one answer of a learner with its checks;
//! the tests of this crate are all answers of the book at once.
//!
//! [`Port`], [`patience`], [`poll_once`], [`each_process`] and [`a_day_later`] are for the checks themselves, and so are [`reloads`], [`AnyClient`] and, from chapter 4 on, `openssl_ends`.

mod any_client;
#[cfg(feature = "ch04")]
pub mod openssl_ends;
mod processes;
pub mod reloads;

pub use any_client::AnyClient;
pub use processes::{a_day_later, each_process};

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::env;
use std::fs::{self, OpenOptions};
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::panic;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Once, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use lab::BOUND;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::net::TcpSocket;

/// One check of an exercise.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The name of its function.
    pub name: &'static str,
    /// Panics, in words for the learner, where it does not hold.
    pub run: fn(),
}

/// Why a check did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the panic said.
    pub words: String,
    /// File and line of the panic. `None` where the check did not end.
    pub at: Option<String>,
    /// Whether the check ended.
    pub ended: bool,
}

thread_local! {
    static PATIENCE: Cell<Duration> = const { Cell::new(BOUND) };
    /// Where this thread panicked, if it is one that tries a check.
    static PANICKED: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// How long a check waits for what a right answer brings at once, and a wrong one never. A wrong answer must not
/// keep the learner waiting for [`BOUND`].
pub fn patience() -> Duration {
    PATIENCE.get()
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// See [`patience`].
    pub patience: Duration,
    /// A whole check.
    pub check: Duration,
}

/// Runs each check, and returns its name and why it did not hold.
pub fn try_all(checks: &[Check], bounds: Bounds) -> Vec<(&'static str, Option<Failure>)> {
    let each = checks
        .iter()
        .filter(|check| processes::is_wanted(check.name));
    each.map(|check| (check.name, try_one(*check, bounds)))
        .collect()
}

fn try_one(check: Check, bounds: Bounds) -> Option<Failure> {
    static KEEP_QUIET: Once = Once::new();
    KEEP_QUIET.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let at = panicked
                .location()
                .map(|at| format!("{}:{}", at.file(), at.line()));
            let is_ours = PANICKED.with_borrow_mut(|place| match place {
                Some(place) => {
                    *place = at;
                    true
                }
                None => false,
            });
            if !is_ours {
                others(panicked);
            }
        }));
    });
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        PATIENCE.set(bounds.patience);
        PANICKED.set(Some(None));
        let outcome = panic::catch_unwind(check.run);
        let at = PANICKED.take().flatten();
        // The wait may be over.
        let _ = done.send(outcome.err().map(|said| Failure {
            words: words(&*said),
            at,
            ended: true,
        }));
    });
    ended.recv_timeout(bounds.check).unwrap_or_else(|_| {
        Some(Failure {
            words: format!(
                "It had not ended after {} s: something waits for what never comes. A lock that this thread holds \
                 already, perhaps, a channel whose other end is gone, or a loop whose condition never changes.",
                bounds.check.as_secs()
            ),
            at: None,
            ended: false,
        })
    })
}

fn words(said: &(dyn Any + Send)) -> String {
    let text = said.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| said.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "It panicked without words.".into())
}

/// Runs a check that waits, on this thread alone.
///
/// # Panics
/// When the system gives no runtime.
pub fn block_on(check: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(check);
}

/// A learner's own answer is waited for as long as one may be kept waiting.
const OF_A_LEARNER: Bounds = Bounds {
    patience: Duration::from_secs(5),
    check: Duration::from_secs(20),
};

/// What an answer may take of the memory, in bytes: one that takes more is to end, before it takes the machine.
const MEMORY: u64 = 4 << 30;

/// The `main` of one answer: tries it, and writes what came of each check to the file that is its argument, a
/// sealed line of JSON for each. After a check that does not end none is tried: its thread goes on beside them.
pub fn attempt(checks: &[Check]) -> ExitCode {
    let limit = Rlimit {
        current: Some(MEMORY),
        maximum: Some(MEMORY),
    };
    // A system without such a limit, or with a lower one.
    let _ = setrlimit(Resource::As, limit);
    match Outcomes::begin().and_then(|mut outcomes| try_each(checks, &mut outcomes)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: what came of the checks cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where what comes of the checks is written. The file holds the runner's seal in the beginning. Its name is removed, so that no answer
/// finds it by that. One that finds the open file can write there, too: what it writes has no seal that the runner takes.
struct Outcomes {
    file: Box<dyn Write>,
    seal: String,
    lines: usize,
}

impl Outcomes {
    fn begin() -> io::Result<Self> {
        let (lines, mut seal) = (0, String::new());
        let file: Box<dyn Write> = match env::args_os().nth(1) {
            None => Box::new(io::stdout()),
            Some(name) => {
                let mut file = OpenOptions::new().read(true).append(true).open(&name)?;
                file.read_to_string(&mut seal)?;
                file.set_len(0)?;
                fs::remove_file(&name)?;
                Box::new(file)
            }
        };
        Ok(Self { file, seal, lines })
    }

    /// Each line begins with a hash of the seal, of its number and of what it says. The runner has the same: `scripts/exercise/src/seal.rs`.
    fn write(&mut self, line: &str) -> io::Result<()> {
        let mut hasher = DefaultHasher::new();
        (self.seal.as_str(), self.lines, line).hash(&mut hasher);
        self.lines += 1;
        writeln!(self.file, "{:016x} {line}", hasher.finish())
    }
}

fn try_each(checks: &[Check], outcomes: &mut Outcomes) -> io::Result<bool> {
    let mut held = true;
    for check in checks
        .iter()
        .filter(|check| processes::is_wanted(check.name))
    {
        let failure = try_one(*check, OF_A_LEARNER);
        held &= failure.is_none();
        let goes_on = failure.as_ref().is_some_and(|failure| !failure.ended);
        let (words, at) = match failure {
            Some(failure) => (Some(failure.words), failure.at),
            None => (None, None),
        };
        let line = serde_json::json!({ "check": check.name, "words": words, "at": at });
        outcomes.write(&line.to_string())?;
        if goes_on {
            break;
        }
    }
    Ok(held)
}

/// Polls a future once. `None` where it is not ready.
pub async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// A loopback port that is kept for one check: while nothing listens on it, connects are refused, and no other
/// program is given it.
#[derive(Debug)]
pub struct Port {
    // Bound, and never listening.
    _reserved: TcpSocket,
    address: SocketAddr,
}

impl Port {
    /// A free port.
    ///
    /// # Panics
    /// When the system gives none.
    pub fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option of a socket");
        socket.bind(lab::any_port()).expect("a free port");
        Self {
            address: socket.local_addr().expect("it is bound"),
            _reserved: socket,
        }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A socket that listens on it.
    ///
    /// # Panics
    /// When one does already.
    pub fn listen(&self) -> TcpListener {
        TcpListener::bind(self.address).expect("nothing listens on a reserved port")
    }
}
