//! A plan for teaching, from a list of what is done: its minutes are computed, and it fails where they do not
//! fit, where something is named that is not there, or where a chapter comes before what it builds on.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use crate::error::Error;
use crate::timetable::{Expand, MINUTES_A_COMMAND, MINUTES_A_QUESTION, Times, chapter_of};

/// How much of a session has to be filled, in percent. The rest is for questions.
const FILLED: usize = 85;

/// What the file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// For whom, and what they can do afterwards, in Markdown.
    about: String,
    /// All sessions together.
    minutes: usize,
    /// Pages that learners read before the first session.
    #[serde(default)]
    before: Vec<String>,
    session: Vec<Session>,
}

/// What is done in one go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    title: String,
    /// From its beginning to its end, breaks included.
    minutes: usize,
    steps: Vec<Step>,
    /// For what is done afterwards, alone.
    #[serde(default)]
    home_minutes: usize,
    #[serde(default)]
    home: Vec<Step>,
}

/// One thing that is done.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// A page is read, or told: its name without `.md`.
    Read(String),
    /// A recorded run is made again by all: its transcript, from `listings`.
    Demo(String),
    /// An exercise, by its name.
    Exercise(String),
    /// The questions of a chapter: `ch01`.
    Quiz(String),
    /// A discussion, in Markdown.
    Talk { about: String, minutes: usize },
    /// Work on something of one's own, in Markdown.
    Work { on: String, minutes: usize },
    /// A break.
    Pause(usize),
}

/// A step as a row: what is done, and for how many minutes.
struct Row {
    what: String,
    minutes: usize,
}

/// What has been read and done so far.
struct Course<'a> {
    times: &'a Times<'a>,
    pages: BTreeSet<String>,
    done: BTreeSet<String>,
}

/// The plan in Markdown: a table for each session, with the time since its beginning.
///
/// # Errors
/// When the plan does not parse, does not fit its time, names what is not there, or is in no order in which it can
/// be learned.
pub fn render(root: &Path, plan: &str, expand: Expand<'_>) -> Result<String, Error> {
    let plan: Plan = toml::from_str(plan).map_err(Error::list)?;
    let times = Times::of(root, expand)?;
    let mut course = Course {
        times: &times,
        pages: BTreeSet::new(),
        done: BTreeSet::new(),
    };
    let mut page = format!("{}\n", plan.about.trim());
    page += &course.before(&plan.before)?;
    for session in &plan.session {
        let told = course.session(session);
        page += &told.map_err(|error| error.within(&session.title))?;
    }
    let sum: usize = plan.session.iter().map(|session| session.minutes).sum();
    if sum != plan.minutes {
        let minutes = plan.minutes;
        let why = format!("the plan has {minutes} minutes, and its sessions have {sum}");
        return Err(Error::list(why));
    }
    Ok(page)
}

