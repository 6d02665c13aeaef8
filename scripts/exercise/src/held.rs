//! Folders that last as long as one attempt. A process that is killed leaves its folder behind, and a later one removes it.

use std::env;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

/// What the names of all such folders begin with.
const PREFIX: &str = "exercise-held-";

/// Between a folder's making and its lock, it looks as one that was left behind does.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder in use: it goes when this does.
#[derive(Debug)]
pub struct Held {
    folder: TempDir,
    // The system lets go of it with the process, also where that is killed.
    _lock: File,
}

impl Held {
    /// A new folder, where the system has its temporary files.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let lock = File::open(folder.path())?;
        // Where a file system has no locks, no folder is removed by another process either.
        let _ = lock.try_lock();
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what was left behind where the system has its temporary files.
pub fn remove_left() {
    remove_left_in(&env::temp_dir());
}

/// Removes the folders of this user whose processes are gone. What cannot be removed stays.
fn remove_left_in(folder: &Path) {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Of a link, this is said of the link itself.
        if let Some(data) = entry.metadata().ok().filter(|_| is_ours)
            && data.is_dir()
            && data.uid() == me
            && let Ok(changed) = data.modified()
            && changed.elapsed().is_ok_and(|age| age > YOUNG)
            && let Ok(lock) = File::open(entry.path())
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn made(within: &Path, name: &str, age: Duration) -> File {
        let path = within.join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("a file"), "").unwrap();
        let folder = File::open(&path).unwrap();
        folder.set_modified(SystemTime::now() - age).unwrap();
        folder
    }

    #[test]
    fn what_a_process_that_is_gone_has_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (within, old) = (folder.path(), YOUNG * 2);
        drop(made(within, "exercise-held-left", old));
        let in_use = made(within, "exercise-held-in-use", old);
        in_use.lock().unwrap();
        drop(made(within, "exercise-held-young", Duration::ZERO));
        drop(made(within, "exercise-of-a-learner", old));
        fs::write(within.join("exercise-held-file"), "").unwrap();
        let link = within.join("exercise-held-link");
        std::os::unix::fs::symlink(within.join("exercise-of-a-learner"), link).unwrap();
        remove_left_in(within);
        let names = fs::read_dir(within).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let kept = [
            "held-file",
            "held-in-use",
            "held-link",
            "held-young",
            "of-a-learner",
        ];
        assert_eq!(names, kept.map(|name| format!("exercise-{name}")));
        assert!(within.join("exercise-of-a-learner/a file").exists());
    }

    #[test]
    fn a_folder_in_use_is_locked_and_goes_with_its_user() {
        let held = Held::new().unwrap();
        let path = held.path().to_owned();
        assert!(File::open(&path).unwrap().try_lock().is_err());
        drop(held);
        assert!(!path.exists());
    }
}
