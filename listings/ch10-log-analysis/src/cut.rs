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

/// The events in a line that are not whole.
pub(crate) fn events(line: &Line) -> Vec<Cut> {
    if line
        .broken
        .is_none_or(|why| ![CUT, NO_EVENT].contains(&why))
    {
        return Vec::new();
    }
    // As text within an object, it has its quotes escaped.
    let text = line.text.replace(r#"\""#, r#"""#);
    let mut begun = text.split(BEGINS);
    // The words of a collector of logs, or the rest of an event whose beginning is not there.
    let mut all = named(begun.next().unwrap_or_default());
    for behind in begun.filter(|behind| !is_whole(behind)) {
        let names = named(behind);
        if names.is_empty() {
            all.push(Cut {
                name: String::new(),
                is_whole: false,
            });
        }
        all.extend(names);
    }
    all
}

/// Whether an event is all there, by the text behind its [`BEGINS`].
fn is_whole(behind: &str) -> bool {
    let all = format!("{BEGINS}{behind}");
    let end = all.rfind('}').map_or(0, |at| at + 1);
    Event::parse(&all[..end]).is_some()
}

/// The names of events in a text. Where the middle of a line is lost, there may be two.
fn named(text: &str) -> Vec<Cut> {
    let says = text.split(r#""event":""#).skip(1);
    let name = says.map(|says| match says.split_once('"') {
        Some((name, _)) => (name, true),
        None => (says, false),
    });
    name.map(|(name, is_whole)| Cut {
        name: name.to_owned(),
        is_whole,
    })
    .collect()
}
