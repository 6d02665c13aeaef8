//! What is no log of this contract, although it looks like one, and what to do about it.

use lab::event::Event;
use serde_json::Value;

use crate::contract;

const NO_GENERATION: &str = "a load whose `generation` is no whole number";
const NO_SERIAL: &str = "a load whose `serial` is no text";

/// Whether a line is broken since it is a load that does not say what was loaded.
pub(crate) fn is_load(broken: &str) -> bool {
    [NO_GENERATION, NO_SERIAL].contains(&broken)
}

/// What is said of a line whose message a collector has not written.
pub(crate) const LEFT_OUT: &str = "its message was left out";

/// What is said of a line in which a collector says that it has dropped others.
pub(crate) const DROPPED: &str = "lines were dropped here";

/// Whether an event may be missing where this line stands, by the word of what has collected it.
pub(crate) fn left_out(line: &str) -> Option<&'static str> {
    // `journalctl -o json` writes null for what has over 4,096 bytes, and other forms so for what is no plain text.
    let is_null = line.contains("\"__CURSOR\"")
        && line.contains("null")
        && line.replace(' ', "").contains("\"MESSAGE\":null");
    if is_null || line.contains(" blob data]") && is_large_blob(line) {
        return Some(LEFT_OUT);
    }
    // systemd-journald and rsyslog.
    let drops = [
        ("Suppressed ", " messages from "),
        ("begin to drop ", "due to rate-limiting"),
        (" lost ", "due to rate-limiting"),
    ];
    let tells = |(first, then): &(&str, &str)| {
        let behind = line.split_once(first).map(|(_, behind)| behind);
        behind.is_some_and(|behind| behind.contains(then))
    };
    drops.iter().any(tells).then_some(DROPPED)
}

/// Fields of a rate of sampling: Vector has the first, and Honeycomb the second.
const RATES: [&str; 2] = ["\"sample_rate\":", "\"samplerate\":"];

/// Of how many lines one was kept, or what share, where a collector has written that beside it.
pub(crate) fn sampled(line: &str) -> Option<&str> {
    let mut rates = RATES.iter().filter_map(|field| line.split_once(field));
    let (_, behind) = rates.next()?;
    let behind = behind.trim_start_matches([' ', '"']);
    let end = behind.find(|c: char| !c.is_ascii_digit() && c != '.');
    let rate = &behind[..end.unwrap_or(behind.len())];
    rate.parse()
        .is_ok_and(|rate: f64| (rate - 1.0).abs() > f64::EPSILON)
        .then_some(rate)
}

/// Whether what journald calls a blob may be an event: the shortest one has 41 bytes. `[150B blob data]`, `[16.0K blob data]`.
fn is_large_blob(line: &str) -> bool {
    const SHORTEST: u32 = 41;
    // Each part is searched once, and not all before it for each of them: that takes a minute.
    let (before, _) = line.rsplit_once(" blob data]").unwrap_or_default();
    let mut sizes = before
        .split(" blob data]")
        .filter_map(|part| part.rsplit('[').next());
    sizes.any(|size| match size.strip_suffix('B') {
        Some(bytes) => bytes.parse().is_ok_and(|bytes: u32| bytes >= SHORTEST),
        None => size.ends_with(['K', 'M', 'G']),
    })
}

/// Counts, which some collectors turn into text or into fractions.
const COUNTS: [&str; 4] = ["generation", "connection", "process", "port"];

/// The event, with its counts as whole numbers and its serial as the contract writes it. Where it is a load that does not
/// say what was loaded, also what is wrong: to guess would make another server of it.
pub(crate) fn readable(mut event: Event) -> (Event, Option<&'static str>) {
    for field in COUNTS {
        if let Some(value) = event.0.get_mut(field)
            && let Some(number) = whole(value)
        {
            *value = number.into();
        }
    }
    // As tools write it, and not all programs of a run alike.
    if let Some(Value::String(serial)) = event.0.get_mut("serial")
        && let Ok(plain) = contract::serial(serial)
    {
        *serial = plain;
    }
    let wrong = match (event.number("generation"), event.0.get("serial")) {
        _ if event.name() != "identity_loaded" => None,
        (None, _) => Some(NO_GENERATION),
        (_, Some(Value::String(_))) => None,
        _ => Some(NO_SERIAL),
    };
    (event, wrong)
}

/// What is no whole number, and means one.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        // A float has whole numbers up to here without a gap.
        Value::Number(number) => {
            let exact = |number: &f64| number.fract() == 0.0 && (0.0..=9e15).contains(number);
            number.as_f64().filter(exact).map(|number| number as u64)
        }
        _ => None,
    }
}

