//! Events in forms that are not read: in another notation than JSON, or encoded. That one is there is seen by its name,
//! or by how its encoding begins.

use crate::contract;

/// What is said of a line that has one.
pub(crate) const NOT_READ: &str = "has an event in a form that is not read";

/// The field of an event's name, and what other notations make of it (`EVENT`, `app.event`, `event_s`).
const FIELD: &[u8] = b"event";

/// So far behind it the name begins at most: between them are the quotes of text within text within text.
const GAP: usize = 80;

/// A word of so many letters is one of a sentence. Others are escapes, or a part of the field (`quot`, `stringValue`).
const WORD: usize = 7;

/// What stands between a field and its value, and not between the words of a sentence.
const SIGNS: [char; 8] = ['=', ':', '>', ',', '%', '&', '\\', '\t'];

/// No name of the contract is longer.
const LONGEST_NAME: usize = 64;

/// How something is encoded that begins as an event does: in base64 and in hex. The third is compressed: so CloudWatch
/// hands lines on.
const ENCODED: [&str; 3] = ["eyJ0cyI6I", "7b227473223a", "\"H4sI"];

/// Whether a text has something that may be an event, and would have to be decoded.
pub(crate) fn is_encoded(text: &str) -> bool {
    ENCODED.iter().any(|begins| text.contains(begins))
}

/// The names of the contract that a text gives as those of events, in whatever notation (`event=NAME`, `"event"=>"NAME"`).
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.as_bytes().windows(FIELD.len()).enumerate();
    let fields = words.filter(|(_, word)| word.eq_ignore_ascii_case(FIELD));
    fields.filter_map(|(at, _)| name_behind(&text[at + FIELD.len()..]))
}

fn name_behind(behind: &str) -> Option<&str> {
    let mut at = 0;
    loop {
        at += behind[at..].find(is_of_a_name)?;
        if at > GAP {
            return None;
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
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_lowercase() || c == '_'
}
