//! Events in forms that are not read: in another notation than JSON, in columns, or encoded. That one is there is seen by
//! its name, or by how its encoding begins.

use lab::secrets::base64;

use crate::contract;

/// What is said of a line that has one.
pub(crate) const NOT_READ: &str =
    "has an event in a form that is not read (have such lines exported as JSON)";

/// The field of an event's name, and what other notations make of it (`EVENT`, `app.event`, `event_s`).
const FIELD: &[u8] = b"event";

/// So far behind it the name begins at most, apart from backslashes: of these, a text within a text has twice as many.
const GAP: usize = 80;

/// A word of so many letters is one of a sentence. Others are escapes, or a part of the field (`quot`, `stringValue`).
const WORD: usize = 7;

/// What stands between a field and its value, and not between the words of a sentence.
const SIGNS: [char; 8] = ['=', ':', '>', ',', '%', '&', '\\', '\t'];

/// No name of the contract is longer.
const LONGEST_NAME: usize = 64;

/// How something is encoded that begins as an event does: in base64 and in hex. The third is compressed: so CloudWatch
/// hands lines on. The others are how what gzip, zstd, xz, bzip2 and lz4 write begins, behind lines that are plain: bytes
/// that are no text are replaced.
const ENCODED: [&str; 8] = [
    "eyJ0cyI6I",
    "7b227473223a",
    "\"H4sI",
    "\u{1f}\u{fffd}\u{8}",
    "(\u{fffd}/\u{fffd}",
    "\u{fffd}7zXZ",
    "1AY&SY",
    "\u{4}\"M\u{18}",
];

/// The shortest event has 41 bytes, and what was cut to less says little.
const SHORTEST_IN_BASE64: usize = 40;

/// Whether a text has something that may be an event, and would have to be decoded.
pub(crate) fn is_encoded(text: &str) -> bool {
    ENCODED.iter().any(|begins| text.contains(begins))
}

/// What may be base64, decoded: words may stand before an event in it, as in a line of a container's runtime.
pub(crate) fn decoded(text: &str) -> impl Iterator<Item = String> {
    let is_digit = |c: char| matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' | '-' | '_');
    let runs = text.split(move |c| !is_digit(c));
    let runs = runs.filter(|run| run.len() >= SHORTEST_IN_BASE64);
    runs.map(|run| String::from_utf8_lossy(&base64(run.as_bytes())).replace(' ', ""))
}

/// The names of the contract that a text gives as those of events, in whatever notation (`event=NAME`, `"event"=>"NAME"`).
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.as_bytes().windows(FIELD.len()).enumerate();
    let fields = words.filter(|(_, word)| word.eq_ignore_ascii_case(FIELD));
    fields.filter_map(|(at, _)| name_behind(&text[at + FIELD.len()..]))
}

fn name_behind(behind: &str) -> Option<&str> {
    let (mut at, mut gap) = (0, 0);
    loop {
        // No further than a name may stand: to search the rest of a long line for each field takes minutes.
        let mut rest = behind[at..].bytes();
        while !is_of_a_name(rest.next()?.into()) {
            gap += usize::from(behind.as_bytes()[at] != b'\\');
            at += 1;
            if gap > GAP {
                return None;
            }
        }
        let letters = behind[at..].bytes().take(LONGEST_NAME);
        let length = letters.take_while(|byte| is_of_a_name((*byte).into()));
        let word = &behind[at..at + length.count()];
        if contract::has(word) {
            return behind[..at].contains(SIGNS).then_some(word);
        }
        if word.len() >= WORD {
            return None;
        }
        at += word.len();
        gap += word.len();
    }
}

/// The names of the contract that stand in a column of their own, beside one that has a time: an event whose fields are
/// columns (`2026-01-01T00:00:05Z,identity_rejected,2`, in CSV, between tabs, bars or several spaces, or in an array).
pub(crate) fn names_in_columns(text: &str) -> Vec<&str> {
    let columns = || {
        let parts = text.split([',', ';', '\t', '|']);
        parts.flat_map(|part| part.split("  ")).map(plain)
    };
    let mut names = columns().filter(|column| contract::has(column)).peekable();
    let is_dated = names.peek().is_some() && columns().any(is_time);
    names.filter(|_| is_dated).collect()
}

/// A column without its quotes.
fn plain(column: &str) -> &str {
    column.trim_matches(|c: char| c.is_whitespace() || ['"', '\'', '[', ']'].contains(&c))
}

/// Whether a column has a time and nothing else, as a date or as a number of seconds, with the names of a day, of a month
/// and of a zone (`Thu 1 Jan 2026 00:00:05 UTC`). A comma may stand in it: `"Jan 1, 2026 @ 00:00:01"`.
fn is_time(column: &str) -> bool {
    let digits = column.bytes().filter(u8::is_ascii_digit).count();
    let letters = column.split(|c: char| !c.is_ascii_alphabetic());
    let mut words = letters.filter(|word| !word.is_empty()).peekable();
    let is_plain = words.peek().is_none();
    let is_name = |word: &str| word.len() <= LONGEST_OF_A_TIME && !word.starts_with(is_of_a_name);
    let is_sign = |c: char| c.is_alphanumeric() || " -:./@+,".contains(c);
    digits >= 6
        && column.chars().all(is_sign)
        && words.all(is_name)
        && (is_plain || column.contains([':', '-', '/']))
}

/// Wednesday, September.
const LONGEST_OF_A_TIME: usize = 9;

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_lowercase() || c == '_'
}
