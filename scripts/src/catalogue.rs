//! The failure catalogue: an appendix made from a list of failures, their tests and their defences.
//!
//! The list names each test by its file and its function, and the page cannot be built when there
//! is no such test. So an entry cannot outlive what proves it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use regex::Regex;
use serde::Deserialize;

use crate::error::Error;

/// What the file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    failure: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    /// Its place in the list, counted from 1 without a gap.
    number: usize,
    /// What somebody sees who does not know the cause yet.
    symptom: String,
    /// What happens, with its source, in Markdown.
    cause: String,
    /// What this book does about it, in Markdown.
    defence: String,
    /// The page, and the place on it, that explains it. None for what no chapter has reached.
    chapter: Option<String>,
    /// `file::function`, the file from the root of the workspace.
    #[serde(default)]
    tests: Vec<String>,
}

/// The catalogue in Markdown, from `list`. `root` is where the tests' files are.
///
/// # Errors
/// With the number of an entry that is out of order, names a test that is not there, or has a
/// chapter without a test or a test without a chapter.
pub fn render(root: &Path, list: &str) -> Result<String, Error> {
    let catalogue: Catalogue = toml::from_str(list).map_err(Error::list)?;
    let mut page = String::new();
    for (failure, number) in catalogue.failure.iter().zip(1..) {
        let wrong = |error: Error| error.within(format!("failure {}", failure.number));
        if failure.number != number {
            return Err(wrong(Error::list(format!("stands in place {number}"))));
        }
        for test in &failure.tests {
            exists(root, test).map_err(wrong)?;
        }
        if failure.chapter.is_some() == failure.tests.is_empty() {
            return Err(wrong(Error::list("a chapter and a test belong together")));
        }
        write(&mut page, failure);
    }
    match catalogue.failure.len() {
        0 => Err(Error::list("no failure in it")),
        _ => Ok(page),
    }
}

fn write(page: &mut String, failure: &Failure) {
    let Failure {
        number, symptom, ..
    } = failure;
    // Programs name an entry by its number. Writing to a string cannot fail.
    let _ = write!(
        page,
        "## {number}. {symptom} {{#entry-{number}}}\n\n{}\n\n",
        failure.cause.trim()
    );
    let _ = write!(page, "**Defence.** {}", failure.defence.trim());
    match &failure.chapter {
        Some(chapter) => {
            let tests: Vec<_> = failure
                .tests
                .iter()
                .map(|test| format!("`{test}`"))
                .collect();
            let tests = tests.join(", ");
            let page_of = named(chapter);
            let _ = write!(page, " [{page_of}]({chapter}).\n\nShown by {tests}.\n\n");
        }
        None => page.push_str(" No chapter has reached it yet.\n\n"),
    }
}

/// What a link to this page is called: a chapter has a number.
fn named(page: &str) -> String {
    let number = page.strip_prefix("ch").and_then(|rest| rest.get(..2));
    match number.and_then(|digits| digits.parse::<u32>().ok()) {
        Some(number) => format!("Chapter {number}"),
        None => "Read on".into(),
    }
}

/// Whether the function of `file::function` stands in the file, as Rust, Go, Python, or one of our
/// macros writes it. `root` is where the file's path begins.
///
/// # Errors
/// When there is no such file, or no such function in it.
pub fn exists(root: &Path, test: &str) -> Result<(), Error> {
    let (file, name) = test
        .split_once("::")
        .ok_or_else(|| Error::list(format!("`{test}` is not `file::function`")))?;
    let text =
        fs::read_to_string(root.join(file)).map_err(|error| Error::list(error).within(file))?;
    let written = format!(
        r"(?m)(\b(fn|func|def) {0}\b|^\s*{0}: \w)",
        regex::escape(name)
    );
    let written = Regex::new(&written).map_err(Error::list)?;
    if written.is_match(&text) {
        return Ok(());
    }
    Err(Error::list(format!("{file} has no test `{name}`")))
}
