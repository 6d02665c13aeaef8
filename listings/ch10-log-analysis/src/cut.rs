//! Events that were cut: a writer died in the middle of one, or wrote on in another's line. Also those that stand where
//! none is read.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::brackets::{OUTER, in_plain_quotes, is_rest, open_in};
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
    if all.is_empty() {
        all.extend(elsewhere::names_in(&text).map(Cut::unread));
        let in_columns = elsewhere::names_in_columns(&text);
        all.extend(in_columns.into_iter().map(Cut::unread));
    }
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
    all.extend(numbers(&text).flat_map(|bytes| in_text(&bytes)));
    if ends_in_a_beginning(&text) {
        all.push(Cut::unnamed(IS_CUT));
    }
    let inner = QUOTES
        .iter()
        .filter_map(|quote| with_own_quotes(&text, quote));
    all.extend(inner.flat_map(|text| in_quotes(&text)));
    // Its first field may be what was cut. A brace alone is of anything.
    let begins = (2..BEGINS.len()).any(|length| text.ends_with(&BEGINS[..length]));
    let is_named = !all.is_empty();
    if begins || broken == CUT && goes_on(&text, is_named) || is_rest(&text, is_named) {
        all.push(Cut::unnamed(IS_CUT));
    }
    all
}

/// Whether what a collector has written lacks its end, and an event may be there. Where one `is_named`, more may follow in
/// an answer of many lines alone. An event that stands in its line by itself has no other behind it.
fn goes_on(text: &str, is_named: bool) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    if !text.starts_with(['{', '[']) || text.starts_with(BEGINS) {
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
    says.map(|says| {
        let end = says.find(['"', OUTER]).unwrap_or(says.len());
        let name = &says[..end];
        // Another line may go on within it.
        let of_a_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let own = name.find(|c: char| !of_a_name(c)).filter(|own| *own > 0);
        Cut {
            name: name[..own.unwrap_or(end)].to_owned(),
            is_whole: own.is_none() && says[end..].starts_with('"'),
            why: IS_CUT,
        }
    })
    .collect()
}
