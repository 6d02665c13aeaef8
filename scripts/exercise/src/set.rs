//! The exercises that the book has.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::go;
use crate::program::{Check, checks};
use crate::python;

/// The language of the answers.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// Every exercise.
    #[default]
    Rust,
    /// The exercises that have a folder `go`.
    Go,
    /// The exercises that have a folder `python`.
    Python,
}

impl Track {
    /// Those beside Rust, in the order in which they are named.
    pub const OTHERS: [Self; 2] = [Self::Go, Self::Python];

    /// What a person calls the language.
    pub fn language(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Go => "Go",
            Self::Python => "Python",
        }
    }

    /// The folder of an exercise that holds this track, and what its names end with. Rust has none: all is in Rust.
    pub fn folder(self) -> Option<&'static str> {
        match self {
            Self::Rust => None,
            Self::Go => Some("go"),
            Self::Python => Some("python"),
        }
    }

    /// What a command ends with to mean this track.
    pub fn option(self) -> String {
        let folder = self.folder();
        folder.map_or_else(String::new, |track| format!(" --track {track}"))
    }

    /// What a file of this language ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Rust => "rs",
            Self::Go => "go",
            Self::Python => "py",
        }
    }

    /// What a starter stops at.
    pub fn stop(self) -> &'static str {
        match self {
            Self::Rust => "todo!",
            Self::Go => "panic",
            Self::Python => "raise",
        }
    }

    /// What is said where the words of a check that failed are not its own: the answer itself stopped, in one of its lines.
    pub fn own_fault(self) -> &'static str {
        match self {
            Self::Rust | Self::Go => {
                "That line is one of your answer, so these are not the words of the check: your answer panicked. What panics in a server ends its task, and all that this one served. \
                 Where something can fail, return the error, or go on with what is still good."
            }
            Self::Python => {
                "That line is one of your answer, so these are not the words of the check: your answer raised this, and the check wanted something else. What it wanted stands beside `FAIL`."
            }
        }
    }

    /// The file that holds the checks.
    pub fn test(self) -> &'static str {
        match self {
            Self::Rust => "test.rs",
            Self::Go => "answer_test.go",
            Self::Python => "answer_test.py",
        }
    }
}

/// All of them, in the order of the chapters.
#[derive(Clone, Debug)]
pub struct Set {
    /// The folder of the book.
    pub root: PathBuf,
    /// The language of all of them.
    pub track: Track,
    /// In the order in which they are meant to be done.
    pub exercises: Vec<Exercise>,
}

/// One exercise: a folder with a starter, checks, a solution and wrong answers.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// The language of its answers.
    pub track: Track,
    /// Its name, for commands: `cost`; in Go, `swap-go`.
    pub id: String,
    /// Its chapter, for commands and folders: `ch01`.
    pub chapter: String,
    /// The listing that it belongs to, which is also the name of the page: `ch01-restart-baseline`.
    pub listing: String,
    /// Where it lies.
    pub folder: PathBuf,
    /// What it says of itself.
    pub about: About,
}

/// An `exercise.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What is done, in a few words.
    pub title: String,
    /// The one thing that it teaches, in a sentence.
    pub skill: String,
    /// How long it takes, about.
    pub minutes: u32,
    /// A place in the book that has all that is needed: a page and perhaps a heading.
    pub read: String,
    /// What is wanted, in Markdown.
    pub task: String,
    /// What a check says of the starter.
    pub starter: String,
    /// From a nudge to nearly everything.
    pub hints: Vec<String>,
    /// What goes wrong often.
    pub wrong: Vec<Wrong>,
}

/// A common wrong answer, which lies below `wrong/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// The name of its file, without its ending.
    pub file: String,
    /// What is wrong, in a sentence.
    pub words: String,
    /// The first check that does not hold.
    pub caught_by: String,
    /// A part of what that check says.
    pub says: String,
}

impl Set {
    /// Reads those in Rust below `listings` of this folder.
    ///
    /// # Errors
    /// As [`Self::of_track`].
    pub fn read(root: &Path) -> Result<Self, Error> {
        Self::of_track(root, Track::Rust)
    }

    /// Reads those of one track below `listings` of this folder.
    ///
    /// # Errors
    /// When a folder or an `exercise.toml` cannot be read, or two exercises have one name.
    pub fn of_track(root: &Path, track: Track) -> Result<Self, Error> {
        let mut exercises: Vec<Exercise> = Vec::new();
        for listing in entries(&root.join("listings"))? {
            let folder = listing.join("exercises");
            if !folder.is_dir() {
                continue;
            }
            for folder in entries(&folder)? {
                if track.folder().is_some_and(|of| !folder.join(of).is_dir()) {
                    continue;
                }
                let exercise = Exercise::read(&name(&listing), folder, track)?;
                if let Some(twin) = exercises.iter().find(|other| other.id == exercise.id) {
                    let error = format!("{} has that name as well", twin.folder.display());
                    let path = exercise.folder;
                    return Err(Error::About { path, error });
                }
                exercises.push(exercise);
            }
        }
        Ok(Self {
            root: root.to_owned(),
            track,
            exercises,
        })
    }

