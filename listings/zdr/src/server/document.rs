//! The text of a TOML file, in which each mistake has its place.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::server::mistake::{Mistake, help_with, nearest};
use crate::server::placeholders::{WITH_KEY, is_script, unknown};
use crate::server::reference::{ANY, Key, Table, table_at, tables};
use crate::server::values::places;

/// Where words in braces are replaced.
const FILLED: &[&str] = &[
    "command",
    "setup",
    "cwd",
    "mutual",
    "file.path",
    "file.text",
    "reload.command",
    "reload.socket.path",
    "reload.socket.send",
];

/// Keys of other tools, and ours for the same.
const SYNONYMS: &[(&[&str], &str)] = &[
    (&["cmd", "exec", "program", "args", "start"], "command"),
    (&["host", "url", "addr", "port"], "address"),
    (&["key_type", "key_kind", "algorithm"], "keys"),
    (&["timeout", "timeout_ms"], "within_ms"),
    (&["dir", "workdir", "working_directory"], "cwd"),
    (&["dir", "folder"], "directory"),
];

/// The text of a file, parsed.
pub(super) struct Document<'a> {
    origin: &'a str,
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// # Errors
    /// When the text is no TOML.
    pub(super) fn parse(origin: &'a str, text: &'a str) -> Result<Self, Mistake> {
        let root = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let help = help_with(text, &span, error.message());
            Mistake::at(origin, text, span, error.message()).with_help(help)
        })?;
        Ok(Self { origin, text, root })
    }

    /// Keys that are unknown or missing, and unknown words in braces.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        let whole = self.root.span();
        self.table("", self.root.get_ref(), whole, &mut found);
        for Misfit { path, key, .. } in misfits("", self.root.get_ref(), self.text) {
            let what = format!("`{path}` is one table: begin it with `[{path}]`");
            let name = path.rsplit('.').next().unwrap_or(&path);
            let known = table_at(
                path.strip_suffix(name)
                    .unwrap_or_default()
                    .trim_end_matches('.'),
            );
            let help = known.and_then(|table| Some(table.key(name)?.example.clone()));
            found.push(self.mistake(key, what).with_help(help));
        }
        found.sort_by_key(Mistake::place);
        found
    }

    /// A mistake at a key, which is found by its path, or else of the whole file.
    pub(super) fn at(&self, path: &[&str], what: impl Into<String>) -> Mistake {
        let mut table = Some(self.root.get_ref());
        let mut place = None;
        for name in path {
            let found = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name));
            place = found.map(|(key, _)| key.span()).or(place);
            table = found.and_then(|(_, value)| value.get_ref().as_table());
        }
        match place {
            Some(span) => self.mistake(span, what),
            None => Mistake::of(self.origin, what),
        }
    }

    /// What the deserializer complains of, and what would be right.
    pub(super) fn complaint(&self, error: &toml::de::Error) -> Mistake {
        let span = error.span().unwrap_or_default();
        let message = error.message();
        let written = self.text.get(span.clone()).unwrap_or_default();
        let what = in_words_of_toml(message, written);
        let help = match message.split('`').collect::<Vec<_>>()[..] {
            [start, typed, _, ref known @ ..] if start.starts_with("unknown variant") => {
                let known = known.iter().step_by(2).copied();
                nearest(typed, known).map(|word| format!("did you mean `{word}`?"))
            }
            _ if ["invalid type", "invalid value", "wanted "]
                .iter()
                .any(|of| message.starts_with(of)) =>
            {
                let key = self.key_at(&span);
                key.map(|key| format!("`{}` is {}: {}", key.name, wanted(key), key.example))
            }
            _ => None,
        };
        self.mistake(span, what).with_help(help)
    }

    /// A copy of the text in which spaces stand for what is no table where one belongs: the deserializer takes
    /// a list for the values of a table, in their order.
    pub(super) fn without_misfits(&self, text: &str) -> String {
        let misfits = misfits("", self.root.get_ref(), self.text);
        let places = misfits.into_iter().flat_map(|misfit| misfit.places);
        places.fold(text.to_owned(), |copy, place| {
            self.without(&copy, &place).unwrap_or(copy)
        })
    }

    /// A copy of the text in which spaces stand for the entry that holds this place: each other entry is where
    /// it was.
    pub(super) fn without(&self, copy: &str, span: &Range<usize>) -> Option<String> {
        let mut copy = copy.as_bytes().to_vec();
        for entry in entries_at(self.text, self.root.get_ref(), span)? {
            let blank = copy.get_mut(entry)?.iter_mut();
            blank
                .filter(|byte| **byte != b'\n')
                .for_each(|byte| *byte = b' ');
        }
        String::from_utf8(copy).ok()
    }

    fn mistake(&self, span: Range<usize>, what: impl Into<String>) -> Mistake {
        Mistake::at(self.origin, self.text, span, what)
    }

    fn table(&self, path: &str, table: &DeTable, span: Range<usize>, found: &mut Vec<Mistake>) {
        let Some(known) = table_at(path) else {
            // Of tables whose names the file chooses.
            for (key, value) in table {
                self.value(&below(path, key.get_ref()), value, found);
            }
            return;
        };
        for (key, value) in table {
            let name: &str = key.get_ref();
            let below = below(path, name);
            if known.key(name).is_none() {
                let what = format!("unknown key `{name}`{}", of(known));
                let help = Some(advice(known, name));
                found.push(self.mistake(key.span(), what).with_help(help));
                continue;
            }
            self.value(&below, value, found);
        }
        let there = |key: &Key| table.keys().any(|name| **name.get_ref() == *key.name);
        for key in known
            .keys
            .iter()
            .filter(|key| key.is_required && !there(key))
        {
            let what = format!("missing key `{}`{}", key.name, of(known));
            let help = format!("{} {}", key.example, comment(&key.about));
            found.push(self.mistake(span.clone(), what).with_help(Some(help)));
        }
    }

    fn value(&self, path: &str, value: &Spanned<DeValue>, found: &mut Vec<Mistake>) {
        match value.get_ref() {
            DeValue::Array(_) if is_one_table(path) => {}
            DeValue::Table(table) => self.table(path, table, value.span(), found),
            DeValue::Array(items) => items.iter().for_each(|item| self.value(path, item, found)),
            DeValue::String(text) if FILLED.contains(&path) => {
                self.words(path, text, value.span(), found);
            }
            _ => {}
        }
    }

    /// Looks at a text in which words are replaced.
    fn words(&self, path: &str, text: &str, span: Range<usize>, found: &mut Vec<Mistake>) {
        let is_script = is_script(text) || path == "mutual";
        let written = self.text.get(span.clone()).unwrap_or_default();
        let place = |word: &str| match written.find(word) {
            Some(at) => span.start + at..span.start + at + word.len(),
            None => span.clone(),
        };
        for unknown in unknown(text, is_script) {
            let written = &text[unknown.span.clone()];
            let what = format!("unknown word `{written}`");
            let help = unknown.help();
            let place = place(written);
            found.push(self.mistake(place, what).with_help(Some(help)));
        }
        for (word, only) in [("{pid}", "reload.command"), ("{pem}", "reload.socket.send")] {
            if text.contains(word) && path != only {
                let what = format!("`{word}` is known in `{only}` only");
                found.push(self.mistake(place(word), what));
            }
        }
        let is_missing = |key: &str| !self.root.get_ref().contains_key(key);
        for (word, key) in WITH_KEY.iter().filter(|(_, key)| is_missing(key)) {
            if places(text, word).is_empty() {
                continue;
            }
            let what = format!("`{{{word}}}` without the key `{key}`: there is no such file");
            let key = table_at("").and_then(|table| table.key(key));
            let help = key.map(|key| format!("{} {}", key.example, comment(&key.about)));
            let place = place(&format!("{{{word}}}"));
            found.push(self.mistake(place, what).with_help(help));
        }
    }

    /// The innermost key whose value holds this place.
    fn key_at(&self, span: &Range<usize>) -> Option<&'static Key> {
        key_in("", self.root.get_ref(), span)
    }
}

