//! Lines from files that are whole, that grow, that are rotated, and that are damaged.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lab::event::Event;
use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::error::Error;
use crate::format::time_of;
use crate::odd;
pub use crate::repeated::REPEATED;
use crate::repeated::Recent;
use crate::wrapped::event_in;

/// No event is longer. What is longer is no event, and is not kept in memory.
pub const LONGEST: usize = 1 << 20;

/// What is said of a line that is longer.
pub const TOO_LONG: &str = "too long";

/// How often a file that is followed is looked at.
pub const LOOK: Duration = Duration::from_millis(20);

/// Where a log comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The standard input, to its end.
    Stdin,
    /// Files, each to its end. Several are merged by the time of their events.
    Files(Vec<PathBuf>),
    /// Files that grow, in the order in which it is seen. Where one is renamed and made anew, the old
    /// one is read to its end and the new one from its beginning; where it is truncated, it is read
    /// from its beginning. One that is truncated and written past the old end between two looks
    /// is not noticed.
    Follow(Vec<PathBuf>),
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which of the input's files; 0 for the standard input.
    pub file: usize,
    /// Counted from 1.
    pub number: u64,
    /// As it stands there. Of a line that is too long, nothing.
    pub text: String,
    /// The event in it, also where a collector of logs has wrapped it. In a line that was cut and written on by
    /// another, the one at its end.
    pub event: Option<Event>,
    /// Why it is not an event alone.
    pub broken: Option<&'static str>,
}

impl Line {
    /// The event, unless it is a load that does not say what was loaded.
    pub(crate) fn readable(&self) -> Option<&Event> {
        let is_odd = self.broken.is_some_and(odd::is_load);
        self.event.as_ref().filter(|_| !is_odd)
    }

    /// The same, unless it was told before: a collector may send a line twice.
    pub(crate) fn news(&self) -> Option<&Event> {
        self.readable().filter(|_| self.broken != Some(REPEATED))
    }

    fn new(file: usize, number: u64, text: Result<String, &'static str>) -> Self {
        let (text, too_long) = match text {
            Ok(text) => (text, None),
            Err(error) => (String::new(), Some(error)),
        };
        let whole = event_in(&text);
        let is_whole = whole.is_some();
        // Two writers, or one that died in the middle of a line and was started again.
        let event = whole.or_else(|| Event::parse(rest(&text)?));
        let (event, odd) = match event.map(odd::readable) {
            Some((event, odd)) => (Some(event), odd),
            None => (None, None),
        };
        let broken = too_long.or(odd).or(match &event {
            Some(event) if is_whole && time_of(event).is_none() => Some("an event without a time"),
            Some(_) if is_whole => None,
            _ if text.trim_start().starts_with('{') => Some("cut, or no JSON"),
            _ => Some("no event"),
        });
        Self {
            file,
            number,
            text,
            event,
            broken,
        }
    }
}

