//! A mistake in what somebody wrote: where it stands, what is wrong, and what may be meant.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::server::lines::steers;

/// How alike two words must be, from 0 to 1, for one to be taken for the other.
const ALIKE: f64 = 0.75;

/// No sentence about a mistake is longer, unless it repeats what is.
const MOST: usize = 2000;

/// So much of a long line is quoted before a mistake, and from there on.
const QUOTED: [usize; 2] = [40, 120];

/// A mistake, with the line that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What the text is called: a file, or an option of the command line.
    origin: String,
    place: Option<Box<Place>>,
    what: String,
    help: Option<String>,
}

/// Where in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Lines and columns count from 1; columns are characters.
    line: usize,
    column: usize,
    /// How many columns of a terminal are underlined: a letter of Chinese, Japanese or Korean has two.
    width: usize,
    /// What is quoted of the line, and how many columns of that are before the mistake.
    text: String,
    before: usize,
}

impl Mistake {
    /// A mistake of the whole text.
    pub fn of(origin: &str, what: impl Into<String>) -> Self {
        Self {
            origin: origin.to_owned(),
            place: None,
            what: what.into(),
            help: None,
        }
    }

    /// A mistake at these bytes of the text. Of a place with several lines, the first is shown.
    pub fn at(origin: &str, text: &str, span: Range<usize>, what: impl Into<String>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[begin..].lines().next().unwrap_or_default();
        let column = before[begin..].chars().count();
        let marked = text.get(span.clone()).unwrap_or_default();
        let marked = marked.lines().next().unwrap_or_default();
        let (text, before_it) = quoted(line, column);
        let of = |skipped, many| text.chars().skip(skipped).take(many).collect::<String>();
        let width = of(before_it, marked.chars().count()).width().max(1);
        let before_it = of(0, before_it).width();
        Self {
            place: Some(Box::new(Place {
                line: before.matches('\n').count() + 1,
                column: column + 1,
                width,
                text,
                before: before_it,
            })),
            ..Self::of(origin, what)
        }
    }

    /// Its line and column, which mistakes are sorted by.
    pub(crate) fn place(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|place| (place.line, place.column))
    }

    /// With what may be meant, or what to do.
    pub fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// The line, or what is near the column of a long one, and how many characters of it are before the column.
fn quoted(line: &str, column: usize) -> (String, usize) {
    let [before, after] = QUOTED;
    let skipped = match line.chars().nth(before + after) {
        Some(_) => column.saturating_sub(before),
        None => 0,
    };
    let mut text = if skipped > 0 { "…" } else { "" }.to_owned();
    let begin = text.chars().count();
    let near = line.chars().skip(skipped);
    text.extend(near.take(before + after).map(harmless));
    if line.chars().nth(skipped + before + after).is_some() {
        text.push('…');
    }
    (text, column - skipped + begin)
}

/// A tab is as wide as the terminal makes it, and other characters do to the line what they say.
fn harmless(letter: char) -> char {
    match letter {
        '\t' => ' ',
        letter if steers(letter) => '.',
        letter => letter,
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, what, .. } = self;
        let [origin, what] = [origin, what].map(|text| shown(text));
        let indent = match &self.place {
            None => {
                write!(f, "{origin}: {what}")?;
                String::new()
            }
            Some(place) => {
                let Place { line, column, .. } = &**place;
                // A command line has one line.
                match origin.starts_with('-') {
                    true => writeln!(f, "{origin}, column {column}: {what}")?,
                    false => writeln!(f, "{origin}, line {line}, column {column}: {what}")?,
                }
                let indent = " ".repeat(line.to_string().len());
                let (before, carets) = (" ".repeat(place.before), "^".repeat(place.width));
                writeln!(f, "{indent} |")?;
                writeln!(f, "{line} | {}", place.text)?;
                write!(f, "{indent} | {before}{carets}")?;
                indent
            }
        };
        match &self.help {
            Some(help) => write!(f, "\n{indent} = {}", shown(help)),
            None => Ok(()),
        }
    }
}

/// A sentence on one line, and not longer than anybody reads: it may repeat what was written.
fn shown(text: &str) -> String {
    let length = text.chars().count();
    let text = text.chars().map(harmless);
    match length <= MOST {
        true => text.collect(),
        // What was written stands in the middle, and why it is wrong at the end.
        false => {
            let end = text.clone().skip(length - MOST / 2);
            text.take(MOST / 2).chain(['…']).chain(end).collect()
        }
    }
}

/// Quotes as word processors and pages of the web have them.
const TYPOGRAPHIC: [char; 7] = ['“', '”', '„', '‘', '’', '«', '»'];

/// What to do about a text that is no TOML for this reason, where that can be said.
pub(crate) fn help_with(text: &str, span: &Range<usize>, why: &str) -> Option<String> {
    let marked = text.get(span.clone())?;
    if marked.contains(TYPOGRAPHIC) {
        return Some("TOML has straight quotes alone: \" or '".into());
    }
    if why != "duplicate key" {
        return None;
    }
    let is_same = |line: &str| {
        let line = line.trim_start().trim_start_matches('[').trim_start();
        let rest = line.strip_prefix(marked).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with(['=', ']', '.']))
    };
    let before = text.get(..span.start)?;
    // The line that holds the mistake is not over.
    let lines: Vec<_> = before.split_inclusive('\n').collect();
    let over = lines.iter().filter(|line| line.ends_with('\n')).count();
    let first = lines[..over].iter().rposition(|line| is_same(line))? + 1;
    Some(format!(
        "line {first} has `{marked}` already: keep one of them, with all that belongs to it"
    ))
}

/// The word of `known` that `typed` is probably meant to be.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let rated = known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(typed, word), word));
    let alike = rated.filter(|(rate, _)| *rate >= ALIKE);
    let best = alike.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carets(text: &str, marked: &str) -> String {
        let at = text.find(marked).unwrap();
        let mistake = Mistake::at("it.toml", text, at..at + marked.len(), "is wrong");
        let lines = mistake.to_string();
        lines.lines().nth(3).unwrap().to_owned()
    }

    /// A letter of Chinese has two columns of a terminal, an accent that is a character of its own has none.
    #[test]
    fn carets_stand_below_what_is_wrong_however_wide_the_letters_are() {
        assert_eq!(carets("name = 5", "5"), "  |        ^");
        assert_eq!(carets("名 = 5", "5"), "  |      ^");
        assert_eq!(carets("a = '証明書'", "'証明書'"), "  |     ^^^^^^^^");
        assert_eq!(carets("e\u{301} = 5", "5"), "  |     ^");
        // What is empty is underlined as well, and no more than is shown.
        assert_eq!(carets("a =", ""), "  | ^");
        let long = format!("a = '{}'", "x".repeat(900));
        let underlined = carets(&long, &long[4..]);
        assert!(underlined.len() < 200, "{underlined}");
    }
}
