//! The folder that the book is written to. mdBook empties it first, so what is in it must be ours.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The file in which a build lists what it wrote, a path a line.
pub const LIST: &str = ".zero-downtime-book";

/// Whether a build may empty the folder: it is not there, it is empty, or all that is in it was
/// written by an earlier build.
///
/// # Errors
/// When there is anything else in it, or it cannot be read. Nothing is changed.
pub fn may_be_emptied(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(in_folder(folder, why.kind(), &why.to_string())),
        Ok(_) if !folder.is_dir() => {
            let why = "it is not a folder. Name one that is empty, or is not there";
            return Err(in_folder(folder, io::ErrorKind::NotADirectory, why));
        }
        Ok(_) => {}
    }
    let list = match fs::read_to_string(folder.join(LIST)) {
        Ok(list) => list,
        Err(why) if why.kind() == io::ErrorKind::NotFound => String::new(),
        Err(why) => return Err(in_folder(&folder.join(LIST), why.kind(), &why.to_string())),
    };
    let ours: BTreeSet<_> = list.lines().map(Path::new).collect();
    for file in files(folder) {
        let file = file?;
        if !ours.contains(file.as_path()) {
            let why = format!(
                "it holds {}, which no build of the book wrote, and a build empties its folder. \
                 Name another folder, or move that away",
                file.display()
            );
            return Err(in_folder(folder, io::ErrorKind::AlreadyExists, &why));
        }
    }
    Ok(())
}

/// Lists what is in the folder as written by a build, for the next build to know. A folder that is
/// not there or is empty stays so.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn claim(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut list = String::new();
    for file in files(folder) {
        list += &format!("{}\n", file?.display());
    }
    if list.is_empty() {
        return Ok(());
    }
    let path = folder.join(LIST);
    fs::write(&path, list).map_err(|why| in_folder(&path, why.kind(), &why.to_string()))
}

/// All in a folder that is no folder itself, without the list. Links are not followed.
fn files(folder: &Path) -> impl Iterator<Item = io::Result<PathBuf>> {
    let below = WalkDir::new(folder).min_depth(1).sort_by_file_name();
    below.into_iter().filter_map(move |entry| {
        let entry = match entry {
            Ok(entry) => entry,
            Err(why) => return Some(Err(why.into())),
        };
        let name = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let counts = !entry.file_type().is_dir() && name != Path::new(LIST);
        counts.then(|| Ok(name.to_owned()))
    })
}

fn in_folder(folder: &Path, kind: io::ErrorKind, why: &str) -> io::Error {
    io::Error::new(kind, format!("{}: {why}", folder.display()))
}