/// From the last beginning of an event in a line, if it is not the line's own.
fn rest(text: &str) -> Option<&str> {
    let at = text.rfind(r#"{"ts":"#).filter(|at| *at > 0)?;
    Some(&text[at..])
}

/// Reads the lines of one source, however long they are.
pub struct Lines<R> {
    reader: R,
    file: usize,
    number: u64,
    /// What has come of the line that is being written.
    begun: Vec<u8>,
    too_long: bool,
    recent: Recent,
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
            recent: Recent::default(),
        }
    }

    /// The next whole line, or `None` where the source ends at present.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn whole(&mut self) -> io::Result<Option<Line>> {
        loop {
            let at_the_beginning = self.at_the_beginning();
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            if let Some(what) = odd::foreign(buffer).filter(|_| at_the_beginning) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            self.too_long |= self.begun.len() + part.len() > LONGEST;
            if self.too_long {
                self.begun.clear();
            } else {
                self.begun.extend_from_slice(part);
            }
            let taken = part.len() + usize::from(end.is_some());
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(Some(self.line()));
            }
        }
    }

    fn at_the_beginning(&self) -> bool {
        self.number == 0 && self.begun.is_empty() && !self.too_long
    }

    /// What stands behind the last line break, if anything: no more will come of it.
    pub fn last(&mut self) -> Option<Line> {
        (self.too_long || !self.begun.is_empty()).then(|| self.line())
    }

    fn line(&mut self) -> Line {
        self.number += 1;
        let text = if std::mem::take(&mut self.too_long) {
            Err(TOO_LONG)
        } else {
            Ok(String::from_utf8_lossy(&self.begun).into_owned())
        };
        self.begun.clear();
        let mut line = Line::new(self.file, self.number, text);
        let repeated = self.recent.look(&line.text, line.event.as_ref());
        line.broken = line.broken.or(repeated);
        line
    }
}

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
        let next = sources.iter().map(|_| None).collect();
        let recent = Recent::default();
        let mut merged = Self {
            sources,
            next,
            recent,
        };
        for file in 0..merged.sources.len() {
            merged.advance(file, OffsetDateTime::UNIX_EPOCH)?;
        }
        Ok(merged)
    }

    /// The next line, if there is one.
    ///
    /// # Errors
    /// When a source cannot be read.
    pub fn line(&mut self) -> io::Result<Option<Line>> {
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
        if let Some(line) = line.as_mut().filter(|_| self.sources.len() > 1) {
            let repeated = self.recent.look(&line.text, line.event.as_ref());
            line.broken = line.broken.or(repeated);
        }
        Ok(line)
    }

    /// A line without a time stands where the one before it stood.
    fn advance(&mut self, file: usize, before: OffsetDateTime) -> io::Result<()> {
        let source = &mut self.sources[file];
        let line = match source.whole()? {
            Some(line) => Some(line),
            None => source.last(),
        };
        self.next[file] = line.map(|line| {
            let at = line.event.as_ref().and_then(time_of).unwrap_or(before);
            (at, line)
        });
        Ok(())
    }
}

/// A file that grows.
struct Followed {
    path: PathBuf,
    file: usize,
    open: Option<(Identity, Lines<BufReader<File>>)>,
}

/// Which file it is, whatever its path is by now.
type Identity = (u64, u64);

