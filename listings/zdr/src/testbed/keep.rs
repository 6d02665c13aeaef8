//! What is kept of a test bed in which something failed: its files as they were each time that the server
//! was notified, the server's last lines, and the secrets of its clients' handshakes.
//!
//! The folder that this goes to is the user's. Nothing that lies in it is changed or removed.

mod copy;
mod secrets;

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;

use crate::error::Error;
use crate::load::Target;
use crate::server::output::ServerOutput;
use copy::copy_tree;
pub(crate) use secrets::Secrets;

/// The file by which a folder is known as one of ours.
const MARK: &str = ".zdr-keep";
/// So many states of the files are kept, the latest.
const STATES: usize = 16;

/// Keeps what failed, in a folder of its own for each run.
#[derive(Clone, Debug)]
pub struct Keeper {
    dir: Arc<PathBuf>,
    /// The folder of this run, once something was kept in it; or why nothing could be.
    run: Arc<Mutex<Option<Result<PathBuf, String>>>>,
    beds: Arc<Mutex<Vec<Arc<Snapshots>>>>,
}

impl Keeper {
    /// Takes a folder that is new or empty, or one in which an earlier run has kept something.
    ///
    /// # Errors
    /// When anything else lies in it, or it cannot be written to.
    pub fn new(dir: &Path) -> Result<Self, Error> {
        let about = |error| {
            let dir = dir.display();
            Error::Invalid(format!(
                "{dir}: {error}: name a folder for what fails that can be written to, or made"
            ))
        };
        folder(dir).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(about(error)),
        })?;
        let is_ours = dir.join(MARK).is_file();
        let mut entries = dir.read_dir().map_err(about)?;
        if !is_ours && entries.next().is_some() {
            let dir = dir.display();
            let error = format!(
                "{dir} is not empty, and no earlier run has kept anything in it: nothing is added to a folder \
                 of another program. Name one that is new or empty"
            );
            return Err(Error::Invalid(error));
        }
        if !is_ours {
            write(
                &dir.join(MARK),
                "What `zdr check --keep` keeps of failures.\n",
            )
            .map_err(about)?;
        }
        Ok(Self {
            dir: Arc::new(dir.to_owned()),
            run: Arc::default(),
            beds: Arc::default(),
        })
    }

    /// The folder of this run, where something was kept; or why that could not be.
    pub fn kept(&self) -> Option<Result<PathBuf, String>> {
        self.run.lock().clone()
    }

    /// The same, for test beds that are kept or not by themselves.
    pub(crate) fn apart(&self) -> Self {
        Self {
            beds: Arc::default(),
            ..self.clone()
        }
    }

    /// Follows a test bed, whose files lie in this folder. Those of a server that is attached to are not ours
    /// to copy.
    pub(crate) fn follow(
        &self,
        files: Option<&Path>,
        target: &Target,
        output: &ServerOutput,
        secrets: Arc<Secrets>,
    ) -> io::Result<Arc<Snapshots>> {
        let bed = Arc::new(Snapshots {
            files: files.map(Path::to_owned),
            states: Mutex::default(),
            copies: lab::directory()?,
            target: target.clone(),
            output: output.clone(),
            secrets,
        });
        self.beds.lock().push(Arc::clone(&bed));
        Ok(bed)
    }

    /// Keeps what there is of the test beds so far, under this name.
    pub(crate) fn keep(&self, name: &str) {
        let kept = self.run_folder().and_then(|run| {
            for bed in self.beds.lock().iter() {
                bed.keep(&fresh(&run, name)?)?;
            }
            Ok(())
        });
        if let Err(error) = kept {
            let dir = self.dir.display();
            *self.run.lock() = Some(Err(format!("{dir}: {error}")));
        }
    }

    fn run_folder(&self) -> io::Result<PathBuf> {
        let mut run = self.run.lock();
        match &*run {
            Some(Ok(folder)) => Ok(folder.clone()),
            Some(Err(error)) => Err(io::Error::other(error.clone())),
            None => {
                let folder = fresh(&self.dir, "run")?;
                *run = Some(Ok(folder.clone()));
                Ok(folder)
            }
        }
    }
}

/// What there is of a test bed.
pub(crate) struct Snapshots {
    files: Option<PathBuf>,
    states: Mutex<usize>,
    copies: TempDir,
    target: Target,
    output: ServerOutput,
    secrets: Arc<Secrets>,
}

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshots")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Snapshots {
    /// Copies the files as they are.
    pub(crate) fn take(&self) {
        let Some(files) = &self.files else { return };
        let mut states = self.states.lock();
        *states += 1;
        let state = |number: usize| self.copies.path().join(format!("{number:04}"));
        // A state that cannot be copied is missing, and the others are there.
        let _ = folder(&state(*states)).and_then(|()| copy_tree(files, &state(*states)));
        if let Some(old) = states.checked_sub(STATES).filter(|old| *old > 0) {
            let _ = std::fs::remove_dir_all(state(old));
        }
    }

    fn keep(&self, to: &Path) -> io::Result<()> {
        let states = to.join("files");
        folder(&states)?;
        copy_tree(self.copies.path(), &states)?;
        write(&to.join("roots.pem"), &self.target.roots_pem)?;
        if let Some(identity) = &self.target.identity {
            write(&to.join("client.crt"), &identity.chain_pem)?;
            write(&to.join("client.key"), identity.key.expose())?;
        }
        write(&to.join("output.txt"), &self.output.last())?;
        write(&to.join("keys.log"), &self.secrets.text())
    }
}

/// Copies the files once more when the test bed is done with.
pub(crate) struct LastState(pub(crate) Option<Arc<Snapshots>>);

impl Drop for LastState {
    fn drop(&mut self) {
        if let Some(bed) = &self.0 {
            bed.take();
        }
    }
}

/// A folder that was not there before, for this user alone.
fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// A new folder `name-1`, or with the next number that is free.
fn fresh(within: &Path, name: &str) -> io::Result<PathBuf> {
    for number in 1_u32.. {
        let path = within.join(format!("{name}-{number}"));
        match folder(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| path),
        }
    }
    Err(io::Error::other("there are too many runs"))
}

/// A file that was not there before, for this user alone: it may hold a key.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut new = OpenOptions::new();
    let mut file = new.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
