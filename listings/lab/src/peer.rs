//! Programs that some tests use when they are there: Go, Python, a browser.

use std::env;
use std::io::Write;
use std::path::PathBuf;

/// Finds `program` on the search path. Where it is missing, [skips](skip) and returns nothing: the
/// caller returns.
///
/// # Panics
/// With `CI=true`, when the program is missing.
pub fn find(program: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file());
    if found.is_none() {
        skip(program);
    }
    found
}

/// Says `skipped: go not found` on stderr, past the test runner's capture. With `CI=true` nothing
/// may be skipped.
///
/// # Panics
/// With `CI=true`.
pub fn skip(missing: &str) {
    let line = format!("skipped: {missing} not found");
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{line}");
    // A failure to write to stderr leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}
