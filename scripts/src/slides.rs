//! Decks of slides: one for each chapter, in `src/slides/chNN.md`, from the same files as the chapter.
//!
//! A line `---` ends a slide. A slide begins with its title, and what follows a line `Notes:` is for the
//! speaker. Directives are those of the chapters.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::error::Error;
use crate::source::directives;

/// How many slides a deck has.
const SLIDES: std::ops::RangeInclusive<usize> = 8..=14;
/// How many words of prose a slide has at most, without its title, its code and its notes.
const WORDS: usize = 60;
/// The titles of the last two slides.
const END: [&str; 2] = ["Exercise", "Question"];

/// A slide, in Markdown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slide {
    /// The line of the deck on which it begins, counted from 1.
    pub line: usize,
    /// Its heading, without the signs before it. Empty where it has none.
    pub title: String,
    /// What the audience sees below the title.
    pub body: String,
    /// What the speaker reads.
    pub notes: String,
}

/// The slides of a deck, in order. Signs in a fence are code.
pub fn parse(deck: &str) -> Vec<Slide> {
    let (mut slides, mut fenced, mut noting) = (Vec::new(), false, false);
    let mut slide = Slide {
        line: 1,
        ..Slide::default()
    };
    for (number, line) in (1..).zip(deck.lines()) {
        fenced ^= line.starts_with("```");
        let begins = slide.body.trim().is_empty() && slide.title.is_empty() && !noting;
        match line.trim_end() {
            "---" if !fenced => {
                let next = Slide {
                    line: number + 1,
                    ..Slide::default()
                };
                slides.push(std::mem::replace(&mut slide, next));
                noting = false;
            }
            "Notes:" if !fenced => noting = true,
            title if begins && !fenced && title.starts_with('#') => {
                title
                    .trim_start_matches('#')
                    .trim()
                    .clone_into(&mut slide.title);
            }
            _ => {
                let to = match noting {
                    true => &mut slide.notes,
                    false => &mut slide.body,
                };
                to.push_str(line);
                to.push('\n');
            }
        }
    }
    slides.push(slide);
    slides
}

/// What is wrong with a deck: lines, and what has to be mended there. Line 0 is the deck as a whole.
pub fn problems(deck: &str) -> Vec<(usize, String)> {
    let slides = parse(deck);
    let mut found = Vec::new();
    if !SLIDES.contains(&slides.len()) {
        let (count, least, most) = (slides.len(), SLIDES.start(), SLIDES.end());
        let what = format!("a deck of {count} slides: it has {least} to {most}");
        found.push((0, what));
    }
    let titles: Vec<_> = slides.iter().map(|slide| slide.title.as_str()).collect();
    if !titles.ends_with(&END) {
        let what = format!("does not end with `## {}` and `## {}`", END[0], END[1]);
        found.push((0, what));
    }
    for slide in &slides {
        let mut problem = |what: String| found.push((slide.line, what));
        if slide.title.is_empty() {
            problem("a slide without a title".into());
        }
        if slide.notes.trim().is_empty() {
            problem("a slide without notes: say them after a line `Notes:`".into());
        }
        if directives(&slide.body).iter().any(|d| d.name == "fold") {
            problem("a slide folds nothing: use `listing`".into());
        }
        let words = words(&slide.body);
        if words > WORDS {
            problem(format!("a slide of {words} words: {WORDS} are the limit"));
        }
    }
    found
}

/// The words of prose: code and what directives stand for are not counted.
fn words(body: &str) -> usize {
    let mut prose = String::new();
    let mut from = 0;
    for directive in directives(body) {
        prose.push_str(&body[from..directive.span.start]);
        from = directive.span.end;
    }
    prose.push_str(&body[from..]);
    let (mut count, mut code) = (0, false);
    for event in Parser::new_ext(&prose, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(text) | Event::Code(text) if !code => {
                let is_word = |word: &&str| word.contains(char::is_alphanumeric);
                count += text.split_whitespace().filter(is_word).count();
            }
            _ => {}
        }
    }
    count
}

/// The decks in a folder as a list of links, which its page shows. The folder lies beside the page.
///
/// # Errors
/// When the folder cannot be read, or holds none.
pub fn list(folder: &Path) -> Result<String, Error> {
    let entries = fs::read_dir(folder).map_err(|error| Error::file(folder, &error))?;
    let mut decks: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    decks.sort();
    let within = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut list = String::new();
    for path in &decks {
        let text = fs::read_to_string(path).map_err(|error| Error::file(path, &error))?;
        let slides = parse(&text);
        let title = slides.first().map_or("", |slide| &slide.title);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        // Writing to a string cannot fail.
        let _ = writeln!(
            list,
            "- [{title}]({within}/{name}.html), {} slides",
            slides.len()
        );
    }
    match list.is_empty() {
        true => Err(Error::list(format!("{}: no deck in it", folder.display()))),
        false => Ok(list),
    }
}
