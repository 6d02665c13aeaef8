//! The checks as the book has them. A learner may change a file of checks in the checkout, by accident or in order to try something:
//! what was committed counts.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::set::Exercise;
use crate::target::target;

/// An author tries checks that are being written by setting this variable.
pub const AS_THEY_ARE: &str = "ZERO_DOWNTIME_EDITED_CHECKS";

/// A digest of each file of checks: of a book that was unpacked from an archive, git knows nothing.
const DIGESTS: &str = include_str!("../checks.digests");

/// The checks that count.
#[derive(Clone, Debug)]
pub struct Original {
    /// Their text.
    pub text: String,
    /// The file that holds it.
    pub file: PathBuf,
    /// What the learner is told, where the checkout has others.
    pub note: Option<String>,
}

/// The checks of an exercise: as they were committed, where git knows that.
///
/// # Errors
/// When they cannot be read, or written beside what is built.
pub fn original(root: &Path, exercise: &Exercise) -> Result<Original, Error> {
    let file = exercise.folder.join(exercise.track.test());
    let here = fs::read_to_string(&file);
    let within = file.strip_prefix(root).unwrap_or(&file).to_owned();
    let shown = within.display();
    let committed = committed(root, &within);
    match (here, committed) {
        (Ok(text), Some(committed)) if text != committed => {
            if env::var_os(AS_THEY_ARE).is_some() {
                let words =
                    format!("{shown} was edited, and counts as it is ({AS_THEY_ARE} is set)");
                let note = Some(words);
                return Ok(Original { text, file, note });
            }
            let words = format!(
                "{shown} was edited. The checks count as the book has them: `git checkout -- {shown}` puts them back"
            );
            beside(root, exercise, committed, words)
        }
        (Ok(text), None) if digest(&text) != stated(&within) => {
            let words = format!(
                "{shown} is not as the book has it, and counts as it is: nothing here knows how it was. Unpack the book anew to have it back"
            );
            let note = Some(words);
            Ok(Original { text, file, note })
        }
        (Ok(text), _) => {
            let note = None;
            Ok(Original { text, file, note })
        }
        (Err(error), Some(committed)) => {
            let words = format!(
                "{shown}: {error}. The checks count as the book has them: `git checkout -- {shown}` puts them back"
            );
            beside(root, exercise, committed, words)
        }
        (Err(error), None) => Err(Error::file(&file, error)),
    }
}

/// Tells a text from one that was edited. It is no defence against one that was made to have the same digest (FNV-1a). How a
/// file's lines end is an editor's choice.
pub fn digest(text: &str) -> String {
    let bytes = text.bytes().filter(|byte| *byte != b'\r');
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The digest of this file as the book has it. Empty where the book has no such file.
fn stated(within: &Path) -> &'static str {
    let mut lines = DIGESTS.lines().filter_map(|line| line.split_once("  "));
    let of_it = lines.find(|(_, name)| Path::new(name) == within);
    of_it.map_or("", |(digest, _)| digest)
}

/// Writes them where a compiler finds them, and no one edits them.
fn beside(root: &Path, exercise: &Exercise, text: String, note: String) -> Result<Original, Error> {
    let folder = target(root).join("exercise-checks");
    let name = format!(
        "{}-{}.{}",
        exercise.chapter,
        exercise.id,
        exercise.track.extension()
    );
    let file = folder.join(name);
    let write = || -> io::Result<()> {
        if fs::read_to_string(&file).is_ok_and(|before| before == text) {
            return Ok(());
        }
        fs::create_dir_all(&folder)?;
        fs::write(&file, &text)
    };
    write().map_err(|error| Error::of_target(&file, error))?;
    let note = Some(note);
    Ok(Original { text, file, note })
}

/// What was committed under this name. Nothing where there is no git, where it knows nothing of the file, and where it does not answer.
fn committed(root: &Path, within: &Path) -> Option<String> {
    let name = format!("HEAD:./{}", within.to_str()?);
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["show", &name]);
    let git = git.env_remove("GIT_DIR").stdin(Stdio::null());
    let said = git.output().ok().filter(|said| said.status.success())?;
    String::from_utf8(said.stdout).ok()
}
