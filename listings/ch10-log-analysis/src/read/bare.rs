//! Lines that were cut behind the words, or within them, that a collector writes before each.

use super::{BARE, CUT, Line, NO_EVENT};
use crate::wrapped::BEGINS;

/// Shorter ones are words of any program.
const SHORTEST: usize = 4;

/// By so many bytes the words before one line may be longer than those before another: numbers are.
const LONGER: usize = 32;

/// The words before the last event of a source.
#[derive(Debug, Default)]
pub(super) struct Words(String);

impl Words {
    /// Takes the next line, and says so where it is cut. One of another program that is empty has all of the words before
    /// it; where not even a line break follows, it may be any.
    pub(super) fn look(&mut self, line: &mut Line, is_ended: bool) {
        if line.event.is_some() {
            let words = words_before(&line.text);
            let is_torn = words.len() >= self.0.len() + SHORTEST && self.begin_twice(words);
            if is_torn && [None, Some(CUT)].contains(&line.broken) {
                line.broken = Some(BARE);
                return;
            }
            self.0.clear();
            self.0.push_str(words);
            return;
        }
        let text = line.text.trim_end();
        let may_be = line.broken == Some(NO_EVENT) && text.len() <= self.0.len() + LONGER;
        if !may_be || text.is_empty() {
            return;
        }
        let is_cut = match is_ended {
            true => {
                let (text_shape, words) = (shape(text), shape(self.0.trim_end()));
                text.len() >= SHORTEST && text_shape != words && words.starts_with(&text_shape)
            }
            false => (shape(&self.0) + "{").starts_with(&shape(text)),
        };
        if is_cut {
            line.broken = Some(BARE);
        }
    }

    /// Whether the words of a line are those of the line before behind a part of them: in the words of a line that was cut,
    /// another line begins.
    fn begin_twice(&self, words: &str) -> bool {
        let (before, words) = (shape(&self.0), shape(words));
        let cut = words.strip_suffix(&before);
        let before = before.clone() + BEGINS;
        cut.is_some_and(|cut| !cut.is_empty() && before.starts_with(cut))
    }
}

/// What stands before the first object of JSON, however its quotes are written.
fn words_before(text: &str) -> &str {
    if let Some((words, _)) = text.split_once(BEGINS) {
        return words;
    }
    let mut braces = text.match_indices('{').map(|(at, _)| at);
    let begins = |at: &usize| text[at + 1..].trim_start().starts_with(['"', '\\']);
    braces.find(begins).map_or("", |at| &text[..at])
}

/// Words with each number as one zero: they differ by their numbers.
fn shape(words: &str) -> String {
    let mut shape = String::with_capacity(words.len() + 1);
    for c in words.chars() {
        match c.is_ascii_digit() {
            true if shape.ends_with('0') => {}
            true => shape.push('0'),
            false => shape.push(c),
        }
    }
    shape
}
