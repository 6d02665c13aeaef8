//! Events that were cut: a writer died in the middle of one, or wrote on in another's line. Also those that stand where
//! none is read.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::brackets::{OUTER, in_plain_quotes, is_rest, open_in};
use crate::contract;
use crate::elsewhere;
use crate::read::{BARE, CUT, Line, NO_EVENT};
use crate::wrapped::{BEGINS, is_named_twice, without_colours};

/// What is said of a line that lacks a part.
const IS_CUT: &str = "is cut";

/// What is left of an event that was cut, or what is seen of one that is not read.
#[derive(Debug)]
pub(crate) struct Cut {
    /// Its name, or the beginning of it.
    name: String,
    is_whole: bool,
    /// What is said of its line.
    pub(crate) why: &'static str,
}

impl Cut {
    /// Whether it may have been an event of this name.
    pub(crate) fn may_be(&self, name: &str) -> bool {
        match self.is_whole {
            true => name == self.name,
            false => name.starts_with(&self.name),
        }
    }

    /// Whether it is one of another program.
    fn is_other(&self) -> bool {
        match self.is_whole {
            true => !contract::has(&self.name),
            false => !contract::has_one_that_begins(&self.name),
        }
    }

    /// One of which not even the name is left.
    fn unnamed(why: &'static str) -> Self {
        Self {
            name: String::new(),
            is_whole: false,
            why,
        }
    }

    /// One that is there, where none is read.
    fn unread(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_whole: true,
            why: elsewhere::NOT_READ,
        }
    }
}

/// The quotes of text within text of JSON, once, twice and three times, and within a field of a table.
const QUOTES: [&str; 4] = [r#"\""#, r#"\\\""#, r#"\\\\\\\""#, r#""""#];

/// The events in a line that are not whole.
pub(crate) fn events(line: &Line) -> Vec<Cut> {
    let broken = match line.broken {
        // A line of so few words may be of any.
        Some(BARE) => return vec![Cut::unnamed(IS_CUT)],
        Some(why) if [CUT, NO_EVENT].contains(&why) => why,
        _ => return Vec::new(),
    };
    let text = without_colours(&line.text);
    // Where UTF-16 stands behind lines of UTF-8, each second byte is zero.
    let text = match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "")),
        false => text,
    };
    let mut all = in_json(&text, broken);
    if all.iter().all(Cut::is_other) {
        all.extend(elsewhere::names_in(&text).map(Cut::unread));
        let in_columns = elsewhere::names_in_columns(&text);
        all.extend(in_columns.into_iter().map(Cut::unread));
    }
    all.extend(elsewhere::decoded(&text).flat_map(|text| in_bytes(&text)));
    if elsewhere::is_encoded(&text) {
        all.push(Cut::unnamed(elsewhere::NOT_READ));
    }
    all
}

/// Those that are written as events are.
fn in_json(text: &str, broken: &str) -> Vec<Cut> {
    // Words of other programs are read often, and most have none of what an event begins with.
    if !text.contains(['"', ',']) {
        return Vec::new();
    }
    // Some programs write spaces between the parts of an event.
    let text = text.replace(' ', "");
    let mut all = in_text(&text);
    all.extend(numbers(&text).flat_map(|bytes| in_bytes(&bytes)));
    if ends_in_a_beginning(&text) {
        all.push(Cut::unnamed(IS_CUT));
    }
    let inner = QUOTES
        .iter()
        .filter_map(|quote| with_own_quotes(&text, quote));
    all.extend(inner.flat_map(|text| in_quotes(&text)));
    let is_named = !all.iter().all(Cut::is_other);
    let goes_on = || goes_on(&text, is_named) || is_torn(&text);
    if ends_as_one_begins(&text) || broken == CUT && goes_on() || is_rest(&text, is_named) {
        all.push(Cut::unnamed(IS_CUT));
    }
    all
}

/// Whether the first field of an event may be what was cut: the text ends with what is left of it, or the text within it
/// does, as in a field of a table. A brace alone is of anything.
fn ends_as_one_begins(text: &str) -> bool {
    let signs = ['"', '\\'];
    text.match_indices('{').any(|(at, _)| {
        let field = &text[at + 1..];
        if !field.starts_with(signs) {
            return false;
        }
        let name = field.trim_start_matches(signs);
        let name = name.strip_prefix('t').unwrap_or(name);
        let end = name.strip_prefix('s').unwrap_or(name);
        let end = end.trim_start_matches(signs);
        // Its own quotes stand behind a backslash, or are two.
        let is_of_a_text = field.starts_with('\\') || field.starts_with("\"\"");
        let before = &text[..at];
        let begins_it = before.ends_with('"') && !before.ends_with("\\\"");
        let is_over = || end.starts_with([',', '}', '.', '…', '<', '[']) || end.starts_with("n\"");
        end.is_empty() || is_of_a_text && begins_it && is_over()
    })
}

/// Whether another line begins within an object that was cut: in the name of its first field, or where this field is there
/// once more and no object of an array or of a field can be.
fn is_torn(text: &str) -> bool {
    let Some(at) = text.find("{\"") else {
        return false;
    };
    let (name, values) = text[at + 2..].split_once('"').unwrap_or_default();
    let of_a_name = |c: char| c.is_alphanumeric() || "_@.-".contains(c);
    let field = name.trim_end_matches('{');
    if field.is_empty() || !field.chars().all(of_a_name) {
        return false;
    }
    if !values.starts_with(':') {
        return field != name || values.starts_with('{');
    }
    let first = format!("{{\"{name}\":");
    let can_be = |before: &str| ["},", "[", ":"].iter().any(|sign| before.ends_with(sign));
    let mut again = values.match_indices(&first).map(|(at, _)| &values[..at]);
    first != BEGINS && again.any(|before| before == ":" || !can_be(before))
}

