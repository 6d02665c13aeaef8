//! The learner's folder: an answer to each exercise that has begun, and what was kept of earlier ones.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::go;
use crate::set::{Exercise, Track};

/// What a coding assistant in a learner's folder is told: hints before answers, and the learner types.
const FOR_ASSISTANTS: &str = include_str!("../learner/AGENTS.md");

/// Where answers lie.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// This one, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the answer to an exercise lies, or will lie.
    pub fn answer(&self, exercise: &Exercise) -> PathBuf {
        let chapter = self.0.join(&exercise.chapter);
        match exercise.track {
            Track::Rust | Track::Python => {
                let extension = exercise.track.extension();
                chapter.join(format!("{}.{extension}", exercise.id))
            }
            // A module is a folder.
            Track::Go => chapter.join(&exercise.id).join("answer.go"),
        }
    }

    /// Whether there is an answer.
    pub fn has_begun(&self, exercise: &Exercise) -> bool {
        self.answer(exercise).is_file()
    }

    /// Whether the answer is the starter, word by word.
    pub fn is_starter(&self, exercise: &Exercise) -> bool {
        let answer = fs::read_to_string(self.answer(exercise));
        matches!((answer, exercise.starter()), (Ok(answer), Ok(starter)) if answer == starter)
    }

    /// Writes the starter, unless there is an answer. Returns whether it did. With a starter comes `AGENTS.md`, for a
    /// coding assistant, unless there is something of that name.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn begin(&self, exercise: &Exercise) -> Result<bool, Error> {
        let (path, starter) = (self.answer(exercise), exercise.starter()?);
        let folder = path.parent().unwrap_or(&self.0);
        fs::create_dir_all(folder).map_err(|error| Error::of_learner(folder, error))?;
        let is_new = create_once(&path, &starter)?;
        if exercise.track == Track::Go {
            // So that an editor knows what it is, before it is tried.
            let equipped = go::equip(folder, &exercise.text(exercise.track.test())?);
            equipped.map_err(|error| Error::of_learner(folder, error))?;
        }
        if is_new {
            create_once(&self.0.join("AGENTS.md"), FOR_ASSISTANTS)?;
        }
        Ok(is_new)
    }

    /// Puts the starter in place of the answer. What was there is renamed, and never written over: its new path is
    /// returned. `None` where it was the starter already.
    ///
    /// # Errors
    /// When there is no answer, or the folder cannot be written.
    pub fn reset(&self, exercise: &Exercise) -> Result<Option<PathBuf>, Error> {
        if !self.has_begun(exercise) {
            return Err(exercise.not_begun());
        }
        if self.is_starter(exercise) {
            return Ok(None);
        }
        let answer = self.answer(exercise);
        let kept = self.free_name(exercise);
        let moved = kept.parent().map_or(Ok(()), fs::create_dir_all);
        moved
            // A link fails where something stands, and a rename would replace it.
            .and_then(|()| fs::hard_link(&answer, &kept))
            .and_then(|()| fs::remove_file(&answer))
            .map_err(|error| Error::of_learner(&kept, error))?;
        if let Err(error) = self.begin(exercise) {
            // On a full disk, say. The answer stays where it was; if not even that is possible, it stays in `kept`.
            let _ = fs::rename(&kept, &answer);
            return Err(error);
        }
        Ok(Some(kept))
    }

    fn free_name(&self, exercise: &Exercise) -> PathBuf {
        let folder = self.0.join("kept");
        let name = |number: u32| {
            let (chapter, id) = (&exercise.chapter, &exercise.id);
            let extension = exercise.track.extension();
            folder.join(format!("{chapter}-{id}-{number}.{extension}"))
        };
        let mut number = 1;
        while name(number).symlink_metadata().is_ok() {
            number += 1;
        }
        name(number)
    }
}

/// Leaves what is there already. Returns whether there was nothing.
fn create_once(path: &Path, text: &str) -> Result<bool, Error> {
    match create(path, text) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::of_learner(path, error)),
    }
}

/// Fails where there is such a file already. Of a text that cannot be written whole it leaves nothing: half a starter would be
/// taken for an answer.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes());
    if written.is_err() {
        // Where it cannot be removed either, the error of the write says what is wrong.
        let _ = fs::remove_file(path);
    }
    written
}
