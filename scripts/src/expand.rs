//! Our own directives: a timeline from a run's events, a grid from an exploration's, a picture, a
//! diff from the real files, the catalogue of failures, the index of symptoms, the table of defects that are
//! caught, the exercises, plans for teaching them, the questions of a chapter, and versions.

use std::path::Path;

use similar::TextDiff;

use crate::error::Error;
use crate::minutes::{self, Minutes};
use crate::source::{Directive, Part, directives};
use crate::{
    catalogue, costs, errata, exercises, falsification, files, grid, itself, listing, log,
    pictures, plan, quiz, results, slides, symptoms, timeline, timetable, versions,
};

/// What a directive stands for. `None` where mdBook itself expands it.
///
/// # Errors
/// When it names something that is not there, or has nothing to show.
pub fn expand(directory: &Path, directive: &Directive) -> Result<Option<String>, Error> {
    let part = |at: usize| {
        let argument = directive.arguments.get(at).map_or("", String::as_str);
        let text = Part::parse(directory, argument)?.text()?;
        Ok::<_, Error>((argument.trim_start_matches("../"), text))
    };
    // The lists name files from the root, one above the chapters' folder.
    let root = directory.parent().unwrap_or(directory);
    let which = directive.arguments.get(1).map_or("", String::as_str);
    let name = directive.name.as_str();
    // What says how long the page takes is expanded once all else is.
    if name == minutes::NAME {
        return Ok(None);
    }
    let argument = directive.arguments.first().map_or("", String::as_str);
    if name == "exercises" {
        return exercises::render(root, &directory.join(argument)).map(Some);
    }
    if name == "quiz" {
        return quiz::render(root, &directory.join(argument)).map(Some);
    }
    // Both measure other pages, which are expanded for it.
    let of_page = |text: &str| expand_all(directory, text);
    if name == "timetable" {
        return timetable::render(root, &of_page).map(Some);
    }
    if name == "changed" {
        return changed(part(0)?, part(1)?).map(Some);
    }
    if name == "log" {
        let only = directive.arguments.get(1..).unwrap_or_default();
        return log::render(directory, argument, only).map(Some);
    }
    if name == "slides" {
        return slides::list(&directory.join(argument)).map(Some);
    }
    let (path, text) = part(0)?;
    match of_file(root, name, (path, &text), which, &of_page) {
        Some(rendered) => rendered.map(Some).map_err(|error| error.within(path)),
        None => Ok(None),
    }
}

/// What a directive makes of a file. `None` where there is no such directive.
fn of_file(
    root: &Path,
    name: &str,
    (path, text): (&str, &str),
    which: &str,
    of_page: &dyn Fn(&str) -> Result<String, Error>,
) -> Option<Result<String, Error>> {
    Some(match name {
        // One picture of a run is enough to a page, so the path makes a good identity.
        "timeline" => timeline::render(path, text),
        "grid" => grid::render(text),
        "picture" => pictures::render(path, text),
        "plan" => plan::render(root, text, of_page),
        "explorer" => pictures::explorer::render(text),
        "rotation" => pictures::rotation::render(text),
        "schedules" => pictures::schedules::render(text),
        "catalogue" => catalogue::render(root, text),
        "costs" => costs::render(text, which),
        "errata" => errata::render(root, text),
        "itself" => itself::render(text),
        "falsification" => falsification::render(text),
        "files" => files::render(text),
        "results" => results::render(text, which),
        "symptoms" => symptoms::render(root, text, which),
        "versions" => versions::render(text, which),
        _ => return None,
    })
}

/// What differs between two files, or parts of files, as a diff.
fn changed((old, before): (&str, String), (new, after): (&str, String)) -> Result<String, Error> {
    if before == after {
        return Err(Error::Same(old.into(), new.into()));
    }
    let diff = TextDiff::from_lines(&before, &after);
    let diff = diff.unified_diff().header(old, new).to_string();
    Ok(format!("```diff\n{diff}```\n"))
}

/// Expands our directives in a chapter. mdBook's own are left to mdBook.
///
/// # Errors
/// With the line of the directive that cannot be expanded.
pub fn expand_all(directory: &Path, text: &str) -> Result<String, Error> {
    let text = &listing::titled(text)?;
    let mut expanded = String::new();
    let mut from = 0;
    for directive in directives(text) {
        let replacement = expand(directory, &directive)
            .map_err(|error| error.within(format_args!("line {}", directive.line)))?;
        if let Some(replacement) = replacement {
            expanded.push_str(&text[from..directive.span.start]);
            expanded.push_str(&replacement);
            from = directive.span.end;
        }
    }
    expanded.push_str(&text[from..]);
    let minutes = minutes::directive();
    match expanded.contains(&minutes) {
        true => Ok(expanded.replace(&minutes, &Minutes::of(directory, &expanded)?.to_string())),
        false => Ok(expanded),
    }
}
