//! Titles of listings: a line before a fence that includes a file says what the file does there. Where it is
//! more than an idea needs, the fence is folded under its title.

use std::path::{Component, Path};

use crate::error::Error;
use crate::fence::{Fence, fences};
use crate::source::{Directive, directives};

/// The title of a listing that stands open, and of one that is folded.
pub(crate) const NAMES: [&str; 2] = ["listing", "fold"];

/// A listing: its title, its fence, and what of the chapter's text they take.
struct Listing<'a> {
    title: Directive,
    fence: &'a Fence,
    include: Directive,
    /// From the title's first brace to the end of the closing ticks.
    span: std::ops::Range<usize>,
}

/// Puts each listing below its title. What the fence includes is left to mdBook.
///
/// # Errors
/// When a title has no words, or no fence that includes a file stands right behind it.
pub fn titled(text: &str) -> Result<String, Error> {
    let found = fences(text);
    let titles = directives(text);
    let titles = titles.into_iter();
    let titles = titles.filter(|directive| NAMES.contains(&directive.name.as_str()));
    let (mut shown, mut from) = (String::new(), 0);
    for title in titles {
        let line = title.line;
        let listing =
            listing(text, &found, title).map_err(|e| e.within(format_args!("line {line}")))?;
        shown.push_str(&text[from..listing.span.start]);
        shown.push_str(&listing.render(&text[listing.span.clone()]));
        from = listing.span.end;
    }
    shown.push_str(&text[from..]);
    Ok(shown)
}

/// The fences of a text that show a file and have no title. Output is no listing: it has its command.
pub(crate) fn untitled(text: &str) -> Vec<Fence> {
    let titles: Vec<_> = directives(text)
        .into_iter()
        .filter(|directive| NAMES.contains(&directive.name.as_str()))
        .map(|directive| directive.line)
        .collect();
    let is_listing = |fence: &Fence| {
        fence.include().is_some() && !["console", "text"].contains(&&*fence.language())
    };
    let is_titled = |fence: &Fence| titles.iter().any(|line| line + 2 == fence.line);
    let mut found = fences(text);
    found.retain(|fence| is_listing(fence) && !is_titled(fence));
    found
}

fn listing<'a>(text: &str, found: &'a [Fence], title: Directive) -> Result<Listing<'a>, Error> {
    if title.arguments.is_empty() {
        return Err(Error::Title("has no words: say what the listing does"));
    }
    // An empty line between, as Markdown wants it.
    let fence = found.iter().find(|fence| fence.line == title.line + 2);
    let include = fence.and_then(|fence| Some((fence, fence.include()?)));
    let (fence, include) = include.ok_or(Error::Title(
        "needs a fence that includes a file, with one empty line between",
    ))?;
    let lines = fence.text.lines().count() + 2;
    let head: usize = text
        .split_inclusive('\n')
        .take(fence.line - 1)
        .map(str::len)
        .sum();
    let body = text[head..].split_inclusive('\n').take(lines);
    let end = head + body.map(str::len).sum::<usize>();
    let span = title.span.start..end;
    Ok(Listing {
        title,
        fence,
        include,
        span,
    })
}

impl Listing<'_> {
    fn render(&self, source: &str) -> String {
        let words = self.title.arguments.join(" ");
        let path = self.include.arguments.first().map_or("", String::as_str);
        let path = shown(path.split(':').next().unwrap_or(path));
        let at = source.find("```").unwrap_or(0);
        let fence = &source[at..];
        let language = self.fence.language();
        match self.title.name == NAMES[1] {
            false => format!(
                "<div class=\"listing\" data-language=\"{language}\">\n\n`{path}`: {words}\n\n{fence}\n</div>\n"
            ),
            true => format!(
                "<details class=\"listing\" data-language=\"{language}\"><summary>\n\n`{path}`: {words}\n\n</summary>\n\n{fence}\n</details>\n"
            ),
        }
    }
}

/// A path as it is below the root: a chapter's folder is one below it.
fn shown(path: &str) -> String {
    let parts = Path::new(path).components();
    let parts = parts.filter(|part| *part != Component::ParentDir);
    parts.collect::<std::path::PathBuf>().display().to_string()
}
