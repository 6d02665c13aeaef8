//! The section of the book that a question leads back to.

use std::fs;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::error::Error;

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its heading, in Markdown.
    pub title: String,
}

/// Finds `page.md#section` among the chapters below `root`.
///
/// # Errors
/// When it names no section, the page is not there, or has no such section.
pub fn find(root: &Path, read: &str) -> Result<Place, Error> {
    let (page, section) = read
        .split_once('#')
        .ok_or_else(|| Error::list(format!("`{read}` names no section to read again")))?;
    let path = root.join("src").join(page);
    let text = fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))?;
    let (mut within, mut title, mut named, mut slug) = (false, String::new(), None, String::new());
    let options = Options::ENABLE_HEADING_ATTRIBUTES;
    for (event, range) in Parser::new_ext(&text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                (within, named) = (true, id.map(|id| id.to_string()));
                let line = text[range].trim_start_matches('#').trim();
                title = line.split(" {#").next().unwrap_or(line).to_owned();
                slug.clear();
            }
            Event::End(TagEnd::Heading(_)) => {
                within = false;
                if named.take().unwrap_or_else(|| self::slug(&slug)) == section {
                    return Ok(Place { title });
                }
            }
            Event::Text(part) | Event::Code(part) if within => slug += &part,
            _ => {}
        }
    }
    Err(Error::list(format!("`{read}`: no such section")))
}

/// A heading as mdBook makes an identifier of it.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_ascii_lowercase()),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.collect()
}
