//! Our own directives: a timeline from a run's events, a grid from an exploration's, a diff from
//! the real files, the catalogue of failures, the table of defects that are caught, and versions.

use std::path::Path;

use similar::TextDiff;

use crate::source::{Directive, Part, directives};
use crate::{catalogue, errata, falsification, grid, results, timeline, versions};

/// What a directive stands for. `None` where mdBook itself expands it.
///
/// # Errors
/// When it names something that is not there, or has nothing to show.
pub fn expand(directory: &Path, directive: &Directive) -> Result<Option<String>, String> {
    let part = |at: usize| {
        let argument = directive.arguments.get(at).map_or("", String::as_str);
        let part = Part::parse(directory, argument).map_err(|why| why.to_string())?;
        let text = part.text().map_err(|why| why.to_string())?;
        Ok::<_, String>((argument.trim_start_matches("../"), text))
    };
    match directive.name.as_str() {
        "timeline" => {
            let (path, events) = part(0)?;
            // One picture of a run is enough to a page, so the path makes a good identity.
            timeline::render(path, &events)
                .map(Some)
                .map_err(|why| format!("{path}: {why}"))
        }
        "grid" => {
            let (path, events) = part(0)?;
            grid::render(&events)
                .map(Some)
                .map_err(|why| format!("{path}: {why}"))
        }
        "catalogue" => {
            let (path, list) = part(0)?;
            // The list lies in the folder beside the chapters', one below the root.
            let root = directory.parent().unwrap_or(directory);
            catalogue::render(root, &list)
                .map(Some)
                .map_err(|why| format!("{path}: {why}"))
        }
        "errata" => {
            let (path, list) = part(0)?;
            let root = directory.parent().unwrap_or(directory);
            errata::render(root, &list)
                .map(Some)
                .map_err(|why| format!("{path}: {why}"))
        }
        "falsification" => {
            let (path, list) = part(0)?;
            falsification::render(&list)
                .map(Some)
                .map_err(|why| format!("{path}: {why}"))
        }
        "results" => {
            let ((path, text), which) = (part(0)?, &directive.arguments[1]);
            results::render(&text, which)
                .map(Some)
                .map_err(|why| format!("{path}: {why}"))
        }
        "versions" => {
            let ((path, text), which) = (part(0)?, &directive.arguments[1]);
            versions::render(&text, which)
                .map(Some)
                .map_err(|why| format!("{path}: {why}"))
        }
        "changed" => {
            let ((old, before), (new, after)) = (part(0)?, part(1)?);
            if before == after {
                return Err(format!("{old} and {new} are the same"));
            }
            let diff = TextDiff::from_lines(&before, &after);
            let diff = diff.unified_diff().header(old, new).to_string();
            Ok(Some(format!("```diff\n{diff}```\n")))
        }
        _ => part(0).map(|_| None),
    }
}

/// Expands our directives in a chapter. mdBook's own are left to mdBook.
///
/// # Errors
/// With the line of the directive that cannot be expanded.
pub fn expand_all(directory: &Path, text: &str) -> Result<String, String> {
    let mut expanded = String::new();
    let mut from = 0;
    for directive in directives(text) {
        let replacement = expand(directory, &directive)
            .map_err(|why| format!("line {}: {why}", directive.line))?;
        if let Some(replacement) = replacement {
            expanded.push_str(&text[from..directive.span.start]);
            expanded.push_str(&replacement);
            from = directive.span.end;
        }
    }
    expanded.push_str(&text[from..]);
    Ok(expanded)
}
