//! The event contract, for those who ask: a name that it does not have would be looked for in vain, and
//! "no such event" would always hold.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;

use lab::event::Event;
use lab::log::Want;
use serde_json::Value;

/// The JSON Schema of all events.
const SCHEMA: &str = include_str!("../../lab/events.schema.json");

/// What the contract says of each event, by its name.
static EVENTS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    // A test reads it whole. Without it, no name is known, and each is refused.
    let schema: Value = serde_json::from_str(SCHEMA).unwrap_or_default();
    let events = schema["oneOf"].as_array().into_iter().flatten();
    let named = |event: &Value| Some((event["title"].as_str()?.to_owned(), event.clone()));
    events.filter_map(named).collect()
});

/// So many letters may be wrong in a name that is meant to be another.
const MISSPELT: usize = 3;

/// Reads what is wanted, as [`Want`] does, and refuses what no event of the contract can be.
///
/// # Errors
/// With the name, field or value that the contract does not have, and the nearest that it has.
pub fn wanted(typed: &str) -> Result<Want, String> {
    Want::from_str(typed)?;
    let name = typed.split_whitespace().next().unwrap_or_default();
    let Some(event) = EVENTS.get(name) else {
        return Err(unknown("event", name, EVENTS.keys().cloned()));
    };
    let mut words = vec![name.to_owned()];
    for word in typed.split_whitespace().skip(1) {
        let Some((field, value)) = word.split_once('=') else {
            continue;
        };
        let Some(about) = event["properties"].get(field) else {
            let known = event["properties"].as_object().into_iter().flatten();
            let known = known.map(|(known, _)| known.clone());
            return Err(unknown(&format!("field of `{name}`"), field, known));
        };
        let value = value_of(field, value, about).map_err(|what| {
            format!("`{value}` is no {what}, and `{field}` of `{name}` is one: it would be looked for in vain")
        });
        let value = value?;
        let values = values(about);
        if !values.is_empty() && !values.contains(&value) {
            let what = format!("`{field}` of `{name}`");
            return Err(unknown(&what, &value, values.into_iter()));
        }
        words.push(format!("{field}={value}"));
    }
    Want::from_str(&words.join(" "))
}

/// Reads a serial number as tools print it: in hex of either case, with colons or `0x` or zeros before it.
///
/// # Errors
/// When it is none.
pub fn serial(typed: &str) -> Result<String, String> {
    plain_serial(typed).ok_or_else(|| format!("`{typed}` is no serial number in hex"))
}

fn plain_serial(typed: &str) -> Option<String> {
    let (sign, digits) = match typed.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", typed),
    };
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let digits = digits.replace(':', "").to_ascii_lowercase();
    let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let significant = digits.trim_start_matches('0');
    let significant = if significant.is_empty() {
        "0"
    } else {
        significant
    };
    is_hex.then(|| format!("{sign}{significant}"))
}

/// A value as events have it. An error names what it should be.
fn value_of(field: &str, typed: &str, about: &Value) -> Result<String, &'static str> {
    let is = |kind: &str| match &about["type"] {
        Value::Array(kinds) => kinds.iter().any(|one| one == kind),
        one => one == kind,
    };
    if field == "serial" {
        return plain_serial(typed).ok_or("serial number in hex");
    }
    if is("null") && typed == "null" {
        return Ok(typed.to_owned());
    }
    let fits = match () {
        () if is("integer") => (typed.parse::<i64>().is_ok(), "whole number"),
        () if is("number") => (typed.parse::<f64>().is_ok(), "number"),
        () if is("boolean") => (typed.parse::<bool>().is_ok(), "`true` or `false`"),
        () => (true, ""),
    };
    match fits {
        (true, _) => Ok(typed.to_owned()),
        (false, what) => Err(what),
    }
}

/// Whether the contract has an event of this name. Other programs log events of their own.
pub(crate) fn has(name: &str) -> bool {
    EVENTS.contains_key(name)
}

/// Whether the name of one of its events begins so.
pub(crate) fn has_one_that_begins(name: &str) -> bool {
    EVENTS.keys().any(|known| known.starts_with(name))
}

/// Whether an event of a log that does not keep to the contract may be what is unwanted: its name is a
/// misspelt one, or it has a reason that there is not. Says so.
pub(crate) fn may_be(event: &Event, unwanted: &Want) -> Option<String> {
    let unwanted = unwanted.to_string();
    let mut words = unwanted.split(' ');
    let name = words.next().unwrap_or_default();
    if event.name().contains('\u{fffd}') {
        return Some(format!(
            "the name of an event holds bytes that are no text, and it may be `{name}`"
        ));
    }
    let Some(about) = EVENTS.get(event.name()) else {
        let written = event.name().to_lowercase().replace('-', "_");
        // To compare a name of a megabyte takes a minute, and its length alone tells that it is none of these.
        let length = written.chars().count();
        let is_near = |known: &&String| known.len().abs_diff(length) <= MISSPELT;
        let far = |known: &&String| strsim::damerau_levenshtein(known, &written);
        let nearest = EVENTS.keys().filter(is_near).min_by_key(far)?;
        let meant = nearest == name && far(&nearest) <= MISSPELT;
        let said = format!(
            "`{}` is no event of the contract, and may be `{name}`",
            event.name()
        );
        return meant.then_some(said);
    };
    let mut fields = words.filter_map(|word| word.split_once('=').map(|(field, _)| field));
    fields.find_map(|field| {
        let values = values(&about["properties"][field]);
        let value = event.text(field)?;
        let is_odd = event.name() == name && !values.is_empty() && !values.contains(&value);
        is_odd
            .then(|| format!("`{name}` has a `{field}` that the contract does not have: `{value}`"))
    })
}

/// The values that a field may have, where they are a closed set, as a person types them.
fn values(about: &Value) -> Vec<String> {
    let said = |value: &Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    about["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .map(said)
        .collect()
}

fn unknown(what: &str, typed: &str, known: impl Iterator<Item = String>) -> String {
    let nearest = known.min_by_key(|known| strsim::damerau_levenshtein(known, typed));
    match nearest {
        Some(nearest) => format!("`{typed}` is no {what} of the contract: `{nearest}`?"),
        None => format!("`{typed}` is no {what} of the contract"),
    }
}
