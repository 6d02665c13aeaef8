//! The events in a line that a collector of logs has written: behind a time and a name, or within an object.
//!
//! - CRI, journald, syslog and `kubectl logs --timestamps --prefix` put words before it, and some programs put words or
//!   colours behind it;
//! - Docker's `json-file` and Fluent Bit have it as text in `log`, `journalctl --output json` in `MESSAGE`
//!   (as the numbers of its bytes where it holds a control character), Vector and Filebeat in `message`, Loki in `line`;
//! - Google Cloud has it as an object in `jsonPayload`, and Elasticsearch and Splunk have objects within objects;
//! - OpenTelemetry, Loki's interface, CloudWatch, Elasticsearch and Datadog answer with one object that holds many lines, in
//!   arrays and in fields of their own;
//! - what hands on bytes has it in base64, and OpenTelemetry an object as a list of pairs: see `encoded`;
//! - some exports are one JSON array, an event a line, each line as a JSON string, a table (CSV), or logfmt: see `quoted`;
//! - where line breaks were lost, or several lines became one message, a line holds several events.

mod encoded;
mod quoted;

use std::borrow::Cow;

use lab::event::Event;
use serde_json::{Deserializer, Map, Value};

use crate::brackets::{is_rest, open_in};
use quoted::{text_in_quotes, values_in_quotes};

/// Fields that hold a line as text, or an event as an object.
const FIELDS: [&str; 22] = [
    "log",
    "MESSAGE",
    "message",
    "msg",
    "line",
    "textPayload",
    "jsonPayload",
    "@message",
    "_raw",
    "short_message",
    "LogEntry",
    "LogMessage",
    "Log",
    "body",
    "log_processed",
    "json",
    "_source",
    "result",
    "content",
    "event",
    "original",
    "fields",
];
/// Fields that hold a line as text, and no event as an object. A field of another name may hold what a client has sent,
/// such as the name of its program: whoever likes can send an event.
const TEXTS: [&str; 9] = [
    "_msg",
    "@rawstring",
    "Message",
    "full_message",
    // Azure: container apps, services, syslog, and a custom table.
    "Log_s",
    "resultDescription",
    "ResultDescription",
    "SyslogMessage",
    "RawData",
];
/// Fields that hold rows, each of which has a line among its cells.
const ROWS: [&str; 2] = ["values", "rows"];
/// A text within a text within a text, and some objects around them, and no more: what is deeper, nobody writes.
const DEEPEST: u32 = 3 * TEXT + 7;
/// What a text within an object costs of that. An object within one costs 1.
const TEXT: u32 = 8;
/// So many objects of a line may be broken. To look for whole ones among more takes long, and nobody writes such a line.
const MOST_BROKEN: u32 = 64;
/// How an event begins.
pub(crate) const BEGINS: &str = r#"{"ts":"#;

/// What was found in a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The whole events, in their order.
    pub events: Vec<Event>,
    /// Whether something else begins as an event does and is not whole.
    pub cut: bool,
    /// Whether so much of it is broken that the rest was not looked at.
    pub tangled: bool,
}

impl Found {
    fn add(&mut self, more: Self) {
        self.events.extend(more.events);
        self.cut |= more.cut;
        self.tangled |= more.tangled;
    }
}

/// The event of a whole line, if it holds one and nothing is missing of it.
pub fn event_in(line: &str) -> Option<Event> {
    let found = events_in(line);
    let is_whole = !found.cut && !found.tangled;
    found.events.into_iter().next().filter(|_| is_whole)
}

/// The events of a line. Those that were written on where another was cut are among them.
pub fn events_in(line: &str) -> Found {
    let line = without_colours(line);
    let mut found = within(&line, DEEPEST);
    // Before the first of them stands what is left of others.
    let first = || line.split(BEGINS).next().unwrap_or_default();
    let own = line.trim_start_matches([' ', '\u{feff}']);
    // The last of an array with a text a line.
    let is_last = || own.starts_with('"') && open_in(&format!("[ {own}")).is_empty();
    found.cut |= !found.events.is_empty()
        && !own.starts_with(['{', '['])
        && !is_last()
        && (is_rest(first(), false) || is_rest(&line, true));
    // An array of texts or of rows that is cut between two of them. One that has a row a line is open as well, and has the
    // first by itself.
    let is_of_rows = line.starts_with("[\"") || line.starts_with("[[");
    if is_of_rows && !found.events.is_empty() {
        let open = open_in(&line);
        found.cut |= open.len() > 1 || found.events.len() > 1 && !open.is_empty();
    }
    found
}

