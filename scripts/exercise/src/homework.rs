//! `cargo exercise homework`: the program `homework`, which needs a chapter's simulator and is built only when it is
//! asked for.

use std::path::Path;

use crate::attempt::cargo;
use crate::error::Error;

/// Prints the sheet of this chapter and seed, with its answers where `solve` says so. Returns whether there is one.
///
/// # Errors
/// When cargo cannot be started.
pub fn homework(root: &Path, chapter: &str, seed: u64, solve: bool) -> Result<bool, Error> {
    let mut command = cargo(root);
    command
        .args(["run", "--locked", "--quiet", "--package", "homework", "--"])
        .args([chapter, "--seed", &seed.to_string()])
        .args(solve.then_some("--solve"));
    let status = command.status();
    let status = status.map_err(|error| Error::file(Path::new("cargo"), error))?;
    Ok(status.success())
}
