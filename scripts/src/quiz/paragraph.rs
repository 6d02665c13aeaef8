//! The texts of a question.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::error::Error;
use crate::markup::escape;

/// Markdown of one paragraph, as HTML of one line.
///
/// # Errors
/// When it is none, more than one, or has what is no part of a sentence.
pub(super) fn html(markdown: &str) -> Result<String, Error> {
    let (mut line, mut paragraphs) = (String::new(), 0);
    for event in Parser::new_ext(markdown.trim(), Options::empty()) {
        line += &match event {
            Event::Start(Tag::Paragraph) => {
                paragraphs += 1;
                String::new()
            }
            Event::End(TagEnd::Paragraph) => String::new(),
            Event::SoftBreak => " ".into(),
            Event::Text(text) => escape(&text),
            Event::Code(code) => format!("<code>{}</code>", escape(&code)),
            Event::Start(Tag::Emphasis) => "<em>".into(),
            Event::End(TagEnd::Emphasis) => "</em>".into(),
            Event::Start(Tag::Link { dest_url, .. }) => {
                format!("<a href=\"{}\">", escape(&dest_url).replace('"', "&quot;"))
            }
            Event::End(TagEnd::Link) => "</a>".into(),
            _ => {
                return Err(Error::list(format!(
                    "`{markdown}` is more than a paragraph"
                )));
            }
        };
    }
    match paragraphs {
        1 => Ok(line),
        _ => Err(Error::list(format!("`{markdown}` is not one paragraph"))),
    }
}
