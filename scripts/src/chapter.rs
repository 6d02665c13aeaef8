//! A new chapter: a crate that runs, its page, and where both are named.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use regex::Regex;
use walkdir::WalkDir;

/// The crate that each chapter begins as, below the root. It is built and tested as every other.
const SKELETON: &str = "scripts/chapter-skeleton";
/// Its name, and the name of its library.
const NAMES: [&str; 2] = ["chapter-skeleton", "chapter_skeleton"];
/// The page in it.
const PAGE: &str = "chapter.md";
/// The deck of slides in it.
const DECK: &str = "slides.md";
const TITLE: &str = "Chapter skeleton";

/// The name of a chapter, of its crate, and of its page: `ch12-fleet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    whole: String,
    number: u32,
}

impl Name {
    /// Reads `chNN-words-with-hyphens`.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "`{text}` names no chapter: {why}. A name is `chNN-some-words`, as ch03-handshake-hook"
            ))
        };
        let Some((number, words)) = numbered(text) else {
            return wrong("it does not begin with `ch`, two digits and a hyphen");
        };
        if number == 0 {
            return wrong("chapters are counted from 1");
        }
        let is_word = |word: &str| {
            let letters = word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            letters && !word.is_empty()
        };
        if !words.split('-').all(is_word) {
            return wrong("its words are of small letters and digits, with one hyphen between");
        }
        let whole = text.to_owned();
        Ok(Self { whole, number })
    }

    /// The words with blanks between and a capital: the page's title, until it gets a better one.
    fn title(&self) -> String {
        let words = self.whole[5..].replace('-', " ");
        let (first, rest) = words.split_at(1);
        first.to_uppercase() + rest
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)
    }
}

/// The number and the words of a name.
fn numbered(name: &str) -> Option<(u32, &str)> {
    let (digits, words) = name.strip_prefix("ch")?.split_once('-')?;
    let is_number = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some((digits.parse().ok()?, words))
}

/// Makes the crate and the page of a chapter below `root`, and names them in `Cargo.toml`,
/// `SUMMARY.md` and `README.md`. Returns what was written, in order. Nothing is overwritten.
///
/// # Errors
/// When the name or its number is taken, or a file does not look as expected. Nothing is written
/// then. And when a file cannot be written.
pub fn begin(root: &Path, name: &Name) -> io::Result<Vec<PathBuf>> {
    free(root, name)?;
    let mut files = Vec::new();
    for entry in WalkDir::new(root.join(SKELETON)).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            let text = renamed(&fs::read_to_string(entry.path())?, name);
            let part = entry.path().strip_prefix(root.join(SKELETON));
            let part = part.map_err(io::Error::other)?;
            let to = match part.to_string_lossy().as_ref() {
                PAGE => root.join(format!("src/{name}.md")),
                DECK => root.join(format!("src/slides/ch{:02}.md", name.number)),
                _ => root.join(format!("listings/{name}")).join(part),
            };
            files.push((to, text));
        }
    }
    files.extend(named_in(root, name)?);
    for (path, text) in &files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// Fails where a chapter of this name or number is there.
fn free(root: &Path, name: &Name) -> io::Result<()> {
    for folder in ["src", "listings"] {
        for entry in fs::read_dir(root.join(folder))? {
            let taken = entry?.file_name().to_string_lossy().into_owned();
            let number = numbered(&taken).map(|(number, _)| number);
            if number == Some(name.number) {
                let why = format!("{folder}/{taken} has that number, and nothing is overwritten");
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
            }
        }
    }
    Ok(())
}

fn renamed(text: &str, name: &Name) -> String {
    let whole = &name.whole;
    text.replace(NAMES[0], whole)
        .replace(NAMES[1], &whole.replace('-', "_"))
        .replace(TITLE, &name.title())
}

/// The files that name every chapter, with a line for this one.
fn named_in(root: &Path, name: &Name) -> io::Result<[(PathBuf, String); 3]> {
    let add = |file: &str, kind: &str, line: String| {
        let path = root.join(file);
        let text = with_line(&fs::read_to_string(&path)?, kind, &line, name.number);
        let why = || {
            io::Error::other(format!(
                "{file}: no earlier chapter has a line like `{line}`"
            ))
        };
        Ok::<_, io::Error>((path, text.ok_or_else(why)?))
    };
    let title = name.title();
    Ok([
        add(
            "Cargo.toml",
            r"^ch(\d\d)-[a-z0-9-]+ = ",
            format!("{name} = {{ path = \"listings/{name}\" }}"),
        )?,
        add(
            "src/SUMMARY.md",
            r"^- \[.*\]\(ch(\d\d)-[a-z0-9-]+\.md\)$",
            format!("- [{title}]({name}.md)"),
        )?,
        add(
            "README.md",
            r"^cargo run -p ch(\d\d)-[a-z0-9-]+(?: -- demo)?$",
            format!("cargo run -p {name}"),
        )?,
    ])
}

/// The text with one more line, behind that of the chapter before and what is indented below it.
/// `kind` matches lines that name a chapter in this way, and captures its number. `None` where no
/// line names an earlier one.
fn with_line(text: &str, kind: &str, line: &str, number: u32) -> Option<String> {
    let kind = Regex::new(kind).expect("the pattern is valid");
    let of = |line: &str| kind.captures(line)?[1].parse::<u32>().ok();
    let mut lines: Vec<_> = text.lines().collect();
    let numbered = lines.iter().enumerate();
    let earlier = numbered.filter_map(|(at, line)| Some((of(line)?, at)));
    let (_, before) = earlier.filter(|(other, _)| *other < number).max()?;
    let below = lines[before + 1..].iter();
    let below = below.take_while(|line| line.starts_with(' ')).count();
    lines.insert(before + 1 + below, line);
    Some(lines.join("\n") + "\n")
}
