//! What lies beside an answer in Go, so that `go test` can try it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::held::Held;

/// What makes a module of the folder in which an answer lies.
const MODULE: &str = "module answer\n\ngo 1.25\n";

/// What checks share, and how they import it: as a package of the answer's module.
const LAB: &str = include_str!("../../learner/lab/lab.go");
const IMPORTS_LAB: &str = "\"answer/lab\"";

/// What reads the seal, before the answer runs.
const SEALED: &str = include_str!("../../learner/seal/seal.go");

/// The file of checks, as it lies beside an answer.
const CHECKS: &str = "answer_test.go";

/// By this variable the tests are told the file that holds what they print before the first of them and after the last. What comes
/// before is of the answer, whatever it looks like; and where the end is missing, not all tests have run, whatever is said of them.
/// The file is removed before the answer runs: what a variable holds, an answer can read.
pub(super) const SEAL: &str = "EXERCISE_SEAL";

/// With this behind it, the seal says that all tests have run.
pub(super) const ALL: &str = " all";

/// What prints it, in the package of the checks.
fn sealing(test: &str) -> String {
    let package = test.lines().next().unwrap_or("package answer");
    format!(
        "{package}\n\n// What is said of tests before this runs is said by the answer.\n\n\
         import (\n\t\"fmt\"\n\t\"os\"\n\t\"testing\"\n\n\t\"answer/seal\"\n)\n\n\
         func TestMain(tests *testing.M) {{\n\tseal := seal.Read()\n\tfmt.Println(seal)\n\t\
         code := tests.Run()\n\tfmt.Println(\"\\n\" + seal + \"{ALL}\")\n\tos.Exit(code)\n}}\n"
    )
}

/// Puts what `go test` needs beside an answer: the module, and the checks as the book has them. Where there were other checks,
/// those are kept under the name that is returned.
///
/// # Errors
/// When the folder cannot be written.
pub fn equip(folder: &Path, test: &str) -> io::Result<Option<PathBuf>> {
    let checks = folder.join(CHECKS);
    let other = fs::read(&checks).is_ok_and(|before| before != test.as_bytes());
    let kept = match other {
        true => Some(keep(&checks)?),
        false => None,
    };
    write(&folder.join("go.mod"), MODULE)?;
    write(&checks, test)?;
    write(&folder.join("sealing_test.go"), &sealing(test))?;
    fs::create_dir_all(folder.join("seal"))?;
    write(&folder.join("seal/seal.go"), SEALED)?;
    if test.contains(IMPORTS_LAB) {
        fs::create_dir_all(folder.join("lab"))?;
        write(&folder.join("lab/lab.go"), LAB)?;
    }
    Ok(kept)
}

/// A copy of this folder's files in Go, which can be equipped where the folder cannot be written.
///
/// # Errors
/// When they cannot be read, or the copy cannot be written.
pub fn copy(folder: &Path) -> io::Result<Held> {
    let copy = Held::new()?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_of_it = path.extension().is_some_and(|end| end == "go") && path.is_file();
        if let Some(name) = path.file_name().filter(|_| is_of_it) {
            fs::copy(&path, copy.path().join(name))?;
        }
    }
    Ok(copy)
}

/// Moves a file to a name beside it that is free, and that Go does not look at.
fn keep(path: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| path.with_extension(format!("go.kept-{number}"));
    let mut number = 1;
    while name(number).symlink_metadata().is_ok() {
        number += 1;
    }
    fs::rename(path, name(number))?;
    Ok(name(number))
}

/// Writes a file, where it holds something else.
fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::read(path) {
        Ok(before) if before == text.as_bytes() => Ok(()),
        _ => fs::write(path, text),
    }
}