/// Whether what a collector has written lacks its end, and an event may be there. Where one `is_named`, more may follow in
/// an answer of many lines alone. An event that stands in its line by itself has no other behind it.
fn goes_on(text: &str, is_named: bool) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let text = match text.starts_with(['{', '[']) {
        true => text,
        // An array of objects behind words.
        false => text.find("[{\"").map_or("", |at| &text[at..]),
    };
    if text.is_empty() || text.starts_with(BEGINS) {
        return false;
    }
    let open = open_in(text);
    match is_named {
        true => open.contains(&b'['),
        false => !open.is_empty(),
    }
}

/// Text as the numbers of its bytes: so journald writes a message that holds a control character. Where the array was cut,
/// its last number may be a part of one.
fn numbers(text: &str) -> impl Iterator<Item = String> {
    let runs = text.split(is_of_no_array);
    let runs = runs.filter(|run| run.len() >= "123,34".len() && run.contains(','));
    runs.map(text_of)
}

fn is_of_no_array(c: char) -> bool {
    !c.is_ascii_digit() && c != ','
}

fn text_of(numbers: &str) -> String {
    let bytes: Vec<u8> = numbers
        .split(',')
        .filter_map(|byte| byte.parse().ok())
        .collect();
    String::from_utf8_lossy(&bytes).replace(' ', "")
}

/// Whether an array of such numbers was cut where not even the first field of an event is there. The numbers of other
/// programs have a bracket behind them, or none before them (`took 123,34 ms`).
fn ends_in_a_beginning(text: &str) -> bool {
    let mut arrays = text.split('[').skip(1);
    arrays.any(|array| {
        let end = array.find(is_of_no_array).unwrap_or(array.len());
        let (numbers, behind) = array.split_at(end);
        if behind.starts_with([']', '.']) {
            return false;
        }
        let bytes = text_of(numbers);
        let mut without_a_part = bytes.chars();
        without_a_part.next_back();
        let begins = |text: &str| (2..BEGINS.len()).any(|length| text.ends_with(&BEGINS[..length]));
        begins(&bytes) || begins(without_a_part.as_str())
    })
}

/// The text whose quotes are written so, if one of an event is there: they are plain in it.
fn with_own_quotes(text: &str, quote: &str) -> Option<String> {
    let has = |field: &str| text.contains(&format!("{quote}{field}{quote}:"));
    if !has("ts") && !has("event") {
        return None;
    }
    Some(in_plain_quotes(text, quote))
}

/// Those of a text that stands there as the numbers of its bytes. One that is whole was not read, since what is around it
/// is in no form that is.
fn in_bytes(text: &str) -> Vec<Cut> {
    let mut all = in_text(text);
    if all.is_empty() {
        all.extend(elsewhere::names_in(text).map(Cut::unread));
    }
    if is_rest(text, !all.is_empty()) {
        all.push(Cut::unnamed(IS_CUT));
    }
    all
}

/// Those of one text.
fn in_text(text: &str) -> Vec<Cut> {
    let mut begun = text.split(BEGINS);
    // The words of a collector of logs, or the rest of an event whose beginning is not there.
    let mut all = named(begun.next().unwrap_or_default());
    for behind in begun.filter(|behind| !is_whole(behind)) {
        all.extend(named_or_not(behind));
    }
    all
}

/// Those of a text that stands in quotes of a line. One that is whole was not read, since what is around it is broken, or
/// is a field of another kind.
fn in_quotes(text: &str) -> Vec<Cut> {
    let mut begun = text.split(BEGINS);
    let mut all = named(begun.next().unwrap_or_default());
    for behind in begun {
        let own = behind.split(OUTER).next().unwrap_or_default();
        match is_whole(own) {
            true => all.extend(named(own).iter().map(|cut| Cut::unread(&cut.name))),
            false => all.extend(named_or_not(behind)),
        }
    }
    all
}

/// The names of events in a text that is cut, or one without a name.
fn named_or_not(behind: &str) -> Vec<Cut> {
    let names = named(behind);
    match names.is_empty() {
        true => vec![Cut::unnamed(IS_CUT)],
        false => names,
    }
}

/// Whether an event, or another program's object with a time, is all there, and it alone, by the text behind its
/// [`BEGINS`].
fn is_whole(behind: &str) -> bool {
    let all = format!("{BEGINS}{behind}");
    let end = all.rfind('}').map_or(0, |at| at + 1);
    let object = serde_json::from_str::<Map<String, Value>>(&all[..end]);
    object.is_ok() && !is_named_twice(&all)
}

/// The names of events in a text. Where the middle of a line is lost, there may be two.
fn named(text: &str) -> Vec<Cut> {
    let says = text.split(r#""event":""#).skip(1);
    says.filter_map(|says| {
        let end = says.find(['"', OUTER]).unwrap_or(says.len());
        let name = &says[..end];
        // A text with quotes of its own: Splunk has a line in a field of this name.
        if name.ends_with('\\') {
            return (!is_ended(says)).then(|| Cut::unnamed(IS_CUT));
        }
        // Another line may go on within it.
        let of_a_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let own = name.find(|c: char| !of_a_name(c));
        let has_end = says[end..].starts_with('"') && name != "{";
        let (own, is_whole) = match own {
            // A name of another kind.
            Some(0) if has_end => (end, true),
            Some(own) => (own, false),
            None => (end, has_end),
        };
        Some(Cut {
            name: name[..own].to_owned(),
            is_whole,
            why: IS_CUT,
        })
    })
    .collect()
}

/// Whether a text has the quote that ends it.
fn is_ended(text: &str) -> bool {
    let mut is_escaped = false;
    text.bytes().any(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}