impl Course<'_> {
    /// What is read before the first session.
    fn before(&mut self, pages: &[String]) -> Result<String, Error> {
        if pages.is_empty() {
            return Ok(String::new());
        }
        let rows = pages.iter().map(|name| self.read(name));
        let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        let named: Vec<_> = rows.iter().map(|row| row.what.as_str()).collect();
        let sum: usize = rows.iter().map(|row| row.minutes).sum();
        Ok(format!(
            "\nBefore it, each reads {}: {sum} minutes.\n",
            named.join(", ")
        ))
    }

    fn session(&mut self, session: &Session) -> Result<String, Error> {
        let Session { title, minutes, .. } = session;
        let mut told =
            format!("\n**{title}**, {minutes} minutes:\n\n| at | what | min |\n|--:|---|--:|\n");
        told += &self.table(&session.steps, *minutes)?;
        if !session.home.is_empty() || session.home_minutes > 0 {
            let minutes = session.home_minutes;
            let _ = write!(
                told,
                "\nAt home, {minutes} minutes:\n\n| at | what | min |\n|--:|---|--:|\n"
            );
            told += &self
                .table(&session.home, minutes)
                .map_err(|error| error.within("at home"))?;
        }
        Ok(told)
    }

    /// The rows of these steps and their sum, which has to fit.
    fn table(&mut self, steps: &[Step], minutes: usize) -> Result<String, Error> {
        let (mut table, mut sum) = (String::new(), 0);
        for step in steps {
            let Row { what, minutes } = self.step(step)?;
            if minutes == 0 || what.trim().is_empty() || what.contains(['|', '\n']) {
                let why = format!("`{what}`, {minutes} minutes, is no row of a table");
                return Err(Error::list(why));
            }
            let (hour, minute) = (sum / 60, sum % 60);
            // Writing to a string cannot fail.
            let _ = writeln!(
                table,
                "| {hour}:{minute:02} | <span class=\"sentence\">{what}</span> | {minutes} |"
            );
            sum += minutes;
        }
        let _ = writeln!(table, "| | of {minutes} minutes | {sum} |");
        let least = (minutes * FILLED).div_ceil(100);
        let told = match sum {
            sum if sum > minutes => "leave something out, or give it more time",
            sum if sum < least => "the rest is more than questions take",
            _ => return Ok(table),
        };
        let why = format!("its steps take {sum} minutes, and {least} to {minutes} fit: {told}");
        Err(Error::list(why))
    }

    fn step(&mut self, step: &Step) -> Result<Row, Error> {
        match step {
            Step::Read(name) => self.read(name).map(|row| Row {
                what: format!("Read {}", row.what),
                ..row
            }),
            Step::Demo(transcript) => self.demo(transcript),
            Step::Exercise(id) => self.exercise(id),
            Step::Quiz(chapter) => self.quiz(chapter),
            Step::Talk { about, minutes } => Ok(Row {
                what: format!("Discuss: {about}"),
                minutes: *minutes,
            }),
            Step::Work { on, minutes } => Ok(Row {
                what: on.clone(),
                minutes: *minutes,
            }),
            Step::Pause(minutes) => Ok(Row {
                what: "Break".to_owned(),
                minutes: *minutes,
            }),
        }
    }

    fn read(&mut self, name: &str) -> Result<Row, Error> {
        let page = self.times.page(name)?;
        if let Some(chapter) = chapter_of(name) {
            self.can_follow(name, chapter)?;
            let is_first = self.times.first_page(chapter)? == name;
            if !is_first && !self.has_read(chapter) {
                let why = format!("`{name}` comes before the first page of its chapter");
                return Err(Error::list(why));
            }
        }
        self.once(name, &format!("page {name}"))?;
        self.pages.insert(name.to_owned());
        Ok(Row {
            what: format!("[{}]({name}.md)", page.title),
            minutes: page.minutes.open(),
        })
    }

    fn demo(&mut self, transcript: &str) -> Result<Row, Error> {
        let commands = self.times.commands(transcript)?;
        if let Some(chapter) = chapter_of(transcript) {
            self.can_follow(transcript, chapter)?;
        }
        self.once(transcript, &format!("demo {transcript}"))?;
        let more = match commands.len() {
            1 => String::new(),
            all => format!(" and {} more", all - 1),
        };
        // A learner who has read the page knows what comes.
        let known = chapter_of(transcript).is_some_and(|chapter| self.has_read(chapter));
        let run = if known { "Run" } else { "Predict, then run" };
        Ok(Row {
            what: format!("{run} `{}`{more}", commands[0]),
            minutes: commands.len() * MINUTES_A_COMMAND,
        })
    }

    fn exercise(&mut self, id: &str) -> Result<Row, Error> {
        let exercise = self.times.exercise(id)?;
        let (page, _) = exercise
            .about
            .read
            .split_once('#')
            .unwrap_or((&exercise.about.read, ""));
        let page = page.trim_end_matches(".md");
        if !self.pages.contains(page) {
            let why = format!("the exercise `{id}` needs `{page}`, which is not read before it");
            return Err(Error::list(why));
        }
        let (chapter, about) = (&exercise.chapter, &exercise.about);
        let row = Row {
            what: format!(
                "Exercise: [{}](exercises-{chapter}.md#exercise-{})",
                about.title, exercise.id
            ),
            minutes: about.minutes as usize,
        };
        self.once(id, &format!("exercise {}", exercise.id))?;
        Ok(row)
    }

    fn quiz(&mut self, chapter: &str) -> Result<Row, Error> {
        let Some(questions) = self.times.questions(chapter)? else {
            return Err(Error::list(format!("`{chapter}` asks no questions")));
        };
        if !self.has_read(chapter) {
            let why = format!("the questions of `{chapter}` come before its page");
            return Err(Error::list(why));
        }
        self.once(chapter, &format!("quiz {chapter}"))?;
        Ok(Row {
            what: format!("[Check yourself](exercises-{chapter}.md): {questions} questions"),
            minutes: questions * MINUTES_A_QUESTION,
        })
    }

    /// Whether each chapter that this one builds on was read.
    fn can_follow(&self, name: &str, chapter: &str) -> Result<(), Error> {
        let needs = self.times.builds_on(chapter)?;
        match needs.iter().find(|needed| !self.has_read(needed)) {
            Some(needed) => Err(Error::list(format!(
                "`{name}` builds on {needed}, which is not read before it"
            ))),
            None => Ok(()),
        }
    }

    fn has_read(&self, chapter: &str) -> bool {
        self.pages
            .iter()
            .any(|page| chapter_of(page) == Some(chapter))
    }

    /// Refuses what was planned already.
    fn once(&mut self, name: &str, key: &str) -> Result<(), Error> {
        match self.done.insert(key.to_owned()) {
            true => Ok(()),
            false => Err(Error::list(format!("`{name}` is planned twice"))),
        }
    }
}
