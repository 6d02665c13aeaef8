//! From which files of a log something was heard: one whose form is not read looks as one in which nothing happened.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract;
use crate::read::Line;

/// The files, by their number.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Those that have had an event of the contract.
    talking: BTreeSet<usize>,
    /// Those that have had lines, and none of them was one: each with the place of its first line.
    silent: BTreeMap<usize, String>,
    /// Those that have had no line, with their names.
    empty: BTreeMap<usize, String>,
}

impl Heard {
    /// Of files of these names.
    pub(super) fn of(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            empty: (0..).zip(names).collect(),
            ..Self::default()
        }
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: &Line, named: &dyn Fn(&Line) -> String) {
        if self.talking.contains(&line.file) {
            return;
        }
        self.empty.remove(&line.file);
        let event = line.event.as_ref();
        if event.is_some_and(|event| contract::has(event.name())) {
            self.silent.remove(&line.file);
            self.talking.insert(line.file);
        } else {
            self.silent.entry(line.file).or_insert_with(|| named(line));
        }
    }

    /// What is said of a file that has no such event, where others have.
    pub(super) fn silence(&self) -> Option<String> {
        // None is one of several.
        if self.talking.is_empty() {
            return None;
        }
        if let Some(place) = self.silent.values().next() {
            let said = "this file holds no event of the contract: it proves nothing";
            return Some(format!("{place}: {said}"));
        }
        let name = self.empty.values().next()?;
        Some(format!(
            "{name}: this file is empty: it proves nothing (leave it out if nothing may be in it)"
        ))
    }
}
