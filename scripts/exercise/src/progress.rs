//! How far a learner has come, kept in a file beside the answers.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Error;
use crate::folder::Folder;
use crate::set::{Exercise, Set, Track};

/// What the file's format is called. A file with another one is not read, and not written over.
const FORMAT: u32 = 1;

/// The record, as it lies on disk.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: u32,
    #[serde(default)]
    exercises: BTreeMap<String, Entry>,
    /// By track, the exercise that was begun or tried last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    at: BTreeMap<Track, String>,
}

/// What is recorded of one exercise.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// How often its checks were run.
    #[serde(default)]
    pub runs: u64,
    /// How many of its hints were shown.
    #[serde(default)]
    pub hints: usize,
    /// When its solution was first shown, RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution_shown: Option<String>,
    /// When all checks first held, RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
}

/// The record of one learner.
#[derive(Clone, Debug)]
pub struct Progress {
    path: PathBuf,
    record: Record,
}

/// How far an exercise is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is no answer yet.
    New,
    /// There is one.
    Begun,
    /// All checks have held.
    Done,
}

/// The time now, for a record.
fn now() -> String {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0);
    let now = now.unwrap_or_else(|_| OffsetDateTime::now_utc());
    now.format(&Rfc3339).unwrap_or_default()
}

impl Progress {
    /// Reads the record in this folder. Where there is none, nothing has been done.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn read(folder: &Folder) -> Result<Self, Error> {
        let path = folder.path().join("progress.json");
        let record = record(&path)?;
        Ok(Self { path, record })
    }

    /// What is recorded of an exercise.
    pub fn of(&self, exercise: &Exercise) -> Entry {
        let entry = self.record.exercises.get(&exercise.id);
        entry.cloned().unwrap_or_default()
    }

    /// How far it is.
    pub fn state(&self, folder: &Folder, exercise: &Exercise) -> State {
        match self.of(exercise).done {
            Some(_) => State::Done,
            None if folder.has_begun(exercise) => State::Begun,
            None => State::New,
        }
    }

    /// The exercise that a learner is at: the one that was begun or tried last, and where that is done, the first after it
    /// that is not. After the last one come those that were left out.
    pub fn next<'a>(&self, set: &'a Set) -> Option<&'a Exercise> {
        let last = self.record.at.get(&set.track);
        let at = |id: &String| set.exercises.iter().position(|one| one.id == *id);
        let (left_out, from_here) = set.exercises.split_at(last.and_then(at).unwrap_or(0));
        let mut exercises = from_here.iter().chain(left_out);
        exercises.find(|exercise| self.of(exercise).done.is_none())
    }

    /// Records that the learner is at this exercise.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn is_at(&mut self, exercise: &Exercise) -> Result<(), Error> {
        if self.record.at.get(&exercise.track) == Some(&exercise.id) {
            return Ok(());
        }
        self.change(|record| {
            record.at.insert(exercise.track, exercise.id.clone());
        })
    }

    /// Records that the checks ran, and whether all held.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn ran(&mut self, exercise: &Exercise, held: bool) -> Result<(), Error> {
        self.change_entry(exercise, |entry| {
            entry.runs += 1;
            if held && entry.done.is_none() {
                entry.done = Some(now());
            }
        })
    }

    /// Records that so many hints were shown.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn hinted(&mut self, exercise: &Exercise, hints: usize) -> Result<(), Error> {
        self.change_entry(exercise, |entry| entry.hints = entry.hints.max(hints))
    }

    /// Records that the solution was shown.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn solution_shown(&mut self, exercise: &Exercise) -> Result<(), Error> {
        self.change_entry(exercise, |entry| {
            entry.solution_shown.get_or_insert_with(now);
        })
    }

    fn change_entry(
        &mut self,
        exercise: &Exercise,
        how: impl FnOnce(&mut Entry),
    ) -> Result<(), Error> {
        self.change(|record| how(record.exercises.entry(exercise.id.clone()).or_default()))
    }

    /// Reads the record again, changes it, and writes it, while no other command does: with `watch` in one terminal and
    /// `hint` in another, the one that writes last must not undo what the other has written.
    fn change(&mut self, how: impl FnOnce(&mut Record)) -> Result<(), Error> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let wrong = |error| Error::of_learner(&self.path, error);
        let locked = fs::create_dir_all(folder).and_then(|()| File::open(folder));
        // It is released when the file is closed.
        let one_at_a_time = locked.map_err(wrong)?;
        one_at_a_time.lock().map_err(wrong)?;
        self.record = record(&self.path)?;
        how(&mut self.record);
        self.save(folder).map_err(wrong)
    }

    /// Replaces the file whole, so that no reader and no crash finds half of it.
    fn save(&self, folder: &Path) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, &self.record)?;
        writeln!(file)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

/// More than any record has: all exercises in each language make a hundredth of it.
const LARGEST: u64 = 1 << 20;

/// What this file holds. A pipe would be waited for, and a device has no end: neither is opened.
fn text(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file that holds anything"));
    }
    let mut text = String::new();
    let read = File::open(path)?
        .take(LARGEST + 1)
        .read_to_string(&mut text)?;
    match read as u64 > LARGEST {
        true => Err(io::Error::other("it is larger than any record")),
        false => Ok(text),
    }
}

/// The record in this file; an empty one where there is none.
fn record(path: &Path) -> Result<Record, Error> {
    let wrong = |error: String| Error::Progress {
        path: path.to_owned(),
        error,
    };
    let record: Record = match text(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Record {
            format: FORMAT,
            exercises: BTreeMap::new(),
            at: BTreeMap::new(),
        },
        Err(error) => return Err(wrong(error.to_string())),
    };
    if record.format != FORMAT {
        let error = format!(
            "it has format {}, and this program knows {FORMAT}",
            record.format
        );
        return Err(wrong(error));
    }
    Ok(record)
}

/// What `progress --json` prints.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    format: u32,
    /// The language of the answers: a report has one.
    track: Track,
    done: usize,
    of: usize,
    minutes_done: u32,
    minutes: u32,
    exercises: Vec<Line<'a>>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    exercise: &'a str,
    chapter: &'a str,
    title: &'a str,
    minutes: u32,
    state: State,
    #[serde(flatten)]
    entry: Entry,
    /// Whether the answer passes now. Left out where that was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    passes: Option<bool>,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

impl<'a> Report<'a> {
    /// Of all exercises. `tried` has those that were tried just now: nothing where all checks held, and else why they did not.
    pub fn new(
        set: &'a Set,
        folder: &Folder,
        progress: &Progress,
        tried: &'a BTreeMap<String, Option<String>>,
    ) -> Self {
        let lines = set.exercises.iter().map(|one| Line {
            exercise: &one.id,
            chapter: &one.chapter,
            title: &one.about.title,
            minutes: one.about.minutes,
            state: progress.state(folder, one),
            entry: progress.of(one),
            passes: tried.get(&one.id).map(Option::is_none),
            why: tried.get(&one.id).and_then(Option::as_deref),
        });
        let exercises: Vec<_> = lines.collect();
        let done = || exercises.iter().filter(|line| line.state == State::Done);
        Self {
            format: FORMAT,
            track: set.track,
            done: done().count(),
            of: exercises.len(),
            minutes_done: done().map(|line| line.minutes).sum(),
            minutes: exercises.iter().map(|line| line.minutes).sum(),
            exercises,
        }
    }
}
