//! An array of JSON with a row a line, as databases and scripts export logs: where its bracket does not come, neither do
//! rows behind the last one.

use crate::brackets::open_in;

/// What is said of a line behind which an array ends without its bracket.
pub(crate) const ENDLESS: &str = "an array of lines ends here without its bracket";

/// An array whose end has not come.
#[derive(Debug, Default)]
pub(super) struct Rows(Option<Open>);

#[derive(Clone, Copy, Debug)]
struct Open {
    /// Its last line so far.
    number: u64,
    /// Whether a comma stands behind that one, or the array has no row yet: so the next line is a row, or the end.
    awaits_row: bool,
    /// Whether an event stands in one of its rows. Other programs write arrays of their own.
    has_event: bool,
}

impl Open {
    fn is_of(self, text: &str) -> bool {
        let is_row = self.awaits_row && text.starts_with(ROWS);
        is_row || text.starts_with([',', ']'])
    }

    /// Where it is an array of a log.
    fn number(self) -> Option<u64> {
        self.has_event.then_some(self.number)
    }
}

/// How a row begins: an object, a text, or an array of cells.
const ROWS: [char; 3] = ['{', '"', '['];

impl Rows {
    /// Takes the next line. The number of the row before it, where its array has ended without its bracket.
    pub(super) fn look(&mut self, number: u64, text: &str, has_event: bool) -> Option<u64> {
        let text = text.trim_start_matches('\u{feff}').trim();
        // psql goes on in its next line behind a plus sign.
        let text = text.strip_suffix('+').map_or(text, str::trim_end);
        if text.is_empty() {
            return None;
        }
        let before = self.0.take();
        let same = before.filter(|open| open.is_of(text));
        let goes_on = match same {
            Some(_) => !is_end(text),
            None => begins(text),
        };
        self.0 = goes_on.then(|| Open {
            number,
            awaits_row: text == "[" || text.ends_with(','),
            has_event: has_event || same.is_some_and(|open| open.has_event),
        });
        match same {
            Some(_) => None,
            None => before?.number(),
        }
    }

    /// The last row of an array whose end has not come.
    pub(super) fn open(&self) -> Option<u64> {
        self.0?.number()
    }

    /// The same, and no more will come.
    pub(super) fn last(&mut self) -> Option<u64> {
        self.0.take()?.number()
    }
}

/// Whether an array begins with a line, and its first row is whole, or is not there.
fn begins(text: &str) -> bool {
    let behind = text.strip_prefix('[').map(str::trim_start);
    behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(ROWS))
        && open_in(text) == *b"["
}

/// Whether the bracket of the array is in a line.
fn is_end(text: &str) -> bool {
    // The space keeps a digit behind it from being read as one of a number in brackets.
    text.starts_with(']') || open_in(&format!("[ {text}")).is_empty()
}
