//! How long a chapter takes: to read, to run, to exercise and to be asked.
//!
//! Nothing here is written by hand. Reading is what [`Minutes`] counts on the page, exercises are what each
//! `exercise.toml` says of itself, and commands and questions are counted.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use exercise::set::{Exercise, Set};

use crate::error::Error;
use crate::minutes::{self, Minutes};

/// For each command that a page shows: to predict, to type it, and to compare.
pub const MINUTES_A_COMMAND: usize = 2;
/// For each question: to choose, and to read why.
pub const MINUTES_A_QUESTION: usize = 1;
/// Directives that compute from other pages. A page that has one is read in no plan: it would count itself.
const COMPUTED: [&str; 2] = ["{{#plan ", "{{#timetable}}"];

/// How a page looks once all its directives but `minutes` are expanded.
pub type Expand<'a> = &'a dyn Fn(&str) -> Result<String, Error>;

/// What takes time, and how long.
pub struct Times<'a> {
    root: &'a Path,
    expand: Expand<'a>,
    set: Set,
}

/// A page of the book.
#[derive(Debug)]
pub struct Page {
    /// Its first heading.
    pub title: String,
    /// What there is to read.
    pub minutes: Minutes,
}

impl<'a> Times<'a> {
    /// Of the book in this folder.
    ///
    /// # Errors
    /// When an exercise cannot be read.
    pub fn of(root: &'a Path, expand: Expand<'a>) -> Result<Self, Error> {
        let set = Set::read(root).map_err(Error::list)?;
        Ok(Self { root, expand, set })
    }

    /// A page, by its name without `.md`.
    ///
    /// # Errors
    /// When there is no such page, or it cannot be expanded.
    pub fn page(&self, name: &str) -> Result<Page, Error> {
        let path = self.root.join("src").join(format!("{name}.md"));
        let Ok(text) = fs::read_to_string(&path) else {
            return Err(Error::list(format!("there is no page `src/{name}.md`")));
        };
        if COMPUTED.iter().any(|directive| text.contains(directive)) {
            let why = "is computed from other pages, and is read in no plan";
            return Err(Error::list(format!("`{name}` {why}")));
        }
        let title = text.lines().find_map(|line| line.strip_prefix("# "));
        // What a page says of itself is not counted there, so it is one word here as well.
        let counted = text.replace(&minutes::directive(), minutes::NAME);
        let expanded = (self.expand)(&counted).map_err(|error| error.within(name))?;
        Ok(Page {
            title: title.unwrap_or(name).to_owned(),
            minutes: Minutes::of(&self.root.join("src"), &expanded)?,
        })
    }

    /// An exercise, by its name.
    ///
    /// # Errors
    /// When there is none of this name. What looks like it is said.
    pub fn exercise(&self, id: &str) -> Result<&Exercise, Error> {
        self.set.find(id).map_err(Error::list)
    }

    /// The commands of a transcript, whose path is given from `listings`.
    ///
    /// # Errors
    /// When there is no such file, or no command in it.
    pub fn commands(&self, transcript: &str) -> Result<Vec<String>, Error> {
        let path = self.root.join("listings").join(transcript);
        let Ok(text) = fs::read_to_string(&path) else {
            let why = format!("there is no transcript `listings/{transcript}`");
            return Err(Error::list(why));
        };
        let commands = text.lines().filter_map(|line| line.strip_prefix("$ "));
        let commands: Vec<_> = commands.map(str::to_owned).collect();
        match commands.is_empty() {
            true => Err(Error::list(format!("`{transcript}` runs no command"))),
            false => Ok(commands),
        }
    }

    /// How many questions a chapter, `ch01`, asks. `None` where it has no list of them.
    ///
    /// # Errors
    /// When there is no such chapter, or its list does not parse.
    pub fn questions(&self, chapter: &str) -> Result<Option<usize>, Error> {
        let path = self.listing(chapter)?.join("quiz.toml");
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(None);
        };
        let list: toml::Table = toml::from_str(&text).map_err(|error| {
            let place = path.strip_prefix(self.root).unwrap_or(&path).display();
            Error::list(error).within(place)
        })?;
        let questions = list.get("question").and_then(toml::Value::as_array);
        Ok(questions.map(Vec::len))
    }

    /// The chapters that a chapter's crate depends on, as `ch01`.
    ///
    /// # Errors
    /// When there is no such chapter, or its manifest does not parse.
    pub fn builds_on(&self, chapter: &str) -> Result<Vec<String>, Error> {
        let path = self.listing(chapter)?.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))?;
        let manifest: toml::Table = toml::from_str(&text).map_err(Error::list)?;
        let needs = manifest.get("dependencies").and_then(toml::Value::as_table);
        let needs = needs.into_iter().flat_map(toml::Table::keys);
        let mut needs: Vec<_> = needs.filter_map(|name| chapter_of(name)).collect();
        needs.sort_unstable();
        Ok(needs.into_iter().map(str::to_owned).collect())
    }

    /// The page that a chapter begins with: it is named as its listing.
    ///
    /// # Errors
    /// When there is no such chapter.
    pub fn first_page(&self, chapter: &str) -> Result<String, Error> {
        let listing = self.listing(chapter)?;
        let name = listing.file_name().unwrap_or_default();
        Ok(name.to_string_lossy().into_owned())
    }

    /// The folder of a chapter's listing.
    fn listing(&self, chapter: &str) -> Result<PathBuf, Error> {
        let mut listings = listings(self.root)?.into_iter();
        let found = listings.find(|name| chapter_of(name) == Some(chapter));
        let found = found.ok_or_else(|| Error::list(format!("there is no chapter `{chapter}`")))?;
        Ok(self.root.join("listings").join(found))
    }
}