/// Whether one table belongs here, and no list of them.
fn is_one_table(path: &str) -> bool {
    let of_tables = format!("{path}.{ANY}");
    let is_known =
        |table: &Table| !table.is_list && (table.path == of_tables || table.path == path);
    tables().iter().any(is_known) || table_at(path).is_some_and(|table| !table.is_list)
}

/// What is no table where one belongs.
struct Misfit {
    path: String,
    /// Where its name is.
    key: Range<usize>,
    /// Its places: more than one where it is written as several tables.
    places: Vec<Range<usize>>,
}

fn misfits(path: &str, table: &DeTable, text: &str) -> Vec<Misfit> {
    let of = |(key, value): (&Spanned<Cow<'_, str>>, &Spanned<DeValue>)| {
        let path = below(path, key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => misfits(&path, inner, text),
            _ if is_one_table(&path) => {
                let tables = tables_of(text, value).into_iter();
                let headers: Vec<_> = tables.map(|(_, header)| header).collect();
                let places = match headers.is_empty() {
                    true => vec![value.span()],
                    false => headers,
                };
                let key = key.span();
                vec![Misfit { path, key, places }]
            }
            _ => Vec::new(),
        }
    };
    table.iter().flat_map(of).collect()
}

/// A complaint of the deserializer, whose types are those of Rust.
fn in_words_of_toml(message: &str, written: &str) -> String {
    let is_day = written.starts_with(|first: char| first.is_ascii_digit());
    let map = if is_day { "type: date" } else { "type: table" };
    let is_negative = message.contains("value: integer `-");
    let is_integer = message.contains("integer `");
    let least = match (is_negative, is_integer) {
        (true, _) => "expected 0 or more",
        // The type is right, and the number is not.
        (false, true) => "expected a smaller one",
        (false, false) => "expected an integer",
    };
    [
        ("type: map", map),
        ("type: sequence", "type: array"),
        ("expected a sequence", "expected an array"),
        ("expected a map", "expected a table"),
        ("expected path string", "expected a string"),
        ("expected struct Config", "expected a table"),
        ("expected u64", least),
        ("expected i32", least),
        (" as i128", ""),
        ("wanted string or table", "expected a string"),
    ]
    .iter()
    .fold(message.to_owned(), |message, (theirs, toml)| {
        message.replace(theirs, toml)
    })
}

