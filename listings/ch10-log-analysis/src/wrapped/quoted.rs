//! Lines that stand in quotes: as a JSON string, as a field of a table, and as a value among words.

use std::collections::HashSet;

use serde_json::Deserializer;

/// A line as a JSON string, or the fields of a table (RFC 4180) that hold an object, in which each quote is two.
pub(super) fn text_in_quotes(line: &str) -> Option<String> {
    let line = line.strip_prefix('[').unwrap_or(line);
    // Most lines are an object, and need not be searched.
    if line.starts_with('{') {
        return None;
    }
    if line.starts_with('"') {
        let string = serde_json::from_str(line.trim_end_matches([',', ']']));
        if let Ok(string) = string {
            return Some(string);
        }
    }
    // In JSON, no quote stands behind such a quote.
    const OBJECT: &str = r#""{"""#;
    let (mut texts, mut known, mut rest) = (Vec::new(), HashSet::new(), line);
    while let Some(at) = rest.find(OBJECT) {
        let (text, behind) = field(&rest[at + 1..]);
        // Some exports have a line twice: as it came, and as what was left of it.
        if known.insert(text.clone()) {
            texts.push(text);
        }
        rest = behind;
    }
    (!texts.is_empty()).then(|| texts.join(" "))
}

/// A field of a table, without the quote before it, and what stands behind its last one.
fn field(text: &str) -> (String, &str) {
    let mut from = 0;
    while let Some(quote) = text[from..].find('"').map(|at| from + at) {
        let behind = &text[quote + 1..];
        if !behind.starts_with('"') {
            return (text[..quote].replace(r#""""#, "\""), behind);
        }
        from = quote + 2;
    }
    (text.replace(r#""""#, "\""), "")
}

/// The values among words that hold an object, as logfmt and Ruby write them, and whether another one is cut. In an object
/// of JSON, the field says whether it is a line.
pub(super) fn values_in_quotes(line: &str) -> (Vec<String>, bool) {
    const OBJECT: &str = r#""{\""#;
    let (mut texts, mut known, mut rest) = (Vec::new(), HashSet::new(), line);
    if line.starts_with('{') {
        return (texts, false);
    }
    while let Some(at) = rest.find(OBJECT) {
        let mut values = Deserializer::from_str(&rest[at..]).into_iter::<String>();
        let Some(Ok(text)) = values.next() else {
            return (texts, true);
        };
        rest = &rest[at + values.byte_offset()..];
        if known.insert(text.clone()) {
            texts.push(text);
        }
    }
    (texts, false)
}
