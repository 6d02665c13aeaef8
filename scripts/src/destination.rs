//! The folder that the book is written to. mdBook empties it first, so what is in it must be ours.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use flate2::Crc;
use walkdir::WalkDir;

/// The file in which a build lists what it wrote: a line for each file, with the checksum of its content
/// and its path.
pub const LIST: &str = ".zero-downtime-book";

/// Whether a build may empty the folder: it is not there, it is empty, or all that is in it was
/// written by an earlier build and is as that left it.
///
/// # Errors
/// When there is anything else in it, it lies among the book's `sources`, or it cannot be read. Nothing
/// is changed.
pub fn may_be_emptied(folder: &Path, sources: &Path) -> io::Result<()> {
    if real(folder).starts_with(real(sources)) {
        let why = "it lies among the book's sources, and each later build would copy it. \
                   Name a folder outside of them";
        return Err(in_folder(folder, io::ErrorKind::InvalidInput, why));
    }
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
    let ours: BTreeMap<_, _> = list.lines().map(entry).collect();
    for file in files(folder) {
        let file = file?;
        let why = match ours.get(file.as_path()) {
            None => "which no build of the book has finished",
            Some(Some(sum)) if *sum != checksum(&folder.join(&file))? => {
                "which was changed since a build of the book wrote it"
            }
            Some(_) => continue,
        };
        let why = format!(
            "it holds {}, {why}, and a build empties its folder. \
             Name another folder, or move that away",
            file.display()
        );
        return Err(in_folder(folder, io::ErrorKind::AlreadyExists, &why));
    }
    Ok(())
}

/// Where a path leads, also one of which only the beginning is there yet.
fn real(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|part| {
        let real = fs::canonicalize(part).ok()?;
        Some(real.join(path.strip_prefix(part).ok()?))
    });
    there.unwrap_or_else(|| path.to_owned())
}

/// A line of the list: the path, and the checksum. The lists of earlier versions had no checksums.
fn entry(line: &str) -> (&Path, Option<u32>) {
    let summed = line.split_once("  ").and_then(|(sum, path)| {
        let is_sum = sum.len() == 8;
        let sum = u32::from_str_radix(sum, 16).ok().filter(|_| is_sum)?;
        Some((Path::new(path), Some(sum)))
    });
    summed.unwrap_or((Path::new(line), None))
}

/// Tells an edit from what a build wrote. Where a link leads is no content of ours.
fn checksum(file: &Path) -> io::Result<u32> {
    let content = match fs::symlink_metadata(file)?.is_file() {
        true => fs::read(file).map_err(|why| in_folder(file, why.kind(), &why.to_string()))?,
        false => Vec::new(),
    };
    let mut sum = Crc::new();
    sum.update(&content);
    Ok(sum.sum())
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
        let file = file?;
        let sum = checksum(&folder.join(&file))?;
        list += &format!("{sum:08x}  {}\n", file.display());
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
