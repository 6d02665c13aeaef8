//! What stands in a chapter: directives, and the parts of listings that they name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// `{{#name argument argument}}`, and the line it stands on, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// What follows `#`.
    pub name: String,
    /// What follows the name, split at white space.
    pub arguments: Vec<String>,
    /// The line in the chapter.
    pub line: usize,
    /// From the first brace to the last, as a range of bytes.
    pub span: std::ops::Range<usize>,
}

/// Finds every directive. One with a backslash before it is text.
pub fn directives(text: &str) -> Vec<Directive> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find("{{#").map(|offset| at + offset) {
        let Some(end) = text[begin..].find("}}").map(|offset| begin + offset + 2) else {
            break;
        };
        at = end;
        if text[..begin].ends_with('\\') {
            continue;
        }
        let mut words = text[begin + 3..end - 2].split_whitespace();
        let name = words.next().unwrap_or_default().to_owned();
        found.push(Directive {
            name,
            arguments: words.map(str::to_owned).collect(),
            line: text[..begin].matches('\n').count() + 1,
            span: begin..end,
        });
    }
    found
}

/// A file, or a part of it: `path` or `path:anchor`, relative to the chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// The name between `ANCHOR:` and the end of its line.
    pub anchor: Option<String>,
}

impl Part {
    /// Reads `path[:anchor]` as a directive in a chapter that lies in `directory` means it.
    ///
    /// # Errors
    /// When lines are given by number: they drift without anybody noticing.
    pub fn parse(directory: &Path, argument: &str) -> Result<Self, Error> {
        let (path, anchor) = match argument.split_once(':') {
            Some((path, anchor)) => (path, Some(anchor.to_owned())),
            None => (argument, None),
        };
        match &anchor {
            Some(name) if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) => {
                Err(Error::LineNumbers(argument.to_owned()))
            }
            _ => Ok(Self {
                path: directory.join(path),
                anchor,
            }),
        }
    }

    /// The text to show: the file or the part of it, without the lines that mark anchors.
    ///
    /// # Errors
    /// When there is no such part, or nothing in it.
    pub fn text(&self) -> Result<String, Error> {
        let whole =
            fs::read_to_string(&self.path).map_err(|error| Error::file(&self.path, &error))?;
        let mut shown = Vec::new();
        let (mut begun, mut inside) = (0, self.anchor.is_none());
        for line in whole.lines() {
            match mark(line) {
                Some((Mark::Begin, name)) if Some(name) == self.anchor.as_deref() => {
                    begun += 1;
                    inside = true;
                }
                Some((Mark::End, name)) if Some(name) == self.anchor.as_deref() => inside = false,
                Some(_) => {}
                None if inside => shown.push(line),
                None => {}
            }
        }
        if let Some(name) = self.anchor.clone() {
            let path = self.path.clone();
            match begun {
                0 => return Err(Error::UnknownAnchor(path, name)),
                1 if inside => return Err(Error::UnclosedAnchor(path, name)),
                1 => {}
                _ => return Err(Error::DuplicateAnchor(path, name)),
            }
        }
        if shown.iter().all(|line| line.trim().is_empty()) {
            return Err(Error::Empty(self.path.clone(), self.anchor.clone()));
        }
        Ok(shown.join("\n") + "\n")
    }
}

enum Mark {
    Begin,
    End,
}

/// `ANCHOR: name` or `ANCHOR_END: name`, as mdBook reads them.
fn mark(line: &str) -> Option<(Mark, &str)> {
    let (mark, rest) = match line.split_once("ANCHOR_END:") {
        Some((_, rest)) => (Mark::End, rest),
        None => (Mark::Begin, line.split_once("ANCHOR:")?.1),
    };
    rest.split_whitespace().next().map(|name| (mark, name))
}