/// `ch05` of `ch05-whole-sets`: the chapter to which a page or a listing belongs.
pub fn chapter_of(name: &str) -> Option<&str> {
    let (chapter, _) = name.split_once('-')?;
    let digits = chapter.strip_prefix("ch")?;
    (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(chapter)
}

/// The names of all listings of chapters, in order.
fn listings(root: &Path) -> Result<Vec<String>, Error> {
    sorted(&root.join("listings"), |name| chapter_of(name).is_some())
}

/// The names in a folder that are wanted, in order.
fn sorted(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
    let read = fs::read_dir(folder).map_err(|error| Error::file(folder, &error))?;
    let mut names = Vec::new();
    for entry in read {
        let entry = entry.map_err(|error| Error::file(folder, &error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| wanted(name));
    names.sort();
    Ok(names)
}

/// A row of the table.
#[derive(Clone, Copy, Default)]
struct Row {
    reading: usize,
    folded: usize,
    running: usize,
    exercises: usize,
    quiz: usize,
}

impl Row {
    fn sum(self) -> usize {
        self.reading + self.running + self.exercises + self.quiz
    }

    fn cells(self) -> String {
        let cells = [
            self.reading,
            self.folded,
            self.running,
            self.exercises,
            self.quiz,
            self.sum(),
        ];
        cells
            .map(|cell| {
                if cell == 0 {
                    "–".to_owned()
                } else {
                    cell.to_string()
                }
            })
            .join(" | ")
    }
}

/// The table of all chapters, with its sums.
///
/// # Errors
/// When a page, an exercise, a transcript or a list of questions cannot be read.
pub fn render(root: &Path, expand: Expand<'_>) -> Result<String, Error> {
    let times = Times::of(root, expand)?;
    let mut table = String::from(
        "| chapter | reading | folded code | running | exercises | questions | sum |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut all = Row::default();
    for listing in listings(root)? {
        let chapter = chapter_of(&listing).unwrap_or_default();
        let (title, row) = times.row(chapter, &listing)?;
        all.reading += row.reading;
        all.folded += row.folded;
        all.running += row.running;
        all.exercises += row.exercises;
        all.quiz += row.quiz;
        let number = chapter.trim_start_matches("ch").trim_start_matches('0');
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {number} [{title}]({listing}.md) | {} |",
            row.cells()
        );
    }
    let (hours, minutes) = (all.sum() / 60, all.sum() % 60);
    let s = if minutes == 1 { "" } else { "s" };
    let _ = writeln!(
        table,
        "| all | {} |\n\nMinutes; in all {hours} hours and {minutes} minute{s}. A command counts {MINUTES_A_COMMAND} \
         minutes and a question {MINUTES_A_QUESTION}. Folded code is not in the sum.",
        all.cells()
    );
    Ok(table)
}

impl Times<'_> {
    /// The title of a chapter, and its minutes.
    fn row(&self, chapter: &str, listing: &str) -> Result<(String, Row), Error> {
        let mut row = Row::default();
        let of_chapter = |name: &str| name.ends_with(".md") && chapter_of(name) == Some(chapter);
        for name in sorted(&self.root.join("src"), of_chapter)? {
            let page = self.page(name.trim_end_matches(".md"))?;
            row.reading += page.minutes.open();
            row.folded += page.minutes.folded();
        }
        let folder = self.root.join("listings").join(listing).join("transcripts");
        if folder.is_dir() {
            for name in sorted(&folder, |name| name.ends_with(".console"))? {
                let commands = self.commands(&format!("{listing}/transcripts/{name}"))?;
                row.running += commands.len() * MINUTES_A_COMMAND;
            }
        }
        let of_chapter = self
            .set
            .exercises
            .iter()
            .filter(|one| one.chapter == chapter);
        let minutes: u32 = of_chapter.map(|one| one.about.minutes).sum();
        row.exercises = minutes as usize;
        row.quiz = self.questions(chapter)?.unwrap_or_default() * MINUTES_A_QUESTION;
        Ok((self.page(listing)?.title, row))
    }
}
