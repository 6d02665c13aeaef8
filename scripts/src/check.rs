//! What would be a lie in the book, found before it is built.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::fence::{Fence, fences};
use crate::minutes::{self, Minutes};
use crate::source::{Part, directives};
use crate::{expand, listing, quiz, slides};

/// Something that must be mended, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the root.
    pub file: PathBuf,
    /// The line, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.line {
            0 => write!(f, "{file}: {}", self.what),
            line => write!(f, "{file}:{line}: {}", self.what),
        }
    }
}

/// Reads the whole book below `root`, and returns all that is wrong, in order.
///
/// # Errors
/// When the chapters cannot be read at all.
pub fn check(root: &Path) -> io::Result<Vec<Problem>> {
    let mut book = Book {
        root: root.to_owned(),
        commands: commands(root),
        problems: Vec::new(),
    };
    let chapters = markdown(&root.join("src"))?;
    for chapter in &chapters {
        let text = fs::read_to_string(chapter)?;
        book.directives(chapter, &text);
        book.fences(chapter, &text);
        book.reading(chapter, &text);
        if is_deck(chapter) {
            for (line, what) in slides::problems(&text) {
                book.problem(chapter, line, what);
            }
        }
    }
    book.house(&chapters)?;
    for (file, what) in quiz::faults(root) {
        book.problem(&file, 0, what);
    }
    book.problems.sort();
    book.problems.dedup();
    Ok(book.problems)
}

/// Every Markdown file below a folder, in order.
///
/// # Errors
/// When the folder cannot be read.
pub fn markdown(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let path = entry?.into_path();
        if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
    Ok(found)
}

struct Book {
    root: PathBuf,
    commands: String,
    problems: Vec<Problem>,
}

impl Book {
    fn problem(&mut self, file: &Path, line: usize, what: impl Into<String>) {
        let file = file.strip_prefix(&self.root).unwrap_or(file).to_owned();
        let what = what.into();
        self.problems.push(Problem { file, line, what });
    }

    fn directives(&mut self, chapter: &Path, text: &str) {
        let directory = chapter.parent().unwrap_or(chapter).to_owned();
        for directive in directives(text) {
            let (count, known) = match directive.name.as_str() {
                // What they say of the page as a whole is checked there.
                name if name == minutes::NAME || listing::NAMES.contains(&name) => continue,
                "include" | "rustdoc_include" | "timeline" | "grid" | "picture" | "explorer"
                | "rotation" | "schedules" | "catalogue" | "errata" | "exercises"
                | "falsification" | "files" | "itself" | "plan" | "quiz" | "slides" => (1, true),
                // A slide names the events that it has room for.
                "log" => (directive.arguments.len().max(1), true),
                "timetable" => (0, true),
                "changed" | "costs" | "results" | "symptoms" | "versions" => (2, true),
                _ => (0, false),
            };
            if !known {
                let name = &directive.name;
                let what = format!("`{{{{#{name}}}}}` is no directive of this book");
                self.problem(chapter, directive.line, what);
            } else if directive.arguments.len() != count {
                let (name, given) = (&directive.name, directive.arguments.len());
                let what = format!("`{name}` takes {count} paths, and has {given}");
                self.problem(chapter, directive.line, what);
            } else if let Err(error) = crate::expand::expand(&directory, &directive) {
                self.problem(chapter, directive.line, error.to_string());
            }
        }
    }

    fn fences(&mut self, chapter: &Path, text: &str) {
        for fence in fences(text) {
            if let Some(what) = self.objection(chapter, &fence) {
                self.problem(chapter, fence.line, what);
            }
        }
    }

