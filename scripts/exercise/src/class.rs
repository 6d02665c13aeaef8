//! A class: the folders of its learners side by side, for a teacher.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::attempt::attempt;
use crate::error::Error;
use crate::folder::Folder;
use crate::progress::{Progress, State};
use crate::set::{Exercise, Set, Track};

/// How far one learner is.
#[derive(Debug, Serialize)]
pub struct Member {
    /// The name of the learner's folder.
    pub learner: String,
    /// The language of the exercises that are counted.
    pub track: Track,
    /// How many exercises are done.
    pub done: usize,
    /// The minutes that these exercises state.
    pub minutes_done: u32,
    /// How often answers were tried.
    pub runs: u64,
    /// How many hints were shown.
    pub hints: usize,
    /// What has begun and is not done.
    pub under_way: Vec<String>,
    /// Of which the solution was shown before the exercise was done.
    pub solution_first: Vec<String>,
    /// What is recorded as done and does not pass now. Left out where that was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails_now: Option<Vec<String>>,
    /// Why the record or an answer could not be read: then what is said of this learner is not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Each learner in this folder, which has one folder for each. With `check`, what is done is tried again, which runs
/// the learners' programs.
///
/// # Errors
/// When the folder cannot be read, or has no learner. What is wrong with one learner's folder hides none of the others.
pub fn class(set: &Set, folder: &Path, check: bool) -> Result<Vec<Member>, Error> {
    let wrong = |error: io::Error| Error::file(folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Err(wrong(io::Error::other(
            "there is no folder of a learner in it",
        )));
    }
    names.sort();
    let folder_of = |name: &String| Folder::new(&folder.join(name));
    let members = names
        .into_iter()
        .map(|name| member(set, &folder_of(&name), name, check));
    Ok(members.collect())
}

fn member(set: &Set, folder: &Folder, learner: String, check: bool) -> Member {
    let mut member = Member {
        learner,
        track: set.track,
        done: 0,
        minutes_done: 0,
        runs: 0,
        hints: 0,
        under_way: Vec::new(),
        solution_first: Vec::new(),
        fails_now: check.then(Vec::new),
        trouble: None,
    };
    match Progress::read(folder) {
        Ok(progress) => count(&mut member, set, folder, &progress),
        Err(error) => member.trouble = Some(error.to_string()),
    }
    member
}

fn count(member: &mut Member, set: &Set, folder: &Folder, progress: &Progress) {
    for exercise in &set.exercises {
        let entry = progress.of(exercise);
        member.runs += entry.runs;
        member.hints += entry.hints;
        // Both are written in UTC, and in one format: they compare as text.
        let first = |shown: &String| entry.done.as_ref().is_none_or(|done| shown < done);
        if entry.solution_shown.as_ref().is_some_and(first) {
            member.solution_first.push(exercise.id.clone());
        }
        match progress.state(folder, exercise) {
            State::New => {}
            State::Begun => member.under_way.push(exercise.id.clone()),
            State::Done => {
                member.done += 1;
                member.minutes_done += exercise.about.minutes;
                let Some(fails) = &mut member.fails_now else {
                    continue;
                };
                match passes(set, folder, exercise) {
                    Ok(true) => {}
                    Ok(false) => fails.push(exercise.id.clone()),
                    Err(error) => {
                        fails.push(exercise.id.clone());
                        member.trouble = Some(format!("{}: {error}", exercise.id));
                    }
                }
            }
        }
    }
}

/// Whether there is an answer, and it passes.
fn passes(set: &Set, folder: &Folder, exercise: &Exercise) -> Result<bool, Error> {
    Ok(folder.has_begun(exercise) && attempt(set, folder, exercise)?.held())
}

/// A line for each learner.
///
/// # Errors
/// When `out` cannot be written.
pub fn tell(out: &mut dyn Write, members: &[Member]) -> io::Result<()> {
    let names = members.iter().map(|member| member.learner.chars().count());
    let width = names.max().unwrap_or_default().max("learner".len());
    writeln!(out, "{:<width$}  done  min  runs  hints", "learner")?;
    for member in members {
        let Member {
            learner,
            done,
            minutes_done,
            runs,
            hints,
            ..
        } = member;
        writeln!(
            out,
            "{learner:<width$}  {done:>4}  {minutes_done:>3}  {runs:>4}  {hints:>5}"
        )?;
        let fails = member.fails_now.as_deref().unwrap_or_default();
        for (words, exercises) in [
            ("under way", member.under_way.as_slice()),
            ("solution shown before done", &member.solution_first),
            ("done, and does not pass now", fails),
        ] {
            if !exercises.is_empty() {
                writeln!(out, "  {words}: {}", exercises.join(", "))?;
            }
        }
        if let Some(trouble) = &member.trouble {
            writeln!(out, "  not all could be read: {trouble}")?;
        }
    }
    Ok(())
}