/// How a file begins that is no text, or no line for each event, and what to do: nothing would be found in it.
const BEGINNINGS: [(&[u8], &str); 10] = [
    (
        b"LPKSHHRH",
        "it is a journal of systemd: read it through `journalctl --all --file FILE -o cat | zdr log ...`",
    ),
    (
        b"\x1f\x8b",
        "it is compressed by gzip: read it through `zcat FILE | zdr log ...`",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "it is compressed by zstd: read it through `zstdcat FILE | zdr log ...`",
    ),
    (
        b"\xfd7zXZ",
        "it is compressed by xz: read it through `xzcat FILE | zdr log ...`",
    ),
    (
        b"BZh",
        "it is compressed by bzip2: read it through `bzcat FILE | zdr log ...`",
    ),
    (
        b"\x04\x22\x4d\x18",
        "it is compressed by lz4: read it through `lz4cat FILE | zdr log ...`",
    ),
    (
        b"PK\x03\x04",
        "it is a zip archive: read it through `unzip -p FILE | zdr log ...`",
    ),
    (
        b"\xff\xfe\0\0",
        "it is UTF-32: read it through `iconv -f UTF-32 -t UTF-8 FILE | zdr log ...`",
    ),
    (
        b"{\0\"\0",
        "it is UTF-16: read it through `iconv -f UTF-16LE -t UTF-8 FILE | zdr log ...`",
    ),
    (
        b"\0{\0\"",
        "it is UTF-16: read it through `iconv -f UTF-16BE -t UTF-8 FILE | zdr log ...`",
    ),
];

/// What a log is that is no text, or no line for each event, by its first bytes.
pub(crate) fn foreign(beginning: &[u8]) -> Option<&'static str> {
    let begins = |(magic, _): &&(&[u8], &str)| beginning.starts_with(magic);
    if let Some((_, what)) = BEGINNINGS.iter().find(begins) {
        return Some(what);
    }
    if let Some(what) = encoded(beginning) {
        return Some(what);
    }
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    let text = text.trim_ascii_start();
    let array = text.first() == Some(&b'[');
    let object = text.strip_prefix(b"[").unwrap_or(text).trim_ascii_start();
    if object.first() != Some(&b'{') {
        return None;
    }
    let end = object.iter().position(|byte| *byte == b'\n');
    let line = &object[..end.unwrap_or(object.len())];
    let has = |what: &[u8]| line.windows(what.len()).any(|part| part == what);
    match line[1..].trim_ascii() {
        [] if end.is_some() && array => Some(
            "it is one JSON array over many lines: read it through `jq -c '.[]' FILE | zdr log ...`",
        ),
        [] if end.is_some() && is_of_ruby(&object[2..]) => Some(
            "it is in the notation of Ruby over many lines: have Logstash write it with `codec => json_lines`",
        ),
        [] if end.is_some() => Some(
            "its events are JSON over many lines: read it through `jq -c . FILE | zdr log ...`",
        ),
        _ if array && (has(b"},{") || has(b"}, {")) => Some(
            "it is one JSON array in one line: read it through `jq -c '.[]' FILE | zdr log ...`",
        ),
        _ if has(b"}\r{") => Some(
            "its lines end with CR alone: read it through `tr '\\r' '\\n' < FILE | zdr log ...`",
        ),
        _ => None,
    }
}

/// What it is by its first letters, in UTF-16 with a byte order mark or without one, or by the mark behind the first name
/// of an archive.
fn encoded(beginning: &[u8]) -> Option<&'static str> {
    match beginning {
        [0xff, 0xfe, _, 0, ..] | [0xfe, 0xff, 0, _, ..] => {
            Some("it is UTF-16: read it through `iconv -f UTF-16 -t UTF-8 FILE | zdr log ...`")
        }
        [1..=255, 0, 1..=255, 0, 1..=255, 0, ..] => {
            Some("it is UTF-16: read it through `iconv -f UTF-16LE -t UTF-8 FILE | zdr log ...`")
        }
        [0, 1..=255, 0, 1..=255, 0, 1..=255, ..] => {
            Some("it is UTF-16: read it through `iconv -f UTF-16BE -t UTF-8 FILE | zdr log ...`")
        }
        _ => {
            let magic = beginning.get(257..262)?;
            let what = "it is a tar archive: read it through `tar -xOf FILE | zdr log ...`";
            (magic == b"ustar").then_some(what)
        }
    }
}

/// Whether the first field of an object over many lines is written as Ruby writes it.
fn is_of_ruby(fields: &[u8]) -> bool {
    let first = fields
        .trim_ascii_start()
        .split(|byte| *byte == b'\n')
        .next();
    first.is_some_and(|first| first.windows(4).any(|part| part == b"\" =>"))
}
