//! The pictures: each is an SVG in `src/pictures/`, drawn by hand, with its words in it.
//!
//! `<title>` names it, `<desc>` says what is to be seen, and `<metadata>` is its caption, in Markdown.
//! Colours are those of the page: a shape has a class of `theme/pictures.css`, and no colour of its own.
//!
//! Three pictures move, each drawn from what a chapter's program recorded:
//!
//! - [`rotation`]: a rotation, step by step;
//! - [`explorer`]: chapter 5's exploration;
//! - [`schedules`]: chapter 9's load on an authority;
//! - `moving`: what they have in common.

pub mod explorer;
mod moving;
pub mod rotation;
pub mod schedules;

use std::path::Path;

use crate::error::Error;
use crate::markup::escape;

/// A picture as a `<figure>`. `path` is the file's, and its name tells pictures of one page apart.
///
/// # Errors
/// When the file is not one `<svg>`, or lacks one of its words.
pub fn render(path: &str, text: &str) -> Result<String, Error> {
    let id = identity(path);
    let [title, description, caption] = ["title", "desc", "metadata"].map(|part| inner(text, part));
    let (title, description, caption) = (title?, description?, caption?);
    let shapes = text
        .split_once("</metadata>")
        .and_then(|(_, shapes)| shapes.trim_end().strip_suffix("</svg>"));
    let shapes = shapes.ok_or_else(|| Error::list("no `</svg>` at its end"))?;
    let view = text
        .strip_prefix("<svg viewBox=\"")
        .and_then(|rest| rest.split_once('"'));
    let (view, _) = view.ok_or_else(|| Error::list("does not begin with `<svg viewBox=`"))?;
    let shapes: String = shapes.lines().map(str::trim).collect();
    let head = frame(&id, view, title, description);
    Ok(format!(
        "<figure class=\"picture\" id=\"{id}\">{head}{shapes}</svg><figcaption>\n\n\
         **{title}.** {caption}\n\n</figcaption></figure>\n",
    ))
}

/// The beginning of a picture: what it is to those who cannot see it, and the head of its arrows.
pub(crate) fn frame(id: &str, view: &str, title: &str, description: &str) -> String {
    format!(
        "<svg viewBox=\"{view}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" \
         style=\"--arrow: url(#{id}-arrow)\"><title id=\"{id}-title\">{title}</title>\
         <desc id=\"{id}-desc\">{description}</desc><defs><marker id=\"{id}-arrow\" \
         viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"arrowhead\" d=\"M 0 0 L 8 4 L 0 8 z\"></path></marker></defs>"
    )
}

/// `picture-` and the name of the file, as it may stand in an `id`.
fn identity(path: &str) -> String {
    let stem = Path::new(path).file_stem().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let stem: String = stem.to_string_lossy().chars().map(plain).collect();
    format!("picture-{}", escape(&stem))
}

/// What stands in the only element of this name.
fn inner<'a>(text: &'a str, name: &str) -> Result<&'a str, Error> {
    let missing = || Error::list(format!("no `<{name}>`, or more than one"));
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let (_, after) = text.split_once(&begin).ok_or_else(missing)?;
    let (inner, rest) = after.split_once(&end).ok_or_else(missing)?;
    let words = inner.trim();
    if words.is_empty() || words.contains('\n') || rest.contains(&begin) {
        return Err(missing());
    }
    Ok(words)
}
