//! What a person reads of an event.
//!
//! The time counts from the first event. A field is a word and its value (`serial 1002`), or the value alone
//! where its word adds nothing (`bundle`). Hashes are cut to eight digits; dates are told as time that is left.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::event::Event;

/// An event in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Time since the first event, as `+5 ms`; nothing where the event has no time.
    pub at: String,
    /// The program that speaks: `agent`, `client`, `server` (with its number where there are several), …
    pub who: String,
    /// The event's name.
    pub event: String,
    /// What matters of it, a field each.
    pub what: Vec<String>,
}

impl Line {
    /// Whether a person would read the same, but for the time.
    pub fn repeats(&self, before: &Self) -> bool {
        (&self.who, &self.event, &self.what) == (&before.who, &before.event, &before.what)
    }
}

/// A log may hold anything. What reaches a terminal holds nothing that steers it, or that turns the direction of what
/// follows (Unicode's UAX #9).
pub fn plain(text: &str) -> String {
    let shown = |c: char| if steers(c) { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

/// Whether a character does something to the line in which it stands, instead of being seen there: control characters move
/// the cursor, some marks turn the direction of what follows (Unicode's UAX #9), and two others break the line.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Turns events of one run into lines. It remembers when the run began.
#[derive(Debug, Default)]
pub struct Teller {
    began: Option<OffsetDateTime>,
}

impl Teller {
    /// The line of the next event.
    pub fn tell(&mut self, event: &Event) -> Line {
        let at = event.text("ts").and_then(|ts| date(&ts));
        let began = at.map(|at| *self.began.get_or_insert(at));
        let since = at
            .zip(began)
            .map(|(at, began)| (at - began).as_seconds_f64());
        let shown = event.0.iter();
        let shown = shown.filter(|(field, value)| !hidden(field) && !value.is_null());
        // What an exploration did not find is most of it.
        let found =
            |value: &Value| !event.name().starts_with("explored") || value.as_u64() != Some(0);
        let shown = shown.filter(|(_, value)| found(value));
        Line {
            at: since.map(after).unwrap_or_default(),
            who: plain(&who(event)),
            event: plain(event.name()),
            what: shown
                .filter_map(|(field, value)| Some(plain(&word(field, value, at)?)))
                .collect(),
        }
    }
}

/// These are told in columns of their own.
fn hidden(field: &str) -> bool {
    ["ts", "event", "process"].contains(&field)
}

/// The program that an event is of. The contract has no field for it: each name belongs to one.
fn who(event: &Event) -> String {
    let who = match event.name() {
        "rotation_started" | "sabotage_started" | "writer_stepped" | "renewal_scheduled"
        | "renewal_failed" | "hook_finished" | "hook_failed" | "agent_died" => "agent",
        "handshake_seen" | "goodbye_seen" | "download_started" | "download_finished"
        | "download_severed" | "connect_refused" | "probe_failed" | "client_loaded" => "client",
        "process_started" | "process_exited" | "gap_closed" => "supervisor",
        "explored" | "explored_stretch" => "explorer",
        _ => "server",
    };
    // Of the supervisor's events, the process is what they are about.
    match event.text("process") {
        Some(process) => format!("{who} {process}"),
        None => who.to_owned(),
    }
}

fn word(field: &str, value: &Value, at: Option<OffsetDateTime>) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => return Some(format!("{} none", spaced(field))),
        Value::Array(all) => joined(all),
        other => other.to_string(),
    };
    Some(match field {
        "resumed" => (if *value == Value::Bool(true) {
            "resumed"
        } else {
            "full"
        })
        .into(),
        "tls" => format!("TLS {text}"),
        "strategy" | "fault" | "reason" | "why" | "detail" | "step" | "how" | "sabotage"
        | "level" | "hook" | "root" | "writer" | "reader" => text,
        "seconds" => seconds(value, &text),
        "seconds_left" => format!("left {}", seconds(value, &text)),
        "not_after" => format!("until {}", left(&text, at)),
        "tickets_until" => format!("tickets until {}", left(&text, at)),
        "file" | "directory" => name(&text).to_owned(),
        _ if field.ends_with("sha256") => {
            let cut = text.get(..8).unwrap_or(&text);
            format!("{} {cut}", spaced(field))
        }
        _ if field.ends_with("_ms") => measured(field, "_ms", value, "ms"),
        _ if field.ends_with("_us") => measured(field, "_us", value, "µs"),
        _ if field.ends_with("_seconds") => measured(field, "_seconds", value, "s"),
        _ => match value {
            Value::Bool(true) => spaced(field),
            Value::Bool(false) => format!("not {}", spaced(field)),
            _ => format!("{} {text}", spaced(field)),
        },
    })
}

/// A measured value has more digits than anyone reads.
fn measured(field: &str, suffix: &str, value: &Value, unit: &str) -> String {
    let name = spaced(field.strip_suffix(suffix).unwrap_or(field));
    let value = match value.as_f64().filter(|_| value.is_f64()) {
        Some(value) => format!("{value:.1}"),
        None => value.to_string(),
    };
    format!("{name} {value} {unit}")
}

fn spaced(field: &str) -> String {
    field.trim_end_matches("_sha256").replace('_', " ")
}

fn joined(all: &[Value]) -> String {
    let all = all.iter().map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    all.collect::<Vec<_>>().join(", ")
}

/// The last part of a path: where the rest leads is in the JSON.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn seconds(value: &Value, text: &str) -> String {
    value.as_f64().map_or_else(|| text.to_owned(), after)
}

/// How long it is from an event to this date.
fn left(text: &str, at: Option<OffsetDateTime>) -> String {
    let Some((until, at)) = date(text).zip(at) else {
        return text.to_owned();
    };
    // A certificate's dates are whole seconds, so an hour is 59 minutes and 59.4 seconds at its first event.
    let left = (until - at).as_seconds_f64();
    after(match left.abs() >= 600.0 {
        true => (left / 60.0).round() * 60.0,
        false => left.round(),
    })
}

/// A stretch of time, with a sign, in the two largest units that it has.
fn after(seconds: f64) -> String {
    let sign = if seconds < 0.0 { '-' } else { '+' };
    let span = seconds.abs();
    // To the millisecond first, so that 999.7 ms are no "1000 ms".
    let ms = (span * 1000.0).round();
    if ms < 1000.0 {
        return format!("{sign}{ms} ms");
    }
    if ms < 60_000.0 {
        let text = format!("{:.2}", ms / 1000.0);
        return format!(
            "{sign}{} s",
            text.trim_end_matches('0').trim_end_matches('.')
        );
    }
    let whole = (ms / 1000.0).round() as u64;
    let (days, hours) = (whole / 86_400, whole / 3600 % 24);
    let (minutes, rest) = (whole / 60 % 60, whole % 60);
    match (days, hours) {
        (0, 0) => two(sign, (minutes, "min"), (rest, "s")),
        (0, _) => two(sign, (hours, "h"), (minutes, "min")),
        _ => two(sign, (days, "d"), (hours, "h")),
    }
}

fn two(sign: char, large: (u64, &str), small: (u64, &str)) -> String {
    match small.0 {
        0 => format!("{sign}{} {}", large.0, large.1),
        _ => format!("{sign}{} {} {} {}", large.0, large.1, small.0, small.1),
    }
}
