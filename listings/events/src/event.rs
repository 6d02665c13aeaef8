//! An event: one JSON object, a line of the log.

use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::format_description;

/// The environment variable that names a file for all events, whatever stderr is set to show.
pub const FILE_VARIABLE: &str = "LAB_EVENTS_FILE";

/// One event: `ts`, `event`, and the fields of that event, in the order in which they were given.
#[derive(Clone, Debug, PartialEq)]
pub struct Event(pub Map<String, Value>);

impl Event {
    /// An event that happens at this moment, for a log that does not come from `tracing`.
    pub fn now<const N: usize>(name: &str, fields: [(&str, Value); N]) -> Self {
        let mut map = Map::new();
        map.insert("ts".into(), timestamp(OffsetDateTime::now_utc()).into());
        map.insert("event".into(), name.into());
        map.extend(fields.map(|(field, value)| (field.to_owned(), value)));
        Self(map)
    }

    /// Reads a line of the log. `None` where it is not an event.
    pub fn parse(line: &str) -> Option<Self> {
        let map: Map<String, Value> = serde_json::from_str(line).ok()?;
        map.get("event")?.as_str()?;
        Some(Self(map))
    }

    /// The event's name, or nothing where the object has none.
    pub fn name(&self) -> &str {
        self.0.get("event").and_then(Value::as_str).unwrap_or("")
    }

    /// A field as text: a string without quotes, anything else as JSON.
    pub fn text(&self, field: &str) -> Option<String> {
        match self.0.get(field)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A field as a whole number.
    pub fn number(&self, field: &str) -> Option<u64> {
        self.0.get(field)?.as_u64()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&line)
    }
}

/// RFC 3339, UTC, nine digits of a second: as long in every event, so that a log sorts as text.
pub fn timestamp(at: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:9]Z");
    at.format(format).unwrap_or_else(|_| at.to_string())
}