impl Followed {
    // ANCHOR: look
    /// Reads what has come since the last look.
    fn look(&mut self, lines: &mut Vec<Line>) -> Result<(), Error> {
        if self.open.is_none() {
            self.open = open_if_there(&self.path, self.file)?;
        }
        while let Some((identity, open)) = &mut self.open {
            let told = |error| Error::file(&self.path, error);
            // Looked at before the reading: what is written after the reading is read next time.
            let there = match fs::metadata(&self.path) {
                Ok(there) => Some((there.dev(), there.ino())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(told(error)),
            };
            let read_to = open.reader.stream_position().map_err(told)?;
            if open.reader.get_ref().metadata().map_err(told)?.len() < read_to {
                // Truncated: what was begun before is over.
                lines.extend(open.last());
                open.reader.rewind().map_err(told)?;
            }
            while let Some(line) = open.whole().map_err(told)? {
                lines.push(line);
                if lines.len() >= BATCH {
                    return Ok(());
                }
            }
            if there == Some(*identity) || there.is_none() {
                // The same; or renamed, and the new one is not there yet.
                return Ok(());
            }
            lines.extend(open.last());
            self.open = open_if_there(&self.path, self.file)?;
        }
        Ok(())
    }
    // ANCHOR_END: look
}

/// A file that is open, and which one it is.
type Opened = (Identity, Lines<BufReader<File>>);

fn open_if_there(path: &Path, file: usize) -> Result<Option<Opened>, Error> {
    match File::open(path) {
        Ok(opened) => {
            let is = opened
                .metadata()
                .map_err(|error| Error::file(path, error))?;
            let lines = Lines::new(BufReader::new(opened), file);
            Ok(Some(((is.dev(), is.ino()), lines)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(path, error)),
    }
}

/// What a reader hands over.
#[derive(Debug)]
pub enum News {
    /// Lines, in the order of the log.
    Lines(Vec<Line>),
    /// All that was there at this moment has been handed over. More may come.
    CaughtUp(Instant),
    /// The reading ended.
    Failed(Error),
}

const BATCH: usize = 256;

/// Reads in a thread of its own, so that whoever listens can also listen for Ctrl-C. The channel
/// closes at the end of the input.
///
/// # Errors
/// When a file cannot be opened. One that is followed need not be there yet.
pub fn start(input: Input) -> Result<mpsc::Receiver<News>, Error> {
    let (sender, receiver) = mpsc::channel(16);
    if let Input::Follow(paths) | Input::Files(paths) = &input {
        each_once(paths)?;
    }
    match input {
        Input::Follow(paths) => {
            let follow = move || {
                if let Err(error) = follow(paths, &sender) {
                    // Nobody listens: nobody wants to know.
                    let _ = sender.blocking_send(News::Failed(error));
                }
            };
            thread::spawn(follow);
        }
        Input::Stdin => {
            let stdin: Vec<Box<dyn BufRead + Send>> = vec![Box::new(BufReader::new(io::stdin()))];
            thread::spawn(move || to_the_end(stdin, &sender));
        }
        Input::Files(paths) => {
            let readers = paths.iter().map(|path| open(path));
            let readers = readers.collect::<Result<_, Error>>()?;
            thread::spawn(move || to_the_end(readers, &sender));
        }
    }
    Ok(receiver)
}

/// Opens a file of a log.
///
/// # Errors
/// When it cannot be opened, with its path.
pub fn open(path: &Path) -> Result<Box<dyn BufRead + Send>, Error> {
    let opened = File::open(path).map_err(|error| Error::file(path, error))?;
    if opened.metadata().is_ok_and(|is| is.is_dir()) {
        return Err(Error::Directory(path.to_owned()));
    }
    let is_file = opened.metadata().is_ok_and(|is| is.is_file());
    let mut reader = BufReader::new(opened);
    // A pipe has nothing yet, and is looked at when it is read.
    if is_file {
        let beginning = reader
            .fill_buf()
            .map_err(|error| Error::file(path, error))?;
        if let Some(what) = odd::foreign(beginning) {
            let error = io::Error::new(io::ErrorKind::InvalidData, what);
            return Err(Error::file(path, error));
        }
    }
    Ok(Box::new(reader))
}

/// A log that is read twice, under two names say, counts each event twice.
fn each_once(paths: &[PathBuf]) -> Result<(), Error> {
    let mut known = BTreeMap::new();
    for path in paths {
        let Ok(is) = fs::metadata(path) else { continue };
        if let Some(before) = known.insert((is.dev(), is.ino()), path) {
            return Err(Error::Twice(before.clone(), path.clone()));
        }
    }
    Ok(())
}

fn to_the_end(readers: Vec<Box<dyn BufRead + Send>>, sender: &mpsc::Sender<News>) {
    let reading = || -> io::Result<()> {
        let mut merged = Merged::of(readers)?;
        let mut lines = Vec::with_capacity(BATCH);
        while let Some(line) = merged.line()? {
            lines.push(line);
            if lines.len() == BATCH {
                let whole = std::mem::replace(&mut lines, Vec::with_capacity(BATCH));
                if sender.blocking_send(News::Lines(whole)).is_err() {
                    return Ok(());
                }
            }
        }
        let _ = sender.blocking_send(News::Lines(lines));
        Ok(())
    };
    if let Err(error) = reading() {
        let _ = sender.blocking_send(News::Failed(error.into()));
    }
}

fn follow(paths: Vec<PathBuf>, sender: &mpsc::Sender<News>) -> Result<(), Error> {
    let mut files: Vec<_> = (0..)
        .zip(paths)
        .map(|(file, path)| Followed {
            path,
            file,
            open: None,
        })
        .collect();
    loop {
        let (began, mut lines) = (Instant::now(), Vec::new());
        for file in &mut files {
            file.look(&mut lines)?;
        }
        let caught_up = lines.is_empty();
        let news = if caught_up {
            News::CaughtUp(began)
        } else {
            News::Lines(lines)
        };
        if sender.blocking_send(news).is_err() {
            return Ok(());
        }
        if caught_up {
            thread::sleep(LOOK);
        }
    }
}
