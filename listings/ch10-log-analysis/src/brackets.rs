//! Brackets that a text opens and does not close, or closes and does not open: a line lacks its end, or its beginning. A
//! file was rotated in the middle of it, for example.

/// A quote that is not of the text in question, but of what it stands in: an event that was cut ends there.
pub(crate) const OUTER: char = '\u{1}';

/// Whether a text closes what it does not open, behind a field or a text of JSON. Where an event `is_named`, others may
/// have stood before it in an answer of many lines alone.
pub(crate) fn is_rest(text: &str, is_named: bool) -> bool {
    // Most lines have none.
    if !text.contains('}') {
        return false;
    }
    // It may have been cut within a backslash and its quote.
    let text = text.trim_start_matches('\\');
    let without = text.strip_prefix('"');
    closes(text, is_named)
        || without.is_some_and(|text| closes(text, is_named))
        || within(text).any(|text| closes(&text, is_named))
}

/// The brackets that a text opens and does not close, apart from those of numbers.
pub(crate) fn open_in(text: &str) -> Vec<u8> {
    let (mut open, mut is_quoted, mut is_escaped) = (Vec::new(), false, false);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'[' if bytes.peek().is_some_and(u8::is_ascii_digit) => open.push(b'0'),
            b'{' | b'[' => open.push(byte),
            b'}' | b']' => {
                open.pop();
            }
            _ => {}
        }
    }
    open
}

/// The texts within a text of JSON and within a field of a table, where they have fields.
fn within(text: &str) -> impl Iterator<Item = String> {
    let has = |field: &str| text.contains(field);
    // Of one that has lost its beginning, no field may be left.
    let is_of_json = has("\\\":") || has("\\\"}\"") || has("\\\"}\\n\"");
    let of_json = is_of_json.then(|| in_plain_quotes(text, "\\\"").replace("\\\\", "\\"));
    let of_a_table = (has("\"\":") || has("\"\"}\"")).then(|| in_plain_quotes(text, "\"\""));
    of_json.into_iter().chain(of_a_table)
}

/// A text with its quotes, which are written so, as they are by themselves.
pub(crate) fn in_plain_quotes(text: &str, quote: &str) -> String {
    const OWN: &str = "\0";
    let text = text.replace(quote, OWN);
    let mut plain = String::with_capacity(text.len());
    for part in text.split_inclusive('"') {
        match part.strip_suffix('"') {
            // The quotes of the texts between the two have backslashes as well.
            Some(inner) => {
                plain.push_str(inner.trim_end_matches('\\'));
                plain.push(OUTER);
            }
            None => plain.push_str(part),
        }
    }
    plain.replace(OWN, "\"")
}

/// Whether a text closes a bracket that it does not open. Where an odd number of quotes is in it, it begins within one of
/// its texts.
fn closes(text: &str, is_named: bool) -> bool {
    let field = text.find("\":").unwrap_or(text.len());
    let (mut open, mut is_quoted, mut before) = (0_u32, begins_in_quotes(text), b' ');
    for (at, byte) in signs(text) {
        let is_of_json = before == b'"' || field < at;
        match byte {
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'{' | b'[' => open += 1,
            b'}' | b']' if open > 0 => open -= 1,
            b'}' if is_of_json && !is_named => return true,
            // A number before it is one of the bytes of a single line, and with an escape it is a command of a terminal.
            b']' if before.is_ascii_digit() || before == b'\x1b' => {}
            b']' if is_of_json && is_named => return true,
            _ => {}
        }
        before = byte;
    }
    false
}

fn begins_in_quotes(text: &str) -> bool {
    let quotes = signs(text).filter(|(_, byte)| *byte == b'"');
    quotes.count() % 2 == 1
}

/// The bytes of a text, apart from those behind a backslash.
fn signs(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let mut is_escaped = false;
    text.bytes().enumerate().filter(move |(_, byte)| {
        let is_sign = !is_escaped;
        is_escaped = is_sign && *byte == b'\\';
        is_sign
    })
}
