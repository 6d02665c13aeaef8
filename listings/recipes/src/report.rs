//! A hook for [`Rotating`](crate::rotating::Rotating): the book's events for the log, and the figures that
//! chapter 7's alert rules ask for.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write, stderr};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use humantime::{format_rfc3339_nanos, format_rfc3339_seconds};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use x509_parser::parse_x509_certificate;

use crate::rotating::{Hook, Look, Rejected};

/// A look is due twice a second. Where none was made for so long, the thread hangs or is gone.
const BOUND: Duration = Duration::from_secs(60);

/// What Prometheus collects: `Figures::to_string` is an answer to `/metrics`.
pub struct Figures(Mutex<State>);

struct State {
    generation: u64,
    /// Of the leaf that is served, in seconds since 1970.
    validity: [u64; 2],
    looked: Instant,
    /// The first look of those in a row that rejected the files, and why.
    rejected: Option<(Instant, Rejected)>,
    rejections: BTreeMap<&'static str, u64>,
}

// ANCHOR: hook
/// A hook that logs on stderr what is news, and keeps figures.
pub fn hook() -> (Hook, Arc<Figures>) {
    let figures = Arc::new(Figures(Mutex::new(State {
        generation: 0,
        validity: [0; 2],
        looked: Instant::now(),
        rejected: None,
        rejections: REASONS.map(|reason| (reason, 0)).into(),
    })));
    let kept = figures.clone();
    let hook = Box::new(move |look: &Look| {
        // The lock ends with this line.
        let news = kept.state().saw(look);
        news.into_iter().for_each(|event| LOG.put(event));
    });
    (hook, figures)
}
// ANCHOR_END: hook

/// So many lines wait for the reader of a log at most.
pub const LINES: usize = 1024;

/// The log of this process.
static LOG: LazyLock<Log> = LazyLock::new(|| Log::to(stderr()));

/// A log that may not be read: its pipe is full, and a write waits. Neither the rotation nor `/metrics` does.
pub struct Log {
    lines: SyncSender<Value>,
    /// How many found no room, and were not told of.
    lost: Mutex<u64>,
}

impl Log {
    /// Writes from a thread of its own.
    pub fn to(mut writer: impl Write + Send + 'static) -> Self {
        let (lines, waiting) = sync_channel(LINES);
        thread::spawn(move || {
            for event in waiting {
                // Where stderr is closed, nothing reads the line.
                let _ = writer.write_all(format!("{event}\n").as_bytes());
            }
        });
        let lost = Mutex::default();
        Self { lines, lost }
    }

    /// Has an event written, or counts it as lost. The next one that finds room follows that count.
    pub fn put(&self, event: Value) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if *lost > 0 && self.send(json!({ "event": "lines_lost", "lines": *lost })) {
            *lost = 0;
        }
        if !self.send(event) {
            *lost += 1;
        }
    }

    fn send(&self, mut event: Value) -> bool {
        event["ts"] = format_rfc3339_nanos(SystemTime::now()).to_string().into();
        self.lines.try_send(event).is_ok()
    }
}

/// Logs that a server accepts connections.
///
/// # Errors
/// When the system does not say where it listens.
pub fn listening(listener: &TcpListener) -> io::Result<()> {
    let port = listener.local_addr()?.port();
    LOG.put(json!({ "event": "listening", "port": port }));
    Ok(())
}

impl Figures {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a look, and returns an event where it is news.
    fn saw(&mut self, look: &Look) -> Option<Value> {
        self.looked = Instant::now();
        match look {
            Look::Waiting => None,
            Look::Unchanged => {
                self.rejected = None;
                None
            }
            Look::Loaded(pair) => {
                self.rejected = None;
                self.generation += 1;
                self.loaded(
                    &pair.cert[0],
                    &pair
                        .cert
                        .iter()
                        .flat_map(|one| one.to_vec())
                        .collect::<Vec<_>>(),
                )
            }
            Look::Rejected(rejected) => self.rejected(rejected),
        }
    }

    fn loaded(&mut self, leaf: &[u8], chain: &[u8]) -> Option<Value> {
        let (_, leaf) = parse_x509_certificate(leaf).ok()?;
        let validity = leaf.validity();
        let seconds = |time: i64| time.try_into().unwrap_or(0);
        self.validity = [validity.not_before, validity.not_after].map(|at| seconds(at.timestamp()));
        let not_after = UNIX_EPOCH + Duration::from_secs(self.validity[1]);
        Some(json!({
            "event": "identity_loaded",
            "generation": self.generation,
            "serial": leaf.serial.to_str_radix(16),
            "not_after": format_rfc3339_seconds(not_after).to_string(),
            "chain_sha256": hex(digest(&SHA256, chain).as_ref()),
        }))
    }

    fn rejected(&mut self, why: &Rejected) -> Option<Value> {
        let Rejected(reason, file, detail) = why;
        *self.rejections.entry(reason).or_default() += 1;
        let before = self.rejected.as_ref();
        // The detail may hold the time.
        let told = before.is_some_and(|(_, it)| (it.0, &it.1) == (*reason, file));
        let since = before.map_or_else(Instant::now, |(since, _)| *since);
        self.rejected = Some((since, why.clone()));
        // The contract's events are about a generation that goes on. Before the first there is none.
        let event = match self.generation {
            0 => json!({ "event": "identity_awaited" }),
            generation => json!({ "event": "identity_rejected", "generation": generation }),
        };
        (!told).then(|| {
            let mut event = event;
            event["reason"] = (*reason).into();
            event["file"] = file.display().to_string().into();
            event["detail"] = detail.as_str().into();
            event
        })
    }
}

/// The words of the event contract that can occur here.
const REASONS: [&str; 9] = [
    "missing",
    "unreadable",
    "malformed",
    "too_large",
    "pair_mismatch",
    "chain_broken",
    "expired",
    "not_yet_valid",
    "name_lost",
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

// ANCHOR: figures
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let [from, until] = state.validity;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let rejected = state
            .rejected
            .as_ref()
            .map_or(0, |(since, _)| since.elapsed().as_secs());
        // Agents renew with a third of the lifetime left (certbot, cert-manager). A quarter is late.
        let late = (until - from) / 4;
        for (name, value) in [
            ("seconds_left", i128::from(until) - i128::from(now)),
            ("late_seconds", late.into()),
            ("urgent_seconds", (late / 2).into()),
            ("generation", state.generation.into()),
            ("look_age_seconds", state.looked.elapsed().as_secs().into()),
            ("look_bound_seconds", BOUND.as_secs().into()),
            ("rejected_seconds", rejected.into()),
        ] {
            writeln!(f, "# TYPE identity_{name} gauge\nidentity_{name} {value}")?;
        }
        writeln!(f, "# TYPE identity_rejections_total counter")?;
        for (reason, count) in &state.rejections {
            writeln!(
                f,
                "identity_rejections_total{{reason=\"{reason}\"}} {count}"
            )?;
        }
        Ok(())
    }
}
// ANCHOR_END: figures