fn within(line: &str, deeper: u32) -> Found {
    let line = line.trim_start_matches('\u{feff}').trim();
    let Some(inner) = deeper.checked_sub(TEXT) else {
        return objects(line, deeper);
    };
    if let Some(text) = text_in_quotes(line) {
        return within(&text, inner);
    }
    let mut found = objects(line, deeper);
    if !found.events.is_empty() {
        return found;
    }
    let (values, cut) = values_in_quotes(line);
    if values.is_empty() {
        found.cut |= cut;
        return found;
    }
    let mut all = Found {
        cut,
        ..Found::default()
    };
    for value in values {
        all.add(within(&value, inner));
    }
    all
}

/// The objects of a line, among words that are none.
fn objects(line: &str, deeper: u32) -> Found {
    let (mut found, mut rest, mut broken) = (Found::default(), line, 0);
    let (mut rows, mut words) = (0, "");
    while let Some(at) = object_in(rest) {
        let from = &rest[at..];
        let mut values = Deserializer::from_str(from).into_iter::<Map<String, Value>>();
        if let Some(Ok(object)) = values.next() {
            // In an array, it stands alone as well.
            let before = rest[..at].trim();
            match rows {
                0 => (rows, words) = (u32::from(before.ends_with('[')), before),
                _ => rows += 1,
            }
            let (itself, behind) = from.split_at(values.byte_offset());
            rest = behind;
            let is_flat = !object.values().any(Value::is_object);
            found.cut |= is_flat && is_named_twice(itself);
            let behind = rest.trim_matches([',', ']', ' ', '\r']);
            let alone = ["", "["].contains(&before) && behind.is_empty();
            found.add(of_object(object, deeper, alone));
            found.cut |= !stands_apart(rest);
        } else {
            // Two writers, or one that died in the middle of a line and was started again.
            found.cut = true;
            broken += 1;
            found.tangled |= broken > MOST_BROKEN;
            let next = next_whole(&from[1..]).filter(|_| !found.tangled);
            rest = next.map_or("", |next| &from[1 + next..]);
        }
    }
    // An array that is cut between two of its rows. One that has a row a line has the first by itself.
    let is_in_one_line = rows > 1 || rows == 1 && words != "[";
    found.cut |= is_in_one_line && !rest.contains(']');
    found
}

/// Where the next event begins that may be whole: its object ends before another one begins. To try each beginning of
/// many, one within the other, takes seconds.
fn next_whole(text: &str) -> Option<usize> {
    let mut begins = text.match_indices(BEGINS).map(|(at, _)| at).peekable();
    while let Some(at) = begins.next() {
        let end = begins.peek().copied().unwrap_or(text.len());
        if is_closed(&text[at..end]) {
            return Some(at);
        }
    }
    None
}

/// Whether the object that begins a text has its last brace there.
fn is_closed(text: &str) -> bool {
    let (mut open, mut is_quoted, mut is_escaped) = (0_u32, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'{' if !is_quoted => open += 1,
            b'}' if !is_quoted && open == 1 => return true,
            b'}' if !is_quoted => open -= 1,
            _ => {}
        }
    }
    false
}

/// Where an object begins, be it an event or a wrapper.
fn object_in(text: &str) -> Option<usize> {
    let mut braces = text.match_indices('{').map(|(at, _)| at);
    braces.find(|at| text[at + 1..].trim_start().starts_with('"'))
}

