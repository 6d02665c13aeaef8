//! Emitting events: ordinary `tracing` calls become lines of JSON.
//!
//! A server writes `tracing::info!(event = "identity_loaded", generation = 2, …)`, as a user's
//! service would. The [`Layer`] here turns each call that has an `event` field into a line such as
//! `{"ts":"…","event":"identity_loaded","generation":2,…}`. Calls without that field are not
//! events and are left alone. Where a person reads, in a terminal, the same events are lines in columns instead
//! ([`Form`]). A field that was declared but has no value (an `Option` that is
//! `None`) becomes `null`.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use anstream::{AutoStream, ColorChoice};
use events::text::Writer;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::event::{Event, FILE_VARIABLE, timestamp};
use crate::log::Log;
use crate::stderr::{Queue, Stderr};

/// Tells the time of an event.
type Now = Box<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// How events are written to stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For a person where stderr is a terminal, and for a program otherwise.
    #[default]
    Auto,
    /// One JSON object a line: for programs.
    Json,
    /// Lines in columns: for a person.
    Text,
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("expected `auto`, `json` or `text`".into()),
        }
    }
}

static FORM: OnceLock<Form> = OnceLock::new();

/// Chooses how this process's events are written. Call once, before events go to stderr.
pub fn form(form: Form) {
    // A second choice comes too late: lines have been written.
    let _ = FORM.set(form);
}

impl Form {
    /// What writes text, where a person reads.
    fn text(self) -> Text {
        let coloured = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        let writer = match coloured {
            true => Writer::coloured(),
            false => Writer::default(),
        };
        let wanted = match self {
            Self::Auto => io::stderr().is_terminal(),
            Self::Json => false,
            Self::Text => true,
        };
        wanted.then(|| Arc::new(Mutex::new(writer)))
    }
}

/// What writes lines for a person, where one reads.
type Text = Option<Arc<Mutex<Writer>>>;

/// The line of an event, for whom the log is read by.
fn shape(text: &Text, event: &Event) -> String {
    match text {
        Some(writer) => writer.lock().event(event),
        None => format!("{event}\n"),
    }
}

/// Where the events of this process go.
enum Sink {
    /// Lines on stderr, as text where a person reads; and all of them to a file and to a log where there is
    /// one.
    Stderr {
        queue: Queue<Stderr>,
        text: Text,
        file: Option<std::fs::File>,
        log: Option<Log>,
    },
    /// A log in memory, for a test.
    Memory(Log),
}

impl Sink {
    fn put(&self, level: Level, shown: Level, event: Event) {
        match self {
            Self::Memory(log) => log.push(event),
            Self::Stderr {
                queue,
                text,
                file,
                log,
            } => {
                // One write a line, so that lines of several threads or processes never mix. A log
                // that cannot be written is no reason to stop serving, and no reason to wait.
                if let Some(mut file) = file.as_ref() {
                    let _ = file.write_all(format!("{event}\n").as_bytes());
                }
                if level <= shown {
                    queue.put(|| shape(text, &event));
                }
                if let Some(log) = log {
                    log.push(event);
                }
            }
        }
    }
}

static PROCESS_SINK: OnceLock<(Arc<Sink>, Level)> = OnceLock::new();

/// Sends this process's events to stderr, up to `shown`: `Level::INFO` leaves out each single
/// connection, `Level::DEBUG` shows all. Call once, first thing in `main`.
///
/// # Errors
/// When the file named by [`FILE_VARIABLE`] cannot be opened, or events already go elsewhere.
pub fn to_stderr(shown: Level) -> io::Result<()> {
    // Nobody reads it here: a server that runs for months must not keep its log in memory.
    start(shown, Box::new(OffsetDateTime::now_utc), None)
}

/// As [`to_stderr`], with the `ts` of each event from `now`: a run in virtual time is dated in
/// virtual time. Also returns the log of the process itself, for a demo that waits for its own
/// events.
///
/// # Errors
/// As [`to_stderr`].
pub fn to_stderr_at(
    shown: Level,
    now: impl Fn() -> OffsetDateTime + Send + Sync + 'static,
) -> io::Result<Log> {
    let log = Log::default();
    start(shown, Box::new(now), Some(log.clone())).map(|()| log)
}

/// Writes what is still to be said of events that repeated, and waits for lines that wait to be written, a
/// second at most. Call it before the process ends.
pub fn flush() {
    let Some((sink, _)) = PROCESS_SINK.get() else {
        return;
    };
    if let Sink::Stderr { queue, text, .. } = &**sink {
        if let Some(text) = text {
            queue.put(|| text.lock().flush());
        }
        queue.flush();
    }
}

fn start(shown: Level, now: Now, log: Option<Log>) -> io::Result<()> {
    let file = match std::env::var_os(FILE_VARIABLE) {
        Some(path) => {
            let mut options = std::fs::OpenOptions::new();
            Some(options.append(true).create(true).open(path)?)
        }
        None => None,
    };
    let text = FORM.get().copied().unwrap_or_default().text();
    let told = text.clone();
    let sink = Arc::new(Sink::Stderr {
        queue: Queue::new(Stderr, move |event| shape(&told, event)),
        text,
        file,
        log,
    });
    let (sink, shown) = PROCESS_SINK.get_or_init(|| (sink, shown));
    let layer = Layer {
        sink: sink.clone(),
        shown: *shown,
        now,
    };
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))
        .map_err(io::Error::other)
}

/// Captures the events of this thread into a [`Log`] for as long as the guard lives.
///
/// Use it in a test on tokio's current-thread runtime: events from other threads go elsewhere.
pub fn capture() -> (Log, DefaultGuard) {
    // As long as there has been one subscriber only, tracing asks that of the thread which comes by
    // a call first whether it is of interest, and remembers the answer for all. A test beside this
    // one, without a log, would answer no. With two that stay, each call is of interest to all.
    static STAY: OnceLock<[Dispatch; 2]> = OnceLock::new();
    STAY.get_or_init(|| {
        [
            Dispatch::new(into(&Log::default())),
            Dispatch::new(into(&Log::default())),
        ]
    });
    let log = Log::default();
    let guard = tracing::subscriber::set_default(into(&log));
    (log, guard)
}

fn into(log: &Log) -> impl Subscriber + Send + Sync + use<> {
    let layer = Layer {
        sink: Arc::new(Sink::Memory(log.clone())),
        shown: Level::TRACE,
        now: Box::new(OffsetDateTime::now_utc),
    };
    tracing_subscriber::registry().with(layer)
}

/// Passes on an event of a child process, with its own time, to where this process's events go.
pub fn forward(event: Event) {
    let level = match event.name() {
        "connection_opened" | "connection_closed" => Level::DEBUG,
        _ => Level::INFO,
    };
    if let Some((sink, shown)) = PROCESS_SINK.get() {
        sink.put(level, *shown, event);
    }
}

/// The `tracing` layer that turns calls into events.
pub struct Layer {
    sink: Arc<Sink>,
    shown: Level,
    now: Now,
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Layer {
    fn on_event(&self, call: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields(Map::new());
        call.record(&mut fields);
        let Some(name) = fields.0.remove("event") else {
            return;
        };
        let mut event = Map::new();
        event.insert("ts".into(), Value::String(timestamp((self.now)())));
        event.insert("event".into(), name);
        for field in call.fields().filter(|field| field.name() != "event") {
            let value = fields.0.remove(field.name()).unwrap_or(Value::Null);
            event.insert(field.name().into(), value);
        }
        self.sink
            .put(*call.metadata().level(), self.shown, Event(event));
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        self.0.insert(field.name().into(), Value::String(text));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }
}
