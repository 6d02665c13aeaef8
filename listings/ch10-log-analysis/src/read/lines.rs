//! The lines of one source.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::bare::Words;
use super::rows::Rows;
use super::{LONGEST, Line, TOO_LONG, Text};
use crate::halves::{Halves, may_be_a_part};
use crate::odd;
use crate::repeated::Recent;

/// Reads the lines of one source, however long they are.
pub struct Lines<R> {
    pub(super) reader: R,
    file: usize,
    number: u64,
    /// What has come of the line that is being written.
    begun: Vec<u8>,
    too_long: bool,
    /// Whether another line is in the buffer.
    more: bool,
    halves: Halves,
    /// What has been read and not been handed over.
    ready: VecDeque<Line>,
    recent: Recent,
    words: Words,
    rows: Rows,
}

impl<R: BufRead> Lines<R> {
    /// Reads `reader`, which is the input's `file`.
    pub fn new(reader: R, file: usize) -> Self {
        Self {
            reader,
            file,
            number: 0,
            begun: Vec::new(),
            too_long: false,
            more: false,
            halves: Halves::default(),
            ready: VecDeque::new(),
            recent: Recent::default(),
            words: Words::default(),
            rows: Rows::default(),
        }
    }

    /// The next whole line, or `None` where the source ends at present.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn whole(&mut self) -> io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            let at_the_beginning = self.at_the_beginning();
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            // Nowhere else: to search each line for this takes longer than to read it.
            if at_the_beginning && let Some(what) = odd::foreign(buffer) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let taken = part.len() + usize::from(end.is_some());
            let behind = &buffer[taken..];
            let next = behind.iter().position(|byte| *byte == b'\n');
            self.more = next.is_some_and(|end| !may_be_a_part(&behind[..end]));
            // A file that was truncated under a writer that does not append has a hole of these before its first line.
            let holes = match self.begun.is_empty() {
                true => part.iter().take_while(|byte| **byte == 0).count(),
                false => 0,
            };
            let part = &part[holes..];
            self.too_long |= self.begun.len() + part.len() > LONGEST;
            if self.too_long {
                self.begun.clear();
            } else {
                self.begun.extend_from_slice(part);
            }
            self.reader.consume(taken);
            if end.is_some() {
                self.line(true);
            }
        }
    }

    /// Whether the next line must be waited for, where the source is a pipe.
    pub(super) fn is_drained(&self) -> bool {
        self.ready.is_empty() && !self.more
    }

    /// The next line, or what stands behind the last one, to the end of the source.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub(super) fn next_or_last(&mut self) -> io::Result<Option<Line>> {
        Ok(match self.whole()? {
            Some(line) => Some(line),
            None => self.last(),
        })
    }

    fn at_the_beginning(&self) -> bool {
        self.number == 0 && self.begun.is_empty() && !self.too_long
    }

    /// What stands behind the last line break, and lines whose last part has not come, one after the other: no more
    /// will come of them.
    pub fn last(&mut self) -> Option<Line> {
        if self.too_long || !self.begun.is_empty() {
            self.line(false);
        }
        if self.ready.is_empty()
            && let Some((number, text)) = self.halves.last()
        {
            self.hand_over(number, text, false);
        }
        let endless = |rows: &mut Rows| Some(Line::endless(self.file, rows.last()?));
        self.ready.pop_front().or_else(|| endless(&mut self.rows))
    }

    /// What is there of a line, or of an array of lines, whose end has not come.
    pub(super) fn begun(&self) -> Option<Line> {
        let begun = match self.too_long || !self.begun.is_empty() {
            true => Some((self.number + 1, self.text())),
            false => self.halves.begun(),
        };
        match begun {
            Some((number, text)) => Line::all(self.file, number, text).next(),
            None => Some(Line::endless(self.file, self.rows.open()?)),
        }
    }

    fn text(&self) -> Text {
        match self.too_long {
            true => Err(TOO_LONG),
            false => Ok(String::from_utf8_lossy(&self.begun).into_owned()),
        }
    }

    /// A line of the source is over, with a line break or at the end of the source.
    fn line(&mut self, is_ended: bool) {
        self.number += 1;
        let text = self.text();
        self.too_long = false;
        self.begun.clear();
        if let Some((number, text)) = self.halves.take(self.number, text) {
            self.hand_over(number, text, is_ended);
        }
    }

    fn hand_over(&mut self, number: u64, text: Text, is_ended: bool) {
        let from = self.ready.len();
        self.ready.extend(Line::all(self.file, number, text));
        // Of a line with several events, the first has the text of all.
        let endless = self.ready.get(from).and_then(|first| {
            let mut all = self.ready.range(from..);
            let has_event = all.any(|line| line.event.is_some());
            self.rows.look(number, &first.text, has_event)
        });
        for line in self.ready.range_mut(from..) {
            self.words.look(line, is_ended);
            line.mark_repeated(&mut self.recent);
        }
        if let Some(before) = endless {
            self.ready.insert(from, Line::endless(self.file, before));
        }
    }
}
