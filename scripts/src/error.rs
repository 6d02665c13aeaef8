//! What can be wrong with what the book is made from.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a directive cannot be expanded: its file, the part of it, or what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file cannot be read.
    File(PathBuf, String),
    /// The file has no such anchor.
    UnknownAnchor(PathBuf, String),
    /// The anchor begins more than once.
    DuplicateAnchor(PathBuf, String),
    /// The anchor does not end.
    UnclosedAnchor(PathBuf, String),
    /// There is nothing between the anchor's two ends, or in the file.
    Empty(PathBuf, Option<String>),
    /// The argument asks for lines by number, which drift.
    LineNumbers(String),
    /// A line of a log, counted from 1, is not an event, or lacks a field.
    Line(usize, String),
    /// The log holds no event of the kind that is drawn: "no events".
    NothingToDraw(&'static str),
    /// A list does not parse, or an entry of it cannot be shown.
    List(String),
    /// The two files of a diff, by their paths, are the same.
    Same(String, String),
    /// The title of a listing says nothing, or belongs to none, and what it lacks.
    Title(&'static str),
    /// Another error, and the file (or the line of the chapter) in which it was found.
    In(String, Box<Error>),
}

impl Error {
    /// A list that cannot be shown, and why.
    pub(crate) fn list(error: impl fmt::Display) -> Self {
        Self::List(error.to_string())
    }

    /// A file that cannot be read.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::File(path.to_owned(), error.to_string())
    }

    /// The same error, with the place in which it was found.
    pub(crate) fn within(self, place: impl fmt::Display) -> Self {
        Self::In(place.to_string(), Box::new(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::UnknownAnchor(path, name) => {
                write!(f, "{} has no anchor `{name}`", path.display())
            }
            Self::DuplicateAnchor(path, name) => {
                write!(f, "anchor `{name}` begins twice in {}", path.display())
            }
            Self::UnclosedAnchor(path, name) => {
                write!(f, "anchor `{name}` in {} does not end", path.display())
            }
            Self::Empty(path, Some(name)) => {
                write!(f, "anchor `{name}` in {} is empty", path.display())
            }
            Self::Empty(path, None) => write!(f, "{} is empty", path.display()),
            Self::LineNumbers(argument) => {
                write!(f, "`{argument}` names lines by number: name an anchor")
            }
            Self::Line(line, error) => write!(f, "line {line}: {error}"),
            Self::NothingToDraw(missing) => f.write_str(missing),
            Self::List(error) => f.write_str(error),
            Self::Same(old, new) => write!(f, "{old} and {new} are the same"),
            Self::Title(lacks) => write!(f, "the title of a listing {lacks}"),
            Self::In(place, error) => write!(f, "{place}: {error}"),
        }
    }
}

impl std::error::Error for Error {}
