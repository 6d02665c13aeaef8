//! Several sources, merged by the time of their events.

use std::io::{self, BufRead};

use time::OffsetDateTime;

use super::{Line, Lines};
use crate::format::time_of;
use crate::repeated::Recent;

/// Several sources as one log: always the line whose time comes first. The order within a source
/// stays as it is, whatever its clock did.
pub struct Merged {
    sources: Vec<Lines<Box<dyn BufRead + Send>>>,
    next: Vec<Option<(OffsetDateTime, Line)>>,
    recent: Recent,
}

impl Merged {
    /// Merges these, each of which is read to its end.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of(readers: Vec<Box<dyn BufRead + Send>>) -> io::Result<Self> {
        let sources: Vec<_> = (0..)
            .zip(readers)
            .map(|(file, reader)| Lines::new(reader, file))
            .collect();
        let next: Vec<_> = sources.iter().map(|_| None).collect();
        let recent = Recent::default();
        let mut merged = Self {
            sources,
            next,
            recent,
        };
        if merged.sources.len() > 1 {
            for file in 0..merged.sources.len() {
                merged.advance(file, OffsetDateTime::UNIX_EPOCH)?;
            }
        }
        Ok(merged)
    }

    /// Whether the next line must be waited for, where a pipe is read.
    pub(super) fn is_drained(&self) -> bool {
        matches!(&self.sources[..], [only] if only.is_drained())
    }

    /// The next line, if there is one.
    ///
    /// # Errors
    /// When a source cannot be read.
    pub fn line(&mut self) -> io::Result<Option<Line>> {
        // Nothing has to be compared with the line after it, which a pipe may not have yet.
        if let [only] = &mut self.sources[..] {
            return only.next_or_last();
        }
        let waiting = self.next.iter().enumerate();
        let first = waiting
            .filter_map(|(file, next)| Some((next.as_ref()?.0, file)))
            .min();
        let Some((at, file)) = first else {
            return Ok(None);
        };
        let mut line = self.next[file].take().map(|(_, line)| line);
        self.advance(file, at)?;
        // Files that were rotated by copying may overlap.
        if let Some(line) = line.as_mut() {
            line.mark_repeated(&mut self.recent);
        }
        Ok(line)
    }

    /// A line without a time stands where the one before it stood.
    fn advance(&mut self, file: usize, before: OffsetDateTime) -> io::Result<()> {
        let line = self.sources[file].next_or_last()?;
        self.next[file] = line.map(|line| {
            let at = line.event.as_ref().and_then(time_of).unwrap_or(before);
            (at, line)
        });
        Ok(())
    }
}
