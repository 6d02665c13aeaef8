//! The decks of slides, each as a page of its own in the folder `slides` of the site. Such a page needs
//! no other file: its style and its script stand in it.

use std::fs;
use std::path::Path;

use mdbook_driver::errors::{Error, Result};
use pulldown_cmark::{Options, Parser, html};
use regex::Regex;

use super::breaks;
use super::code::Painter;
use super::styles::small;
use crate::error::Error as Wrong;
use crate::expand::expand_all;
use crate::markup::escape;
use crate::slides::{Slide, parse};
use crate::source::{Part, directives};

/// The style sheets of the pages that slides need, and behind them their own.
const STYLES: [&str; 8] = [
    "css/variables.css",
    "css/general.css",
    "listing.css",
    "log.css",
    "pictures.css",
    "timeline.css",
    "grid.css",
    "slides.css",
];

/// Builds the decks below `root` into the site. A book without decks has none.
///
/// # Errors
/// When a deck shows what is not there, or cannot be written.
pub(super) fn build(root: &Path, source: &Path, site: &Path, painter: &mut Painter) -> Result<()> {
    let decks = root.join(source).join("slides");
    if !decks.is_dir() {
        return Ok(());
    }
    let (style, script) = theme(&root.join("theme"))?;
    let to = site.join("slides");
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(&decks)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().filter(|_| path.extension().is_some()) else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        let page = page(&decks, &text, &style, &script)
            .map_err(|error| Error::msg(format!("{}: {error}", path.display())))?;
        let name = Path::new(name).with_extension("html");
        fs::write(to.join(name), breaks::allow(&painter.paint(&page)))?;
    }
    Ok(())
}

/// The style and the script of a deck. Paper is white: by night, too, a deck prints in the colours of the day.
fn theme(folder: &Path) -> Result<(String, String)> {
    let mut style = String::new();
    for name in STYLES {
        style += &small(&read(&folder.join(name))?);
    }
    let day = style
        .split_once(".light{")
        .and_then(|(_, rest)| rest.split_once('}'));
    let (day, _) = day.ok_or_else(|| Error::msg("theme/css/variables.css: no `.light`"))?;
    let paper = format!("@media print{{:root.navy{{{day}}}}}");
    Ok((style + &paper, read(&folder.join("slides.js"))?))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Error::msg(format!("{}: {error}", path.display())))
}

/// A deck as a page.
fn page(decks: &Path, text: &str, style: &str, script: &str) -> Result<String, Wrong> {
    let slides = parse(text);
    let title = escape(slides.first().map_or("", |slide| &slide.title));
    let mut body = String::new();
    for (number, slide) in (1..).zip(&slides) {
        body += &section(decks, slide, number, slides.len())?;
    }
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\" class=\"light\">\n<head><meta charset=\"UTF-8\">\n\
         <title>{title}: slides</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">\n\
         <style>{style}</style></head>\n<body><header class=\"deck-bar\"><nav aria-label=\"Book\">\
         <a href=\"../slides.html\">All decks</a></nav><p class=\"keys\">Press <kbd>?</kbd> for the keys</p></header>\n\
         <main class=\"content deck\">\n{body}</main>\n<script>{script}</script></body>\n</html>\n"
    ))
}

fn section(decks: &Path, slide: &Slide, number: usize, of: usize) -> Result<String, Wrong> {
    let show = |text: &str| Ok::<_, Wrong>(markup(&included(decks, &expand_all(decks, text)?)?));
    let level = if number == 1 { 1 } else { 2 };
    let (body, notes) = (show(&slide.body)?, show(&slide.notes)?);
    let title = markup(&slide.title);
    let title = title
        .trim()
        .trim_start_matches("<p>")
        .trim_end_matches("</p>");
    Ok(format!(
        "<section class=\"slide\" id=\"slide-{number}\" aria-labelledby=\"title-{number}\">\
         <h{level} id=\"title-{number}\">{title}</h{level}>\n{body}\
         <p class=\"number\">{number} / {of}</p></section>\n\
         <aside class=\"notes\" aria-label=\"Notes on slide {number}\">{notes}</aside>\n"
    ))
}

/// The text with what mdBook would include, and without what unfolds: a slide has no room for it.
fn included(directory: &Path, text: &str) -> Result<String, Wrong> {
    let fold = Regex::new("(?s)<details.*?</details>").expect("the expression is valid");
    let text = fold.replace_all(text, "");
    let (mut shown, mut from) = (String::new(), 0);
    for directive in directives(&text) {
        if directive.name == "include" {
            let argument = directive.arguments.first().map_or("", String::as_str);
            shown.push_str(&text[from..directive.span.start]);
            shown.push_str(Part::parse(directory, argument)?.text()?.trim_end());
            from = directive.span.end;
        }
    }
    shown.push_str(&text[from..]);
    Ok(shown)
}

fn markup(text: &str) -> String {
    let mut page = String::new();
    html::push_html(&mut page, Parser::new_ext(text, Options::ENABLE_TABLES));
    page
}
