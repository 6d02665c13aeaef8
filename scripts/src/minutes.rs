//! How long a page takes to read: two hundred words a minute, and twelve lines of code.
//!
//! Output is read as words: it says what happened, and each line has a few. Code under a fold is counted apart,
//! since a reader who follows the idea needs none of it.

use std::fmt;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::error::Error;
use crate::fence::fences;
use crate::source::Part;

/// The directive that stands for a page's minutes.
pub(crate) const NAME: &str = "minutes";
/// No page takes longer.
pub(crate) const LIMIT: usize = 20;
const WORDS: usize = 200;
const LINES: usize = 12;

/// The directive in the place of which a page says how long it takes.
pub(crate) fn directive() -> String {
    format!("{{{{#{NAME}}}}}")
}

/// What there is to read on a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minutes {
    words: usize,
    lines: usize,
    folded: usize,
}

impl Minutes {
    /// Counts a page of a chapter that lies in `directory`. Titles of listings have been put above them, and
    /// mdBook's own includes are still to be expanded.
    ///
    /// # Errors
    /// When something that is included is not there.
    pub fn of(directory: &Path, text: &str) -> Result<Self, Error> {
        let mut minutes = Self {
            words: prose(text),
            ..Self::default()
        };
        let folds = folds(text);
        for fence in fences(text) {
            let shown = match fence.include() {
                Some(include) => {
                    let argument = include.arguments.first().map_or("", String::as_str);
                    Part::parse(directory, argument)?.text()?
                }
                None => fence.text.clone(),
            };
            let lines = shown.lines().filter(|line| !line.trim().is_empty()).count();
            let is_output = ["console", "text"].contains(&fence.language().as_str());
            match folds.iter().any(|fold| fold.contains(&fence.line)) {
                true => minutes.folded += lines,
                false if is_output => minutes.words += shown.split_whitespace().count(),
                false => minutes.lines += lines,
            }
        }
        Ok(minutes)
    }

    /// Minutes for what stands open, rounded up.
    pub fn open(self) -> usize {
        (self.words * LINES + self.lines * WORDS).div_ceil(WORDS * LINES)
    }

    /// Minutes for the code under folds, rounded up.
    pub fn folded(self) -> usize {
        self.folded.div_ceil(LINES)
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.open() {
            1 => f.write_str("one minute to read")?,
            open => write!(f, "{open} minutes to read")?,
        }
        match self.folded() {
            0 => Ok(()),
            1 => f.write_str(", and one for the folded code"),
            folded => write!(f, ", and {folded} for the folded code"),
        }
    }
}

/// Words of a page outside of code blocks and pictures.
fn prose(text: &str) -> usize {
    let (mut words, mut is_code) = (0, false);
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Text(part) if !is_code => words += part.split_whitespace().count(),
            Event::Code(_) => words += 1,
            _ => {}
        }
    }
    words
}

/// The lines, counted from 1, of what is folded.
fn folds(text: &str) -> Vec<std::ops::Range<usize>> {
    let (mut folds, mut open) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("<details") {
            open.push(at + 1);
        }
        if line.contains("</details>")
            && let Some(begin) = open.pop()
        {
            folds.push(begin..at + 2);
        }
    }
    folds
}
