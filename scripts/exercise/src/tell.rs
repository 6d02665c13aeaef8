//! What a terminal shows. Colours are written always: the stream leaves them out where they are not wanted.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::attempt::{Attempt, Outcome, Ran};
use crate::error::Error;
use crate::folder::Folder;
use crate::lines::{WIDTH, fits, labelled, line, paragraph, styled};
use crate::progress::{Progress, State};
use crate::set::{Exercise, Set, Track};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default();
const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// So many lines are shown of what an answer prints, and of each line so many letters.
const PRINTED: usize = 40;
const LONG: usize = 500;

/// What stands before a name in the list: two columns, five letters of a state, and two columns.
const AHEAD: &str = "         ";

/// So many processes are named that an answer has left running.
const LEFT: usize = 5;

/// What all words need to know: the book, the learner, and how commands are to be written.
#[derive(Debug)]
pub struct Teller<'a> {
    /// The book.
    pub set: &'a Set,
    /// The learner's folder.
    pub folder: &'a Folder,
    /// What each command that is shown ends with: ` --folder X` where the folder is not the usual one.
    pub option: String,
}

impl Teller<'_> {
    /// A command as this learner types it.
    pub fn command(&self, words: &str) -> String {
        format!("cargo exercise {words}{}", self.option)
    }

    /// A path as a person types it in the folder of the book.
    pub fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.set.root).unwrap_or(path);
        path.display().to_string()
    }

    /// The title of an exercise, and its place.
    ///
    /// # Errors
    /// When `out` cannot be written, as with everything below.
    pub fn title(&self, out: &mut dyn Write, exercise: &Exercise) -> io::Result<()> {
        let Exercise {
            id, chapter, about, ..
        } = exercise;
        let (number, of) = (self.set.number(exercise), self.set.exercises.len());
        let title = &about.title;
        let place = format!(
            "{id}, exercise {number} of {of}, {chapter}, {} min",
            about.minutes
        );
        if fits(title.chars().count() + 2 + place.chars().count()) {
            return writeln!(out, "{TITLE}{title}{TITLE:#}  {FAINT}{place}{FAINT:#}");
        }
        styled(out, TITLE, "", title)?;
        styled(out, FAINT, "  ", &place)
    }

    /// What is wanted, and how to go on.
    pub fn task(&self, out: &mut dyn Write, exercise: &Exercise) -> io::Result<()> {
        self.title(out, exercise)?;
        writeln!(out)?;
        paragraph(out, "  ", &exercise.about.task)?;
        writeln!(out)?;
        let id = &exercise.id;
        line(out, "edit", &self.shown(&self.folder.answer(exercise)))?;
        line(
            out,
            "checks",
            &self.shown(&exercise.folder.join(exercise.track.test())),
        )?;
        line(out, "try", &self.command(&format!("run {id}")))?;
        line(out, "help", &self.command(&format!("hint {id}")))?;
        line(out, "read", &format!("src/{}", exercise.about.read))
    }

    /// What came of an attempt, and what to do next.
    pub fn attempt(
        &self,
        out: &mut dyn Write,
        exercise: &Exercise,
        attempt: &Attempt,
        progress: &Progress,
    ) -> io::Result<()> {
        match attempt {
            Attempt::DoesNotCompile => self.does_not_compile(out, exercise, progress),
            Attempt::Ran(ran) if ran.held() => self.done(out, exercise, ran, progress),
            Attempt::Ran(ran) => self.not_done(out, exercise, ran, progress),
        }
    }

    fn does_not_compile(
        &self,
        out: &mut dyn Write,
        exercise: &Exercise,
        progress: &Progress,
    ) -> io::Result<()> {
        self.title(out, exercise)?;
        writeln!(out)?;
        let (what, holds) = match exercise.track {
            Track::Rust => (
                "It does not compile",
                ", or what a future holds. Where they miss a crate, `cargo add` does not help: an answer uses what its chapter uses",
            ),
            Track::Go => ("It does not compile", ""),
            Track::Python => ("It cannot be imported", ""),
        };
        let whose = match exercise.track {
            Track::Python => "Python",
            _ => "the compiler",
        };
        writeln!(out, "{BAD}{what}{BAD:#}: {whose}'s words are above.")?;
        paragraph(
            out,
            "",
            &format!(
                "Where they name the checks, or something that these import, your answer has it otherwise than the starter: a name, an argument{holds}."
            ),
        )?;
        writeln!(out)?;
        self.go_on(out, exercise, progress)
    }

    fn done(
        &self,
        out: &mut dyn Write,
        exercise: &Exercise,
        ran: &Ran,
        progress: &Progress,
    ) -> io::Result<()> {
        self.title(out, exercise)?;
        writeln!(out)?;
        checks(out, self, exercise, ran)?;
        printed(out, &ran.printed)?;
        left(out, &ran.left)?;
        writeln!(out)?;
        writeln!(out, "{GOOD}Done.{GOOD:#}")?;
        paragraph(out, "", &exercise.about.skill)?;
        writeln!(out)?;
        let id = &exercise.id;
        line(out, "compare", &self.command(&format!("solution {id}")))?;
        match progress.next(self.set) {
            Some(next) => line(
                out,
                "next",
                &format!(
                    "{}  ({}, {} min)",
                    self.command("next"),
                    next.about.title,
                    next.about.minutes
                ),
            ),
            None => writeln!(out, "All {} exercises are done.", self.set.exercises.len()),
        }
    }

    fn not_done(
        &self,
        out: &mut dyn Write,
        exercise: &Exercise,
        ran: &Ran,
        progress: &Progress,
    ) -> io::Result<()> {
        self.title(out, exercise)?;
        writeln!(out)?;
        if is_starter(exercise, ran) {
            for (check, _) in &ran.checks {
                labelled(out, OPEN, "todo", &check.words)?;
            }
            writeln!(out)?;
            paragraph(
                out,
                "",
                &format!(
                    "This is still the starter: nothing is broken, and nothing is written yet. Each check stops at a `{}` in your answer.",
                    exercise.track.stop()
                ),
            )?;
        } else {
            checks(out, self, exercise, ran)?;
            printed(out, &ran.printed)?;
            left(out, &ran.left)?;
            writeln!(out)?;
            let outcomes = ran.checks.iter().map(|(_, outcome)| outcome);
            let held = outcomes
                .filter(|outcome| **outcome == Outcome::Held)
                .count();
            let all = ran.checks.len();
            writeln!(out, "{BAD}Not yet{BAD:#}: {held} of {all} checks hold.")?;
        }
        writeln!(out)?;
        self.go_on(out, exercise, progress)
    }

    fn go_on(
        &self,
        out: &mut dyn Write,
        exercise: &Exercise,
        progress: &Progress,
    ) -> io::Result<()> {
        let id = &exercise.id;
        line(out, "edit", &self.shown(&self.folder.answer(exercise)))?;
        line(out, "again", &self.command(&format!("run {id}")))?;
        let hints = exercise.about.hints.len();
        match hints.saturating_sub(progress.of(exercise).hints) {
            0 => line(out, "help", &self.command(&format!("solution {id}"))),
            left => line(
                out,
                "help",
                &format!("{}  ({left} left)", self.command(&format!("hint {id}"))),
            ),
        }
    }

    /// All exercises, by chapter.
    pub fn list(&self, out: &mut dyn Write, progress: &Progress) -> io::Result<()> {
        let mut chapter = "";
        let (mut done, mut minutes, mut of) = (0, 0, 0);
        for exercise in &self.set.exercises {
            if exercise.chapter != chapter {
                chapter = &exercise.chapter;
                writeln!(out, "{TITLE}{}{TITLE:#}", exercise.listing)?;
            }
            of += exercise.about.minutes;
            let (style, word) = match progress.state(self.folder, exercise) {
                State::New => (FAINT, "new"),
                State::Begun => (OPEN, "begun"),
                State::Done => {
                    done += 1;
                    minutes += exercise.about.minutes;
                    (GOOD, "done")
                }
            };
            let (id, about) = (&exercise.id, &exercise.about);
            let (title, minutes) = (&about.title, about.minutes);
            let place = format!("{id:<10}  {minutes:>2} min");
            write!(out, "  {style}{word:<5}{style:#}  {place}")?;
            if fits(AHEAD.len() + place.len() + 2 + title.chars().count()) {
                writeln!(out, "  {title}")?;
            } else {
                writeln!(out)?;
                paragraph(out, AHEAD, title)?;
            }
        }
        writeln!(out)?;
        let all = self.set.exercises.len();
        let sum = format!("{done} of {all} done, {minutes} of {of} minutes.");
        paragraph(out, "", &sum)?;
        // It is to be copied, so it is broken nowhere.
        writeln!(out, "Next: {}", self.command("next"))
    }

    /// What was recorded, of each exercise of which something was.
    pub fn progress(&self, out: &mut dyn Write, progress: &Progress) -> io::Result<()> {
        for exercise in &self.set.exercises {
            let (state, entry) = (progress.state(self.folder, exercise), progress.of(exercise));
            let untouched = entry.runs == 0 && entry.hints == 0 && entry.solution_shown.is_none();
            if state == State::New && untouched {
                continue;
            }
            let of = exercise.about.hints.len();
            let shown = entry.solution_shown.map_or("", |_| ", solution shown");
            let runs = if entry.runs == 1 { "run" } else { "runs" };
            let (style, word) = match state {
                State::Done => (GOOD, "done"),
                State::New => (FAINT, "new"),
                State::Begun => (OPEN, "begun"),
            };
            writeln!(
                out,
                "{style}{word:<5}{style:#}  {:<10}  {} {runs}, {} of {of} hints{shown}",
                exercise.id, entry.runs, entry.hints
            )?;
        }
        let done = self
            .set
            .exercises
            .iter()
            .filter(|one| progress.of(one).done.is_some());
        writeln!(
            out,
            "{} of {} exercises are done.",
            done.count(),
            self.set.exercises.len()
        )
    }

    /// The hint of this number, counted from 1, and how many are left.
    pub fn hint(&self, out: &mut dyn Write, exercise: &Exercise, number: usize) -> io::Result<()> {
        let hints = &exercise.about.hints;
        let Some(hint) = hints.get(number.saturating_sub(1)) else {
            return Ok(());
        };
        writeln!(out, "{TITLE}Hint {number} of {}{TITLE:#}", hints.len())?;
        paragraph(out, "  ", hint)
    }

    /// The solution, and what goes wrong often.
    pub fn solution(&self, out: &mut dyn Write, exercise: &Exercise) -> Result<(), Error> {
        let (text, extension) = (exercise.solution()?, exercise.track.extension());
        self.title(out, exercise)?;
        writeln!(out, "\n{text}")?;
        writeln!(out, "What goes wrong often:")?;
        for wrong in &exercise.about.wrong {
            let path = exercise
                .folder
                .join(format!("wrong/{}.{extension}", wrong.file));
            paragraph(out, "  ", &wrong.words)?;
            writeln!(out, "    {FAINT}{}{FAINT:#}", self.shown(&path))?;
        }
        Ok(())
    }
}

