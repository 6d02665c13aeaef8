//! What the book had wrong: a page made from a list, sorted by chapter.
//!
//! Each entry names a source, or tests by file and function, and the page cannot be built when there
//! is no such test. A correction is worth as much as what shows it.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use crate::catalogue;
use crate::error::Error;
use crate::markup::breakable;

/// What the file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Errata {
    erratum: Vec<Erratum>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Erratum {
    /// The page, without its ending: `challenge`, `ch03-handshake-hook`.
    page: String,
    /// What the book said, or what its code did.
    was: String,
    /// What is right, in Markdown.
    right: String,
    /// Since when the page says so, as 2026-11-27.
    since: String,
    /// Where it is written, in Markdown. Empty where a test is the source.
    #[serde(default)]
    source: String,
    /// `file::function`, the file from the root of the workspace.
    #[serde(default)]
    tests: Vec<String>,
}

/// The list in Markdown: a heading and a table for each page, in the order of their names.
/// `root` is where pages and tests are.
///
/// # Errors
/// When an entry names a page or a test that is not there, shows nothing for itself, or has a cell
/// that would break the table.
pub fn render(root: &Path, list: &str) -> Result<String, Error> {
    let errata: Errata = toml::from_str(list).map_err(Error::list)?;
    let mut entries = errata.erratum;
    // `challenge` comes before the first chapter, and sorts after the last.
    entries.sort_by_key(|entry| {
        (
            entry.page.starts_with("ch0") || entry.page.starts_with("ch1"),
            entry.page.clone(),
        )
    });
    let mut page = String::new();
    let mut at = String::new();
    for entry in &entries {
        let shown =
            shown(root, entry).map_err(|error| Error::list(format!("`{}`: {error}", entry.was)))?;
        if at != entry.page {
            at.clone_from(&entry.page);
            // Writing to a string cannot fail.
            let _ = write!(
                page,
                "\n### {}\n\nOn [its page]({at}.md).\n\n| was | is | shown by |\n|---|---|---|\n",
                title(root, &at)?
            );
        }
        let Erratum { was, right, .. } = entry;
        let _ = writeln!(page, "| {was} | {right} | {shown} |");
    }
    match page.is_empty() {
        true => Err(Error::list("no erratum in it")),
        false => Ok(page),
    }
}

/// The page's own heading.
fn title(root: &Path, page: &str) -> Result<String, Error> {
    let file = root.join(format!("src/{page}.md"));
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Error::list(format!("src/{page}.md: {error}")))?;
    let heading = text.lines().find_map(|line| line.strip_prefix("# "));
    let heading = heading.ok_or_else(|| Error::list(format!("src/{page}.md has no heading")))?;
    Ok(heading.to_owned())
}

/// The last cell: source, tests, and since when.
fn shown(root: &Path, entry: &Erratum) -> Result<String, Error> {
    for test in &entry.tests {
        catalogue::exists(root, test)?;
    }
    let cells = [&entry.was, &entry.right, &entry.since];
    if cells.iter().any(|cell| cell.trim().is_empty()) {
        return Err(Error::list("something is empty"));
    }
    let source = entry.source.trim();
    if source.is_empty() && entry.tests.is_empty() {
        return Err(Error::list("neither a source nor a test"));
    }
    let mut shown: Vec<_> = entry.tests.iter().map(|test| breakable(test)).collect();
    if !source.is_empty() {
        shown.insert(0, source.to_owned());
    }
    let shown = format!("{} (since {})", shown.join(", "), entry.since);
    let whole = [&entry.was, &entry.right, &shown];
    match whole.iter().find(|cell| cell.contains(['|', '\n'])) {
        Some(cell) => Err(Error::list(format!("`{cell}` is no cell of a table"))),
        None => Ok(shown),
    }
}
