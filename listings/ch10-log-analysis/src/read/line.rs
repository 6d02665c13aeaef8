//! A line, and the event in it.

use lab::event::Event;

use super::{ENDLESS, REPEATED};
use crate::format::time_of;
use crate::odd::{self, DROPPED, LEFT_OUT};
use crate::repeated::Recent;
use crate::wrapped::{BEGINS, events_in};

/// No event is longer. What is longer is no event, and is not kept in memory.
pub const LONGEST: usize = 1 << 20;

/// What is said of a line that is longer.
pub const TOO_LONG: &str = "too long";

/// The text of a line, or why there is none.
pub(crate) type Text = Result<String, &'static str>;

/// What is said of a line that lacks a part.
pub(crate) const CUT: &str = "cut, or no JSON";

/// What is said of an event that does not say when it happened.
pub(crate) const TIMELESS: &str = "an event without a time";

/// What is said of a line that was cut behind the words that a collector writes before each, or within them: what stood
/// there may have been anything.
pub(crate) const BARE: &str = "cut within the words before it";

/// What is said of a line that is something else.
pub(crate) const NO_EVENT: &str = "no event";

/// What is said of a line of which only a part was looked at.
pub(crate) const TANGLED: &str = "too many broken objects";

/// One line of a log. Of a line with several events, each of them is a line with the same number.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which of the input's files; 0 for the standard input.
    pub file: usize,
    /// Counted from 1. Of a line that a runtime has cut into parts, that of the first.
    pub number: u64,
    /// As it stands there. Of a line that is too long, nothing; of the second event in a line, that event.
    pub text: String,
    /// The event in it, also where a collector of logs has wrapped it. In a line that was cut and written on by
    /// another, the one that is whole.
    pub event: Option<Event>,
    /// Why it is not an event alone.
    pub broken: Option<&'static str>,
}

impl Line {
    /// The place where an array of lines ends without its bracket.
    pub(super) fn endless(file: usize, number: u64) -> Self {
        Self {
            file,
            number,
            text: String::new(),
            event: None,
            broken: Some(ENDLESS),
        }
    }

    /// Why nobody can say what stands there, as the end of a sentence: anything may.
    pub(crate) fn unread(&self) -> Option<&'static str> {
        let why = match self.broken? {
            CUT => odd::left_out(&self.text)?,
            why => why,
        };
        Some(match why {
            TOO_LONG => "is too long to be read",
            TANGLED => "has too many broken objects to be read",
            LEFT_OUT => "lacks its message, which `journalctl --all` shows",
            DROPPED => "tells of lines that were dropped",
            ENDLESS => "is the last of an array that lacks its end",
            _ => return None,
        })
    }

    /// The event, unless it is a load that does not say what was loaded.
    pub(crate) fn readable(&self) -> Option<&Event> {
        let is_odd = self.broken.is_some_and(odd::is_load);
        self.event.as_ref().filter(|_| !is_odd)
    }

    /// The same, unless it was told before: a collector may send a line twice.
    pub(crate) fn news(&self) -> Option<&Event> {
        self.readable().filter(|_| self.broken != Some(REPEATED))
    }

    /// Says so where its event stood there before. In a line that is cut as well, or tells of what is not there, only
    /// that is told.
    pub(super) fn mark_repeated(&mut self, recent: &mut Recent) {
        let repeated = recent.look(self.event.as_ref());
        let tells_more = [BARE, CUT, LEFT_OUT, DROPPED];
        if self.broken.is_some_and(|why| tells_more.contains(&why)) && repeated.is_some() {
            self.event = None;
        }
        self.broken = self.broken.or(repeated);
    }

    /// The line, and further ones for the events behind its first.
    pub(super) fn all(file: usize, number: u64, text: Text) -> impl Iterator<Item = Self> {
        let (text, too_long) = match text {
            Ok(text) => (text, None),
            Err(error) => (String::new(), Some(error)),
        };
        let found = events_in(&text);
        let mut events = found.events.into_iter();
        let first = events.next();
        let cut = match &first {
            _ if found.cut => Some(CUT),
            // Its words are its own.
            Some(_) if text.starts_with(BEGINS) => None,
            // An answer holds what a collector says of lines beside lines that are there.
            Some(_) => odd::left_out(&text),
            None => Some(odd::left_out(&text).unwrap_or(NO_EVENT)),
        };
        let tangled = found.tangled.then_some(TANGLED);
        let first = Self::new((file, number), text, first, too_long.or(tangled).or(cut));
        let further = events
            .map(move |event| Self::new((file, number), event.to_string(), Some(event), None));
        std::iter::once(first).chain(further)
    }

    fn new(
        (file, number): (usize, u64),
        text: String,
        event: Option<Event>,
        cut: Option<&'static str>,
    ) -> Self {
        let (event, odd) = event.map(odd::readable).unzip();
        let timeless = event.as_ref().is_some_and(|event| time_of(event).is_none());
        let timeless = timeless.then_some(TIMELESS);
        Self {
            file,
            number,
            text,
            event,
            broken: odd.flatten().or(cut).or(timeless),
        }
    }
}