/// Whether nothing was written yet: each check stops where the starter does.
fn is_starter(exercise: &Exercise, ran: &Ran) -> bool {
    let mut outcomes = ran.checks.iter().map(|(_, outcome)| outcome);
    outcomes.all(|outcome| matches!(outcome, Outcome::Failed { words, .. } if words.contains(&exercise.about.starter)))
}

/// Each check and whether it held. The first one that did not has its words below it: one thing at a time.
fn checks(
    out: &mut dyn Write,
    teller: &Teller<'_>,
    exercise: &Exercise,
    ran: &Ran,
) -> io::Result<()> {
    let mut told = false;
    for (check, outcome) in &ran.checks {
        match outcome {
            Outcome::Held => labelled(out, GOOD, "ok", &check.words)?,
            Outcome::Failed { words, at } => {
                labelled(out, BAD, "FAIL", &check.words)?;
                if !told {
                    writeln!(out)?;
                    paragraph(out, "        ", words)?;
                    if let Some(at) = at {
                        let shown = teller.shown(Path::new(at));
                        writeln!(out, "        {FAINT}{shown}{FAINT:#}")?;
                        let answer = teller.folder.answer(exercise);
                        if is_in(at, &answer) && !words.contains(&exercise.about.starter) {
                            writeln!(out)?;
                            paragraph(out, "        ", exercise.track.own_fault())?;
                        }
                    }
                    writeln!(out)?;
                }
                told = true;
            }
            Outcome::NotReached => {
                labelled(out, BAD, "?", &check.words)?;
                if !told {
                    let ended = ran.status.map(|status| format!(" Its end: {status}."));
                    let words = "The program ended before or in this check: it called `exit`, the system ended it, or, in Go, it panicked outside of a check or took longer than a minute. What it printed may say more.";
                    let words = words.to_owned() + &ended.unwrap_or_default();
                    paragraph(out, "        ", &words)?;
                }
                told = true;
            }
        }
    }
    Ok(())
}

