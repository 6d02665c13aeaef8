//! The event in a line that a collector of logs has written: behind a time and a name, or within an object.
//!
//! - CRI, journald and `kubectl logs --timestamps --prefix` put words before it;
//! - Docker's `json-file` and Fluent Bit have it as text in `log`, `journalctl --output json` in `MESSAGE`
//!   (as the numbers of its bytes where it holds a control character);
//! - Google Cloud has it as an object in `jsonPayload`;
//! - some exports are one JSON array, an event a line, or each line as a JSON string.

use std::borrow::Cow;

use lab::event::Event;
use serde_json::{Map, Value};

/// Fields that hold a line as text.
const TEXT: [&str; 6] = ["log", "MESSAGE", "message", "msg", "line", "textPayload"];
/// Fields that hold an object.
const OBJECT: [&str; 4] = ["jsonPayload", "log", "message", "fields"];
/// A wrapper within a wrapper, and no more: what is deeper, nobody writes.
const DEEPEST: u32 = 2;
/// How an event begins.
const BEGINS: &str = r#"{"ts":"#;

/// The event of a whole line, if it holds one and nothing is missing of it.
pub fn event_in(line: &str) -> Option<Event> {
    within(line, DEEPEST)
}

fn within(line: &str, deeper: u32) -> Option<Event> {
    let line = line.trim_start_matches('\u{feff}').trim();
    let line = line.strip_prefix('[').unwrap_or(line);
    let line = line.trim_end_matches([',', ']']);
    Event::parse(line)
        .or_else(|| Event::parse(behind_words(line)?))
        .or_else(|| match serde_json::from_str(line).ok()? {
            Value::Object(object) => unwrapped(&object, deeper),
            Value::String(text) => within(&text, deeper.checked_sub(1)?),
            _ => None,
        })
}

/// What follows a collector's words. An event that was cut and written on by another is no such words.
fn behind_words(line: &str) -> Option<&str> {
    let at = line.find(BEGINS)?;
    (!line[..at].contains(r#"{""#)).then(|| &line[at..])
}

fn unwrapped(object: &Map<String, Value>, deeper: u32) -> Option<Event> {
    let deeper = deeper.checked_sub(1)?;
    let text = TEXT.iter().filter_map(|field| text_of(object.get(*field)?));
    let objects = OBJECT
        .iter()
        .filter_map(|field| object.get(*field)?.as_object());
    text.filter_map(|text| within(&text, deeper))
        .chain(objects.filter_map(|object| Event::parse(&Event(object.clone()).to_string())))
        .next()
}

/// Text, also as the numbers of its bytes: so journald writes a message that holds a control character.
fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Array(bytes) => {
            let byte = |byte: &Value| u8::try_from(byte.as_u64()?).ok();
            let bytes: Option<Vec<_>> = bytes.iter().map(byte).collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned().into())
        }
        _ => None,
    }
}