    /// Each listing of a chapter has a title, and each page of one says how long it takes.
    fn reading(&mut self, chapter: &Path, text: &str) {
        if let Err(error) = listing::titled(text) {
            return self.problem(chapter, 0, error.to_string());
        }
        if !is_numbered(&file_name(chapter)) {
            return;
        }
        for what in missing(text) {
            self.problem(chapter, 0, what);
        }
        for fence in listing::untitled(text) {
            let what = "a listing without a title: `{{#listing What it does.}}` before it";
            self.problem(chapter, fence.line, what);
        }
        let directory = chapter.parent().unwrap_or(chapter);
        let named = directives(text);
        let named = named
            .iter()
            .filter(|directive| directive.name == minutes::NAME);
        if named.count() != 1 {
            self.problem(
                chapter,
                0,
                "says not once how long it takes: `{{#minutes}}`",
            );
        }
        // Where it cannot be expanded, that has been told.
        let Ok(expanded) = expand::expand_all(directory, text) else {
            return;
        };
        match Minutes::of(directory, &expanded).map(Minutes::open) {
            Ok(minutes) if minutes > minutes::LIMIT => {
                let limit = minutes::LIMIT;
                let what = format!("takes {minutes} minutes to read: {limit} are the limit");
                self.problem(chapter, 0, what);
            }
            _ => {}
        }
    }

    fn objection(&self, chapter: &Path, fence: &Fence) -> Option<String> {
        let include = fence.include();
        let from = |folder: &str, extension: &str| {
            let argument = include.as_ref()?.arguments.first()?;
            let part = Part::parse(chapter.parent()?, argument).ok()?;
            // Below the root: how the folders above are called says nothing.
            let path = part.path.strip_prefix(&self.root).ok()?.to_string_lossy();
            (path.contains(folder) && path.contains(extension)).then_some(())
        };
        let info = &fence.info;
        match fence.language().as_str() {
            "" => Some("a code block without a language: say `text`".into()),
            "text" if looks_like_code(&fence.text) => {
                Some("this `text` is code: include it from a listing".into())
            }
            // A diff is computed by `changed`; a diff by hand proves nothing.
            "text" => None,
            "rust" if include.is_some() => match from("/listings/", ".rs") {
                Some(()) if info == "rust" => None,
                Some(()) => Some(format!("`{info}`: an include needs no attributes")),
                None => Some("Rust is included from a listing".into()),
            },
            "rust" if ["rust", "rust,no_run", "rust,should_panic"].contains(&info.as_str()) => None,
            "rust" => Some(format!("`{info}`: no checker compiles this fence")),
            "rs" => Some("`rs`: no checker sees this fence; say `rust`".into()),
            "console" => from("/transcripts/", ".console")
                .or_else(|| from("/measured/", ".txt"))
                .is_none()
                .then(|| "a console block is an included transcript".into()),
            "sh" | "bash" | "shell" => self.unknown_command(&fence.text),
            "go" | "python" | "json" | "toml" | "yaml" if include.is_some() => None,
            language => Some(format!("`{language}` that is not included from a file")),
        }
    }

    /// A command in the book is one that is run: by the README's reader and by the CI.
    fn unknown_command(&self, text: &str) -> Option<String> {
        let lines = text.lines().map(str::trim);
        let mut commands = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        commands
            .find(|line| !self.commands.lines().any(|known| known.trim() == *line))
            .map(|line| format!("`{line}` stands neither in README.md nor in .ci/run"))
    }

    /// The listing of a page: that of its name, or, where a chapter has several pages, of its number.
    fn listing(&self, page: &str) -> io::Result<Option<String>> {
        let mut of_number = None;
        for entry in fs::read_dir(self.root.join("listings"))? {
            let name = file_name(&entry?.path());
            if name == page {
                return Ok(Some(name));
            }
            if is_numbered(&name) && name.get(..5) == page.get(..5) {
                of_number = Some(name);
            }
        }
        Ok(of_number)
    }

