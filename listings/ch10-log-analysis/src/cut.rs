//! Events that were cut: a writer died in the middle of one, or wrote on in another's line.

use lab::event::Event;

use crate::read::{CUT, Line, NO_EVENT};
use crate::wrapped::BEGINS;

/// What is left of an event that was cut.
#[derive(Debug)]
pub(crate) struct Cut {
    /// Its name, or the beginning of it.
    name: String,
    is_whole: bool,
}

impl Cut {
    /// Whether it may have been an event of this name.
    pub(crate) fn may_be(&self, name: &str) -> bool {
        match self.is_whole {
            true => name == self.name,
            false => name.starts_with(&self.name),
        }
    }
}

/// The events that begin in a line and are not whole.
pub(crate) fn events(line: &Line) -> Vec<Cut> {
    if line
        .broken
        .is_none_or(|why| ![CUT, NO_EVENT].contains(&why))
    {
        return Vec::new();
    }
    // As text within an object, it has its quotes escaped.
    let text = line.text.replace(r#"\""#, r#"""#);
    // What stands before the first are the words of a collector of logs.
    let begun = text.split(BEGINS).skip(1);
    begun.filter_map(cut).collect()
}

/// What is left of an event, by the text behind its [`BEGINS`].
fn cut(behind: &str) -> Option<Cut> {
    let all = format!("{BEGINS}{behind}");
    let end = all.rfind('}').map_or(0, |at| at + 1);
    if Event::parse(&all[..end]).is_some() {
        return None;
    }
    let (name, is_whole) = match behind.split_once(r#""event":""#) {
        None => ("", false),
        Some((_, says)) => match says.split_once('"') {
            Some((name, _)) => (name, true),
            None => (says, false),
        },
    };
    Some(Cut {
        name: name.to_owned(),
        is_whole,
    })
}