fn key_in(path: &str, table: &DeTable, span: &Range<usize>) -> Option<&'static Key> {
    let known = table_at(path);
    table.iter().find_map(|(key, value)| {
        let within = value.span();
        let holds = within.start <= span.start && span.end <= within.end;
        match value.get_ref() {
            // A table's place is its header's.
            DeValue::Table(inner) if within != *span => {
                key_in(&below(path, key.get_ref()), inner, span)
            }
            _ if holds => known?.key(key.get_ref()),
            _ => None,
        }
    })
}

/// The places of the entry that holds another: of a table with a header of its own, that of the header and of each
/// of its entries.
fn entries_at(text: &str, table: &DeTable, span: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let within = |at: &Range<usize>| at.start <= span.start && span.end <= at.end;
    table.iter().find_map(|(key, value)| {
        let tables = tables_of(text, value);
        if tables.is_empty() {
            let whole = whole(text, key, value);
            return within(&whole).then(|| vec![whole]);
        }
        tables.into_iter().find_map(|(inner, header)| {
            let is_header = within(&header) || within(&key.span());
            let found = entries_at(text, inner, span);
            found.or_else(|| is_header.then(|| all_of(text, inner, header)))
        })
    })
}

/// The tables of a value that are not written within braces, each with the place of its header.
fn tables_of<'a>(
    text: &str,
    value: &'a Spanned<DeValue<'a>>,
) -> Vec<(&'a DeTable<'a>, Range<usize>)> {
    let begins = |at: &Range<usize>, with: char| text[at.start..].starts_with(with);
    match value.get_ref() {
        DeValue::Table(inner) if !begins(&value.span(), '{') => vec![(inner, value.span())],
        DeValue::Array(items) => {
            let tables = items.iter().map(|item| {
                let table = item.get_ref().as_table()?;
                begins(&item.span(), '[').then(|| (table, item.span()))
            });
            tables.collect::<Option<_>>().unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn all_of(text: &str, table: &DeTable, header: Range<usize>) -> Vec<Range<usize>> {
    // A table that is there by the name of another has no header.
    let header = text[header.start..].starts_with('[').then_some(header);
    let entries = table.iter().flat_map(|(key, value)| {
        let tables = tables_of(text, value);
        match tables.is_empty() {
            true => vec![whole(text, key, value)],
            false => tables
                .into_iter()
                .flat_map(|(inner, header)| all_of(text, inner, header))
                .collect(),
        }
    });
    header.into_iter().chain(entries).collect()
}

/// From the beginning of a key, with the names before it where it is dotted, to the end of its value.
fn whole(text: &str, key: &Spanned<Cow<'_, str>>, value: &Spanned<DeValue>) -> Range<usize> {
    let before = &text[..key.span().start];
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let is_dotted = before[line..].trim_end().ends_with('.');
    let start = if is_dotted { line } else { key.span().start };
    start..value.span().end.max(key.span().end)
}

fn below(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// Where a key is, for a sentence.
fn of(table: &Table) -> String {
    match table.header().as_str() {
        "" => String::new(),
        header => format!(" in `{header}`"),
    }
}

/// What a key takes, for a sentence.
fn wanted(key: &Key) -> String {
    let words = key.choices.iter().map(|(word, _)| format!("\"{word}\""));
    match words.collect::<Vec<_>>()[..] {
        [] => format!("of the type {}", key.kind),
        ref words => format!("one of {}", words.join(", ")),
    }
}

/// The first sentence of what a key means.
fn comment(about: &str) -> String {
    let sentence = about.split_once(". ").map_or(about, |(first, _)| first);
    format!("# {}", sentence.trim_end_matches('.'))
}

/// What may be meant by an unknown key: one of this table, or one of another.
fn advice(table: &Table, name: &str) -> String {
    let elsewhere = tables().iter().find(|other| other.key(name).is_some());
    let names = table.keys.iter().map(|key| key.name.as_str());
    let other = SYNONYMS.iter().find(|(others, _)| others.contains(&name));
    let other = other
        .map(|(_, ours)| *ours)
        .filter(|ours| table.key(ours).is_some());
    match (elsewhere, other.or_else(|| nearest(name, names))) {
        (Some(other), _) if other.path.is_empty() => {
            format!("`{name}` stands above the first `[table]` of the file")
        }
        (Some(other), _) => format!("`{name}` is a key of `{}`", other.header()),
        (None, Some(word)) => {
            format!("did you mean `{word}`? `zdr help toml` lists all keys")
        }
        (None, None) => "`zdr help toml` lists all keys".into(),
    }
}