    /// Chapters and listings belong together, and each is shown.
    fn house(&mut self, chapters: &[PathBuf]) -> io::Result<()> {
        let source = self.root.join("src");
        let summary = fs::read_to_string(source.join("SUMMARY.md"))?;
        let mut shown = String::new();
        for chapter in chapters {
            let name = file_name(chapter);
            let text = fs::read_to_string(chapter)?;
            // mdBook's name for the page that is shown where there is none.
            let is_apart = ["SUMMARY.md", "404.md"].contains(&name.as_str());
            if !is_apart && !is_deck(chapter) && !summary.contains(&format!("({name})")) {
                self.problem(chapter, 0, "not in SUMMARY.md: nobody will find it");
            }
            if let Some(page) = name.strip_suffix(".md").filter(|n| is_numbered(n)) {
                match self.listing(page)? {
                    None => self.problem(chapter, 0, format!("no listings/{page}")),
                    // A further page of the chapter may show what another crate has.
                    Some(listing) if listing != page => {}
                    Some(_) if text.contains(&format!("include ../listings/{page}/")) => {}
                    Some(_) => self.problem(chapter, 0, "shows nothing of its own listing"),
                }
            }
            shown.push_str(&text);
        }
        for entry in fs::read_dir(self.root.join("listings"))? {
            let listing = entry?.path();
            let name = file_name(&listing);
            if !is_numbered(&name) {
                continue;
            }
            if !source.join(format!("{name}.md")).is_file() {
                self.problem(&listing, 0, format!("no chapter src/{name}.md shows it"));
            }
            // A book that has a page of decks has one for each chapter.
            let deck = format!("src/slides/{}.md", &name[..4]);
            if summary.contains("(slides.md)") && !self.root.join(&deck).is_file() {
                self.problem(&listing, 0, format!("no deck {deck}"));
            }
            // What was recorded, be it printed or measured, is there to be shown.
            let recorded = ["transcripts", "measured"]
                .map(|folder| WalkDir::new(listing.join(folder)).sort_by_file_name());
            for recording in recorded.into_iter().flatten() {
                let path = match recording {
                    Ok(entry) if entry.file_type().is_file() => entry.into_path(),
                    _ => continue,
                };
                let path = path.strip_prefix(&self.root).unwrap_or(&path).to_owned();
                // As the last or the only argument of a directive, or with the name of a table behind.
                let named = |end: &str| shown.contains(&format!("../{}{end}", path.display()));
                if !named("}}") && !named(" ") {
                    self.problem(&path, 0, "no chapter shows it");
                }
            }
        }
        Ok(())
    }
}

/// What each page of a chapter has, first and last: and this one has not.
fn missing(text: &str) -> Vec<&'static str> {
    let (opening, _) = text.split_once("\n## ").unwrap_or((text, ""));
    // A page may give its prediction a heading of its own.
    let predicts = opening.contains("**Predict.**") || text.contains("\n## Predict\n");
    let (_, last) = text.rsplit_once("\n## ").unwrap_or_default();
    let points = last.lines().filter(|line| line.starts_with("- ")).count();
    let carried = last.starts_with("Carry away\n") && (3..=5).contains(&points);
    let wanted = [
        (
            opening.contains("**You will**"),
            "does not open with `**You will**`",
        ),
        (predicts, "asks for no prediction: `**Predict.**`"),
        (
            text.contains("**Holds at the end.**"),
            "states no invariants: `**Holds at the end.**`",
        ),
        (
            carried,
            "does not end with `## Carry away` and three to five points",
        ),
    ];
    let missing = wanted.into_iter().filter(|(there, _)| !there);
    missing.map(|(_, what)| what).collect()
}

/// Code that hides behind `text`: what the first line begins with gives it away.
fn looks_like_code(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    let starts = [
        "use ", "fn ", "pub ", "let ", "impl ", "func ", "def ", "import ", "$ ", "#[",
    ];
    first.is_some_and(|line| starts.iter().any(|start| line.starts_with(start)))
}

fn is_numbered(name: &str) -> bool {
    let digits = name.strip_prefix("ch").and_then(|rest| rest.get(..3));
    digits.is_some_and(|d| d.ends_with('-') && d[..2].chars().all(|c| c.is_ascii_digit()))
}

/// Whether a file below `src` is a deck of slides.
fn is_deck(chapter: &Path) -> bool {
    let folder = chapter.parent();
    folder.is_some_and(|folder| folder.ends_with("src/slides"))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn commands(root: &Path) -> String {
    ["README.md", ".ci/run"]
        .iter()
        .filter_map(|file| fs::read_to_string(root.join(file)).ok())
        .collect()
}