/// Whether an object is what is left of two events, the middle of which is lost: of a field that is there twice, a parser
/// gives the last.
pub(crate) fn is_named_twice(object: &str) -> bool {
    object.matches(r#""event":"#).nth(1).is_some()
}

/// Whether what follows an object is no rest of another one that was cut: such a rest has a quote, or the last brace.
fn stands_apart(rest: &str) -> bool {
    let apart = |c: char| c.is_whitespace() || c.is_control() || [',', ']', '{'].contains(&c);
    rest.chars().next().is_none_or(apart) || !rest.contains(['"', '}'])
}

/// The event that an object is, or those that it holds. Of two, that of the contract: it has a time. Without one, it is
/// an event if it stands `alone`.
fn of_object(object: Map<String, Value>, deeper: u32, alone: bool) -> Found {
    if is_timed(&object) {
        return itself(object);
    }
    let inner = in_fields(&object, deeper);
    match is_named(&object) && alone && inner.events.is_empty() {
        true => itself(object),
        false => inner,
    }
}

/// Whether it has the name of an event. Splunk has a whole line in a field of this name, in whatever notation.
fn is_named(object: &Map<String, Value>) -> bool {
    let name = object.get("event").and_then(Value::as_str);
    name.is_some_and(|name| !name.contains(['{', '}', '"', '=', '&', '<']))
}

fn is_timed(object: &Map<String, Value>) -> bool {
    is_named(object) && object.contains_key("ts")
}

fn itself(object: Map<String, Value>) -> Found {
    Found {
        events: vec![Event(object)],
        ..Found::default()
    }
}

fn in_fields(object: &Map<String, Value>, deeper: u32) -> Found {
    let mut nothing = Found::default();
    let Some(deeper) = deeper.checked_sub(1) else {
        return nothing;
    };
    for value in FIELDS.iter().filter_map(|field| object.get(*field)) {
        let found = match value {
            Value::Object(inner) => of_field(inner, deeper),
            value => match text_of(value) {
                Some(text) => of_text(&text, deeper),
                None => elsewhere(value, deeper),
            },
        };
        // Some collectors have the same event twice: as it came, and as it was parsed.
        if !found.events.is_empty() {
            return found;
        }
        nothing.add(found);
    }
    let others = object.iter();
    let others = others.filter(|(field, _)| !FIELDS.contains(&field.as_str()));
    for (field, value) in others {
        nothing.add(match value {
            Value::String(text) => match encoded::text_of_base64(field, text, object) {
                Some(text) => of_text(&text, deeper),
                None if is_line(field, object) => of_line(text, deeper),
                None => Found::default(),
            },
            Value::Array(rows) if ROWS.contains(&field.as_str()) => of_rows(rows, deeper),
            value => elsewhere(value, deeper),
        });
    }
    nothing
}

/// The events of an object in a field that holds a line.
fn of_field(inner: &Map<String, Value>, deeper: u32) -> Found {
    if let Some(text) = encoded::text_of_value(inner) {
        return of_text(&text, deeper);
    }
    if let Some(values) = encoded::array_of_value(inner) {
        let mut all = Found::default();
        if let Some(deeper) = deeper.checked_sub(1) {
            for value in values.iter().filter_map(Value::as_object) {
                all.add(of_field(value, deeper));
            }
        }
        return all;
    }
    let object = encoded::object_of_pairs(inner).unwrap_or_else(|| inner.clone());
    of_object(object, deeper, true)
}

/// Whether a field holds a line as text. CloudWatch's Logs Insights names it in another field, and Kafka's tools say beside
/// it where the line is from.
fn is_line(field: &str, object: &Map<String, Value>) -> bool {
    let names_it = || object.get("field").and_then(Value::as_str) == Some("@message");
    let is_of_kafka = || object.contains_key("topic") && object.contains_key("offset");
    match field {
        "value" => names_it() || is_of_kafka(),
        "payload" => is_of_kafka(),
        field => TEXTS.contains(&field),
    }
}

/// The events in a field that has another name than those of collectors that are known. No text is read there.
fn elsewhere(value: &Value, deeper: u32) -> Found {
    match value {
        Value::Object(inner) if is_timed(inner) => itself(inner.clone()),
        Value::Object(inner) => in_fields(inner, deeper),
        Value::Array(values) => {
            let mut all = Found::default();
            if let Some(deeper) = deeper.checked_sub(1) {
                for value in values {
                    all.add(elsewhere(value, deeper));
                }
            }
            all
        }
        _ => Found::default(),
    }
}

fn of_rows(rows: &[Value], deeper: u32) -> Found {
    let mut all = Found::default();
    let Some(deeper) = deeper.checked_sub(2) else {
        return all;
    };
    for row in rows {
        let Value::Array(cells) = row else {
            all.add(elsewhere(row, deeper));
            continue;
        };
        for cell in cells {
            all.add(match cell {
                Value::String(text) => of_line(text, deeper),
                cell => elsewhere(cell, deeper),
            });
        }
    }
    all
}

/// The events of a text that is nothing but events: in words, one may be quoted that happened elsewhere.
fn of_line(text: &str, deeper: u32) -> Found {
    match text.trim_start().starts_with('{') {
        true => of_text(text, deeper),
        false => Found::default(),
    }
}

fn of_text(text: &str, deeper: u32) -> Found {
    let deeper = deeper.checked_sub(TEXT);
    deeper.map_or_else(Found::default, |deeper| within(text, deeper))
}

/// Text, also as the numbers of its bytes: so journald writes a message that holds a control character. A message that
/// has several values is an array of them.
fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Array(values) => {
            let byte = |byte: &Value| u8::try_from(byte.as_u64()?).ok();
            let bytes: Option<Vec<_>> = values.iter().map(byte).collect();
            if let Some(bytes) = bytes {
                return Some(String::from_utf8_lossy(&bytes).into_owned().into());
            }
            let texts: Option<Vec<_>> = values.iter().map(Value::as_str).collect();
            Some(texts?.join("\n").into())
        }
        _ => None,
    }
}

/// Without what colours a line on a terminal. In JSON such a character is escaped.
pub(crate) fn without_colours(line: &str) -> Cow<'_, str> {
    const COLOUR: &str = "\u{1b}[";
    if !line.contains(COLOUR) {
        return line.into();
    }
    let mut parts = line.split(COLOUR);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let part = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        let mut behind = part.chars();
        // The letter that says what the numbers mean.
        behind.next();
        plain.push_str(behind.as_str());
    }
    plain.into()
}
