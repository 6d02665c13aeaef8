//! The event contract, for those who ask: a name that it does not have would be looked for in vain, and
//! "no such event" would always hold.

use std::str::FromStr;

use lab::log::Want;
use serde_json::Value;

/// The JSON Schema of all events.
const SCHEMA: &str = include_str!("../../lab/events.schema.json");

/// Reads what is wanted, as [`Want`] does, and refuses what no event of the contract can be.
///
/// # Errors
/// With the name, field or value that the contract does not have, and the nearest that it has.
pub fn wanted(typed: &str) -> Result<Want, String> {
    let want = Want::from_str(typed)?;
    let schema: Value = serde_json::from_str(SCHEMA).map_err(|error| error.to_string())?;
    let events = schema["oneOf"].as_array().into_iter().flatten();
    let name = typed.split_whitespace().next().unwrap_or_default();
    let title = |event: &Value| event["title"].as_str().unwrap_or_default().to_owned();
    let Some(event) = events.clone().find(|event| title(event) == name) else {
        return Err(unknown("event", name, events.map(title)));
    };
    let fields = event["properties"].as_object().into_iter().flatten();
    for word in typed.split_whitespace().skip(1) {
        let Some((field, value)) = word.split_once('=') else {
            continue;
        };
        let Some((_, about)) = fields.clone().find(|(known, _)| *known == field) else {
            let known = fields.map(|(known, _)| known.clone());
            return Err(unknown(&format!("field of `{name}`"), field, known));
        };
        let values = about["enum"].as_array().into_iter().flatten();
        let mut values = values.map(said).peekable();
        if values.peek().is_some() && !values.clone().any(|known| known == value) {
            return Err(unknown(&format!("`{field}` of `{name}`"), value, values));
        }
    }
    Ok(want)
}

/// A value as a person types it.
fn said(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn unknown(what: &str, typed: &str, known: impl Iterator<Item = String>) -> String {
    let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(known, typed));
    match nearest {
        Some(nearest) => format!("`{typed}` is no {what} of the contract: `{nearest}`?"),
        None => format!("`{typed}` is no {what} of the contract"),
    }
}
