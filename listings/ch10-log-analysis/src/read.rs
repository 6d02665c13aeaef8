//! Lines from files that are whole, that grow, that are rotated, and that are damaged.

mod bare;
mod line;
mod lines;
mod merged;
mod pipe;
mod rows;
mod seen;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::error::Error;
use crate::odd;
pub use crate::repeated::REPEATED;
pub(crate) use line::{BARE, CUT, NO_EVENT, TIMELESS, Text};
pub use line::{LONGEST, Line, TOO_LONG};
pub use lines::Lines;
pub use merged::Merged;
use pipe::Pipe;
pub(crate) use rows::ENDLESS;
pub use seen::Seen;

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
    /// from its beginning, also where it has been written past the old end since.
    Follow(Vec<PathBuf>),
}

/// A file that grows.
struct Followed {
    path: PathBuf,
    file: usize,
    open: Option<Opened>,
    seen: Seen,
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
            let length = open.reader.get_ref().metadata().map_err(told)?.len();
            let file = open.reader.get_ref();
            if length < read_to || !self.seen.stands_in(file).map_err(told)? {
                // Truncated: what was begun before is over.
                lines.extend(std::iter::from_fn(|| open.last()));
                open.reader.rewind().map_err(told)?;
                self.seen = Seen::default();
            }
            while let Some(line) = open.whole().map_err(told)? {
                lines.push(line);
                if lines.len() >= BATCH {
                    return Ok(());
                }
            }
            let read_to = open.reader.stream_position().map_err(told)?;
            if let Some(seen) = Seen::of(open.reader.get_ref(), read_to).map_err(told)? {
                self.seen = seen;
            }
            if there == Some(*identity) || there.is_none() {
                // The same; or renamed, and the new one is not there yet.
                return Ok(());
            }
            lines.extend(std::iter::from_fn(|| open.last()));
            self.seen = Seen::default();
            self.open = open_if_there(&self.path, self.file)?;
        }
        Ok(())
    }
    // ANCHOR_END: look
}

/// A file that is open, and which one it is.
type Opened = (Identity, Lines<BufReader<File>>);

fn open_if_there(path: &Path, file: usize) -> Result<Option<Opened>, Error> {
    // To open a pipe waits for its writer.
    if fs::metadata(path).is_ok_and(|is| !is.is_file() && !is.is_dir()) {
        return Err(Error::NoFile(path.to_owned()));
    }
    match File::open(path) {
        Ok(opened) => {
            let is = opened
                .metadata()
                .map_err(|error| Error::file(path, error))?;
            if is.is_dir() {
                return Err(Error::Directory(path.to_owned()));
            }
            if !is.is_file() {
                return Err(Error::NoFile(path.to_owned()));
            }
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
    /// What is there of a line whose end has not come. It stands before the next [`News::CaughtUp`], or before a pipe
    /// is waited for.
    Begun(Line),
    /// All that was there of files at this moment has been handed over. More may come.
    CaughtUp(Instant),
    /// The reading ended.
    Failed(Error),
}

const BATCH: usize = 256;

/// Reads in a thread of its own, so that whoever listens can also listen for Ctrl-C. The channel
/// closes at the end of the input.
///
/// # Errors
/// When two of the paths lead to one file. That a file cannot be opened is news: to open a pipe waits for its writer.
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
            let stdin = Pipe::stdin()?;
            thread::spawn(move || {
                if let Err(error) = as_it_comes(&stdin, &sender) {
                    let _ = sender.blocking_send(News::Failed(error.into()));
                }
            });
        }
        Input::Files(paths) => {
            thread::spawn(move || {
                let readers = paths.iter().map(|path| open(path));
                match readers.collect::<Result<_, Error>>() {
                    Ok(readers) => to_the_end(readers, &sender),
                    Err(error) => {
                        let _ = sender.blocking_send(News::Failed(error));
                    }
                }
            });
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
            // What a pipe has brought so far is handed over, however little it is.
            if lines.len() == BATCH || merged.is_drained() {
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

/// Reads a pipe to its end. What is there of a line is told before its end is waited for.
fn as_it_comes(pipe: &Pipe, sender: &mpsc::Sender<News>) -> io::Result<()> {
    let mut source = Lines::new(BufReader::new(pipe.try_clone()?), 0);
    let mut lines = Vec::with_capacity(BATCH);
    loop {
        let read = source.next_or_last();
        let is_drained = match read {
            Ok(Some(line)) => {
                lines.push(line);
                false
            }
            Ok(None) => break,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(error) => return Err(error),
        };
        if lines.len() == BATCH || is_drained && !lines.is_empty() {
            let whole = std::mem::replace(&mut lines, Vec::with_capacity(BATCH));
            if sender.blocking_send(News::Lines(whole)).is_err() {
                return Ok(());
            }
        }
        if is_drained {
            let begun = source.begun().map(News::Begun);
            if begun.is_some_and(|begun| sender.blocking_send(begun).is_err()) {
                return Ok(());
            }
            pipe.wait()?;
        }
    }
    let _ = sender.blocking_send(News::Lines(lines));
    Ok(())
}

fn follow(paths: Vec<PathBuf>, sender: &mpsc::Sender<News>) -> Result<(), Error> {
    let mut files: Vec<_> = (0..)
        .zip(paths)
        .map(|(file, path)| Followed {
            path,
            file,
            open: None,
            seen: Seen::default(),
        })
        .collect();
    loop {
        let (began, mut lines) = (Instant::now(), Vec::new());
        for file in &mut files {
            file.look(&mut lines)?;
        }
        let caught_up = lines.is_empty();
        let open = files.iter().filter_map(|file| file.open.as_ref());
        for begun in open.filter_map(|(_, open)| open.begun()) {
            if caught_up && sender.blocking_send(News::Begun(begun)).is_err() {
                return Ok(());
            }
        }
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