/// Whether a place, a file with its line, is in this file.
fn is_in(at: &str, file: &Path) -> bool {
    let place = at.rsplit_once(':').map(|(place, _)| Path::new(place));
    place.is_some_and(|place| {
        place == file || fs::canonicalize(file).is_ok_and(|file| place == file)
    })
}

/// What the answer printed itself: many debug by printing.
fn printed(out: &mut dyn Write, text: &str) -> io::Result<()> {
    if text.trim().is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{TITLE}Printed by your answer{TITLE:#}")?;
    let mut lines = text.lines();
    for line in lines.by_ref().take(PRINTED) {
        match line.char_indices().nth(LONG) {
            Some((end, _)) => writeln!(out, "  {} …", &line[..end])?,
            None => writeln!(out, "  {line}")?,
        }
    }
    match (lines.clone().count(), lines.last()) {
        (0, _) | (_, None) => Ok(()),
        (1, Some(last)) => writeln!(out, "  {last}"),
        (more, Some(last)) => writeln!(
            out,
            "  {FAINT}({} lines are left out){FAINT:#}\n  {last}",
            more - 1
        ),
    }
}

/// What the answer had started, and was still there at its end.
fn left(out: &mut dyn Write, left: &[String]) -> io::Result<()> {
    if left.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{TITLE}Left running by your answer{TITLE:#}")?;
    for words in left.iter().take(LEFT) {
        let words: String = words.chars().take(WIDTH).collect();
        writeln!(out, "  {words}")?;
    }
    if let Some(more @ 1..) = left.len().checked_sub(LEFT) {
        writeln!(out, "  {FAINT}(and {more} more){FAINT:#}")?;
    }
    paragraph(
        out,
        "  ",
        "This was still running when the answer's program had ended, and has been ended. A process that an answer starts is to be ended and waited for by the answer.",
    )
}
