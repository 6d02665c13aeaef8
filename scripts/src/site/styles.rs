//! The style sheets of a page become a part of it: a browser paints it as soon as it has it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use walkdir::WalkDir;

use super::pages;

/// The style sheets of a page, which stand one behind the other in its head.
static LINKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:<link rel="stylesheet" href="[^"]+"(?: media="print")?>\s*)+"#)
        .expect("the expression is valid")
});
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"href="([^"]+)"( media="print")?"#).expect("the expression is valid")
});

/// Style sheets, joined. All pages have the same.
pub(super) struct Styles {
    folder: PathBuf,
    joined: HashMap<String, String>,
}

impl Styles {
    pub(super) fn new(folder: &Path) -> Self {
        let folder = folder.to_owned();
        let joined = HashMap::new();
        Self { folder, joined }
    }

    /// The page with its style sheets in it.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(super) fn inline(&mut self, page: &str) -> io::Result<String> {
        let Some(found) = LINKS.find(page) else {
            return Ok(page.to_owned());
        };
        if !self.joined.contains_key(found.as_str()) {
            let style = join(&self.folder, found.as_str())?;
            self.joined.insert(found.as_str().to_owned(), style);
        }
        let style = &self.joined[found.as_str()];
        let (before, after) = (&page[..found.start()], &page[found.end()..]);
        Ok(format!("{before}<style>{style}</style>\n{after}"))
    }
}

fn join(folder: &Path, links: &str) -> io::Result<String> {
    let mut style = String::new();
    for link in LINK.captures_iter(links) {
        let path = folder.join(&link[1]);
        let text = fs::read_to_string(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        let text = small(&text);
        style += &match link.get(2) {
            Some(_) => format!("@media print{{{text}}}"),
            None => text,
        };
    }
    Ok(style)
}

/// A style sheet without comments and needless spaces.
pub(super) fn small(style: &str) -> String {
    static COMMENT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?s)/\*.*?\*/").expect("the expression is valid"));
    static SPACE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\s+").expect("the expression is valid"));
    static AROUND: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r" ?([{};,]) ?").expect("the expression is valid"));
    let style = COMMENT.replace_all(style, "");
    let style = SPACE.replace_all(style.trim(), " ");
    AROUND.replace_all(&style, "$1").replace(";}", "}")
}

/// Removes what mdBook writes for other themes: scripts, style sheets and fonts that no page names, and the
/// table of contents in files of its own.
///
/// # Errors
/// When the folder cannot be read, or a file of it not be removed.
pub(super) fn sweep(folder: &Path) -> io::Result<()> {
    let toc = folder.join("toc.html");
    if toc.is_file() {
        fs::remove_file(toc)?;
    }
    let mut pages = String::new();
    for page in pages::all(folder)? {
        // On the page that is printed stands nothing that does not stand on others.
        if !page.ends_with("print.html") {
            pages += &fs::read_to_string(page)?;
        }
    }
    for entry in WalkDir::new(folder).contents_first(true) {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type().is_dir() {
            if entry.depth() > 0 && fs::read_dir(path)?.next().is_none() {
                fs::remove_dir(path)?;
            }
            continue;
        }
        let is_asset = path
            .extension()
            .is_some_and(|e| ["css", "js", "woff2"].iter().any(|a| e == *a));
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
        if (is_asset && !pages.contains(&*name)) || name.starts_with("fonts/") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_says_the_same_when_it_is_small() {
        let style =
            "/* why */\na :hover,\n.b > p {\n    width: calc(1px + 2px);\n    content: \"\";\n}\n";
        assert_eq!(
            small(style),
            "a :hover,.b > p{width: calc(1px + 2px);content: \"\"}"
        );
    }

    #[test]
    fn what_is_for_paper_stays_for_paper() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.css"), "p { color: red; }").unwrap();
        fs::write(folder.path().join("b.css"), "p { color: black; }").unwrap();
        let page = "<head>\n<link rel=\"stylesheet\" href=\"a.css\">\n\
             <link rel=\"stylesheet\" href=\"b.css\" media=\"print\">\n</head>";
        let page = Styles::new(folder.path()).inline(page).unwrap();
        assert_eq!(
            page,
            "<head>\n<style>p{color: red}@media print{p{color: black}}</style>\n</head>"
        );
    }

    #[test]
    fn a_style_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let page = "<link rel=\"stylesheet\" href=\"gone.css\">";
        let error = Styles::new(folder.path()).inline(page).unwrap_err();
        assert!(error.to_string().contains("gone.css"), "{error}");
    }
}
