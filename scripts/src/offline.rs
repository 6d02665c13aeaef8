//! A room without network: the sources of the book, those of all that it depends on, and the book itself, in one
//! folder.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use walkdir::WalkDir;

/// The folder of the sources of other crates, in that of the book.
pub const VENDOR: &str = "vendor";

/// What cargo is told: the sources lie here, and there is no network.
const CONFIG: &str = r#"
# A room without network: all sources lie in `vendor`.
[source.crates-io]
replace-with = "vendored"

[source.vendored]
directory = "vendor"

[net]
offline = true
"#;

/// What came of it.
#[derive(Debug)]
pub struct Room {
    /// The checkout, in which cargo works.
    pub book: PathBuf,
    /// How many crates of others lie in it.
    pub crates: usize,
    /// What is in the checkout here and was not copied, since it is not committed.
    pub uncommitted: Vec<String>,
}

/// Writes what is committed in the book's folder `root`, with the sources of what it depends on, into the folder `to`.
///
/// # Errors
/// When the folder is not empty, the book's folder is no checkout of git, a program fails, or a crate of the lock
/// file is missing afterwards.
pub fn furnish(root: &Path, to: &Path) -> io::Result<Room> {
    is_free(to)?;
    let book = to.join("book");
    fs::create_dir_all(&book)?;
    let archive = to.join("book.tar");
    run(
        root,
        "git",
        &[&"archive", &"--output", &absolute(&archive)?, &"HEAD"],
    )?;
    run(to, "tar", &[&"-xf", &"book.tar", &"-C", &"book"])?;
    fs::remove_file(&archive)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(
        &book,
        &cargo,
        &[
            &"vendor",
            &"--quiet",
            &"--locked",
            &"--versioned-dirs",
            &VENDOR,
        ],
    )?;
    tell_cargo(&book)?;
    let missing = missing(&book)?;
    if !missing.is_empty() {
        let why = format!(
            "{}: it lacks {}",
            book.join(VENDOR).display(),
            missing.join(", ")
        );
        return Err(io::Error::other(why));
    }
    Ok(Room {
        crates: fs::read_dir(book.join(VENDOR))?.count(),
        uncommitted: uncommitted(root)?,
        book,
    })
}

/// Whether the folder may be filled: it is not there, or it is empty.
fn is_free(folder: &Path) -> io::Result<()> {
    match fs::read_dir(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(io::Error::new(
            why.kind(),
            format!("{}: {why}", folder.display()),
        )),
        Ok(mut found) => match found.next() {
            None => Ok(()),
            Some(entry) => {
                let why = format!(
                    "{}: it holds {}. Name a folder that is empty, or is not there",
                    folder.display(),
                    entry?.file_name().display()
                );
                Err(io::Error::new(io::ErrorKind::AlreadyExists, why))
            }
        },
    }
}

/// Adds to the configuration that the book has for cargo where the sources lie.
///
/// # Errors
/// When it cannot be read or written.
pub fn tell_cargo(book: &Path) -> io::Result<()> {
    let path = book.join(".cargo/config.toml");
    let text = fs::read_to_string(&path)?;
    fs::write(path, text + CONFIG)
}

/// The crates of the lock file whose sources are not there, each with its version.
///
/// # Errors
/// When the lock file cannot be read.
pub fn missing(book: &Path) -> io::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
        source: Option<String>,
    }
    let text = fs::read_to_string(book.join("Cargo.lock"))?;
    let lock: Lock = toml::from_str(&text).map_err(io::Error::other)?;
    let others = lock.package.into_iter().filter(|one| one.source.is_some());
    let named = others.map(|one| format!("{}-{}", one.name, one.version));
    let is_there = |name: &String| {
        let folder = book.join(VENDOR).join(name);
        folder.join(".cargo-checksum.json").is_file()
    };
    Ok(named.filter(|name| !is_there(name)).collect())
}

fn uncommitted(root: &Path) -> io::Result<Vec<String>> {
    let mut git = Command::new("git");
    let said = git.current_dir(root).args(["status", "--short"]).output()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    Ok(said.lines().map(|line| line.trim().to_owned()).collect())
}

/// How many bytes all files below a folder have.
pub fn size(folder: &Path) -> u64 {
    let files = WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let sizes = files.filter_map(|file| file.metadata().ok());
    sizes
        .filter(|about| about.is_file())
        .map(|about| about.len())
        .sum()
}

fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// Runs a program in a folder. What it says on stdout is of no use here.
fn run(
    folder: &Path,
    program: impl AsRef<OsStr>,
    arguments: &[&dyn AsRef<OsStr>],
) -> io::Result<()> {
    let program = program.as_ref();
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(arguments.iter().map(|one| one.as_ref()));
    let status = command
        .stdout(Stdio::null())
        .status()
        .map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", program.display())))?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{}: {status}", program.display()))),
    }
}
