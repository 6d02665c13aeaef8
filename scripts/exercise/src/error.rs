//! What can go wrong beside an answer itself.

use std::io;
use std::path::{Path, PathBuf};

/// An error that ends a command. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a program could not be used.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A learner's folder cannot be written.
    #[error("{}: {error}. Answers and the record of what was done are written there: with `--folder` you name a folder in which you may write", path.display())]
    ReadOnly {
        /// Which file of it.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Nothing can be written where the book is built.
    #[error("{}: {error}. What is built is written there, and your answer was not tried. In a checkout that you may not write, name a folder for what is built and one for your answers: `CARGO_TARGET_DIR=~/built cargo exercise run --folder ~/answers`", path.display())]
    ReadOnlyTarget {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// What an answer depends on could not be built.
    #[error(
        "cargo could not build what the answers depend on, and your answer was not tried: cargo's words are above. Where they speak of a download, there is no \
         network, and `src/offline.md` says how to do without; where of space, the folder `target` needs some gigabytes"
    )]
    Build,
    /// Another attempt goes on and on.
    #[error(
        "waited {minutes} minutes for another attempt in this checkout to end ({} is locked), and yours was not tried: is a `cargo exercise` stopped in another terminal?", lock.display()
    )]
    Busy {
        /// For how long.
        minutes: u64,
        /// What is locked.
        lock: PathBuf,
    },
    /// The language of a track is not installed.
    #[error(
        "{program} cannot be started: {error}. Answers in {language} need {needs}, found as `{program}` on the PATH"
    )]
    Language {
        /// What was started.
        program: &'static str,
        /// Which release is needed.
        needs: &'static str,
        /// The language of the answer.
        language: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// What was to be shown could not be written.
    #[error("cannot write to the terminal: {0}")]
    Terminal(#[from] io::Error),
    /// This program was not started by cargo, which says where the book is.
    #[error("run this as `cargo exercise`, in the folder of the book")]
    NoBook,
    /// An `exercise.toml` of the book does not parse.
    #[error("{}: {error}", path.display())]
    About {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: String,
    },
    /// Nothing is named so.
    #[error("there is no exercise `{name}`{within}. {}`cargo exercise list{option}` lists all of them", near.as_ref().map(|near| format!("Did you mean `{near}`? ")).unwrap_or_default())]
    Unknown {
        /// What was typed.
        name: String,
        /// What looks like it.
        near: Option<String>,
        /// Where it was looked for: ` in Go`, where that is not all of them.
        within: String,
        /// What a command ends with to mean this folder and track.
        option: String,
    },
    /// The record of what was done cannot be read. It is not written over.
    #[error("{}: {error}. Nothing was changed: mend the file, or move it away to begin a new record. Answers lie beside it, and stay", path.display())]
    Progress {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: String,
    },
    /// There is nothing to do with this exercise yet.
    #[error("{name} has not begun: `cargo exercise next {name}{option}` writes its starter")]
    NotBegun {
        /// The exercise.
        name: String,
        /// What a command ends with to mean its folder and track.
        option: String,
    },
    /// The solution is not shown yet.
    #[error(
        "{name} is not done, and {left} of its hints were not shown: `cargo exercise hint {name}{option}`. With --now the solution is shown all the same"
    )]
    TooEarly {
        /// The exercise.
        name: String,
        /// How many hints are left.
        left: usize,
        /// What a command ends with to mean its folder and track.
        option: String,
    },
}

impl Error {
    /// The same, for a learner whose folder has to be named: the commands that it tells name it as well.
    pub fn in_folder(mut self, named: &str) -> Self {
        if let Self::Unknown { option, .. }
        | Self::NotBegun { option, .. }
        | Self::TooEarly { option, .. } = &mut self
        {
            option.insert_str(0, named);
        }
        self
    }

    /// The error of a file.
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            error,
        }
    }

    /// The error of a file among what is built.
    pub(crate) fn of_target(path: &Path, error: io::Error) -> Self {
        match is_read_only(&error) {
            true => Self::ReadOnlyTarget {
                path: path.to_owned(),
                error,
            },
            false => Self::file(path, error),
        }
    }

    /// The error of a file in a learner's folder.
    pub(crate) fn of_learner(path: &Path, error: io::Error) -> Self {
        match is_read_only(&error) {
            true => Self::ReadOnly {
                path: path.to_owned(),
                error,
            },
            false => Self::file(path, error),
        }
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}