    /// The exercise that a person means: `cost`, `ch01/cost`, `ch01-cost`, or the path of an answer.
    ///
    /// # Errors
    /// When there is none. What looks like it is said.
    pub fn find(&self, typed: &str) -> Result<&Exercise, Error> {
        let word = [".rs", "/answer.go", ".py"]
            .iter()
            .find_map(|end| typed.strip_suffix(end));
        let word = word.unwrap_or(typed);
        let word = word.rsplit('/').next().unwrap_or(word);
        let is_it = |one: &&Exercise| {
            let word = word.strip_prefix(&format!("{}-", one.chapter));
            word == Some(&one.id) || word == Some(one.shared_id())
        };
        let word_is = |one: &&Exercise| one.id == word || one.shared_id() == word || is_it(one);
        self.exercises.iter().find(word_is).ok_or_else(|| {
            let near = self.exercises.iter().map(|one| {
                let likeness = strsim::jaro_winkler(word, &one.id);
                (likeness, &one.id)
            });
            let near = near.max_by(|(a, _), (b, _)| a.total_cmp(b));
            let near = near.filter(|(likeness, _)| *likeness > 0.75);
            let near = near.map(|(_, id)| id.clone());
            let elsewhere = self.languages_of(word);
            Error::Unknown {
                name: typed.to_owned(),
                // What exists was no slip of the pen.
                near: self
                    .in_another_track(word)
                    .or(near.filter(|_| elsewhere.is_empty())),
                within: match self.track {
                    Track::Rust => String::new(),
                    other if elsewhere.is_empty() => format!(" in {}", other.language()),
                    other => format!(" in {}, but in {elsewhere}", other.language()),
                },
                option: self.track.option(),
            }
        })
    }

    /// What was meant by the name that an exercise has in another track, as `swap-go`: the track is missing.
    fn in_another_track(&self, word: &str) -> Option<String> {
        let others = Track::OTHERS.iter().filter(|other| **other != self.track);
        let mut named = others.filter_map(|other| {
            let shared = word.strip_suffix(other.folder()?)?.strip_suffix('-')?;
            let mut exercises = self.exercises.iter();
            exercises.find(|one| one.shared_id() == shared)?;
            Some(format!("{word}{}", other.option()))
        });
        named.next()
    }

    /// The other languages in which there is an exercise of this name: `Rust and Python`.
    fn languages_of(&self, word: &str) -> String {
        let tracks = [Track::Rust].into_iter().chain(Track::OTHERS);
        let others = tracks.filter(|other| *other != self.track);
        let has = |other: &Track| {
            let set = Self::of_track(&self.root, *other);
            set.is_ok_and(|set| set.exercises.iter().any(|one| one.shared_id() == word))
        };
        let found: Vec<_> = others.filter(has).map(Track::language).collect();
        found.join(" and ")
    }

    /// Its place in the order, counted from 1.
    pub fn number(&self, exercise: &Exercise) -> usize {
        let before = self
            .exercises
            .iter()
            .take_while(|one| one.id != exercise.id);
        before.count() + 1
    }
}

impl Exercise {
    fn read(listing: &str, shared: PathBuf, track: Track) -> Result<Self, Error> {
        let folder = match track.folder() {
            None => shared.clone(),
            Some(of) => shared.join(of),
        };
        let path = folder.join("exercise.toml");
        let text = fs::read_to_string(&path).map_err(|error| Error::file(&path, error))?;
        let wrong = |error: String| Error::About {
            path: path.clone(),
            error,
        };
        let about: About = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let name = name(&shared);
        let id = name
            .split_once('-')
            .filter(|(number, _)| number.parse::<u8>().is_ok());
        let (_, id) = id.ok_or_else(|| wrong("its folder is not named `1-name`".into()))?;
        let chapter = listing.split('-').next().unwrap_or(listing);
        Ok(Self {
            track,
            id: match track.folder() {
                None => id.to_owned(),
                Some(of) => format!("{id}-{of}"),
            },
            chapter: chapter.to_owned(),
            listing: listing.to_owned(),
            folder,
            about,
        })
    }

    /// That there is no answer to it.
    pub(crate) fn not_begun(&self) -> Error {
        Error::NotBegun {
            name: self.id.clone(),
            option: self.track.option(),
        }
    }

    /// Its name without the language.
    pub fn shared_id(&self) -> &str {
        let end = self.track.folder();
        let shared = end.and_then(|of| self.id.strip_suffix(of)?.strip_suffix('-'));
        shared.unwrap_or(&self.id)
    }

    /// The starter, as text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn starter(&self) -> Result<String, Error> {
        self.text(&format!("starter.{}", self.track.extension()))
    }

    /// A file of it, as text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(&self, file: &str) -> Result<String, Error> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).map_err(|error| Error::file(&path, error))
    }

    /// What has to hold.
    ///
    /// # Errors
    /// When its file of checks cannot be read.
    pub fn checks(&self) -> Result<Vec<Check>, Error> {
        Ok(self.checks_in(&self.text(self.track.test())?))
    }

    /// What has to hold by this text of a file of checks.
    pub fn checks_in(&self, text: &str) -> Vec<Check> {
        match self.track {
            Track::Rust => checks(text),
            Track::Go => go::checks(text),
            Track::Python => python::checks(text),
        }
    }

    /// The part of the solution that is shown.
    ///
    /// # Errors
    /// When the solution cannot be read.
    pub fn solution(&self) -> Result<String, Error> {
        let text = self.text(&format!("solution.{}", self.track.extension()))?;
        let lines = text
            .lines()
            .skip_while(|line| !line.contains(" ANCHOR: solution"));
        let lines = lines
            .skip(1)
            .take_while(|line| !line.contains(" ANCHOR_END: solution"));
        let text: String = lines.map(|line| line.to_owned() + "\n").collect();
        Ok(format!("{}\n", text.trim_end()))
    }
}

/// What lies in a folder, in order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = fs::read_dir(folder).map_err(|error| Error::file(folder, error))?;
    let found = read.map(|entry| Ok(entry.map_err(|error| Error::file(folder, error))?.path()));
    let mut found = found.collect::<Result<Vec<_>, Error>>()?;
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
