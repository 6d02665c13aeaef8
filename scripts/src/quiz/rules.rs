//! What a question must have, and what a set of them must not give away.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

use super::set::{Kind, Question, Quiz, Value, plain};
use super::{paragraph, place};
use crate::error::Error;

/// A chapter asks at least so many.
pub const LEAST: usize = 6;
/// Fewer letters of a file are found in it by chance.
const WORDS: usize = 12;

/// Reads a chapter's questions, puts the book's figures into them, and checks each.
///
/// # Errors
/// With the file, the line and the name of the first question that breaks a rule, and the rule.
pub fn read(root: &Path, path: &Path) -> Result<Quiz, Error> {
    let place = path.strip_prefix(root).unwrap_or(path).display();
    let text = fs::read_to_string(path).map_err(|error| Error::file(path, &error))?;
    let quiz: Result<Quiz, _> = toml::from_str(&text);
    let mut quiz = quiz.map_err(|error| Error::list(error).within(&place))?;
    let mut names = BTreeSet::new();
    for question in &mut quiz.questions {
        let line = text[..question.id.span().start].matches('\n').count() + 1;
        let id = question.id.as_ref().clone();
        let wrong = match names.insert(id.clone()) {
            true => check(root, question).err(),
            false => Some(Error::list("another question has that name")),
        };
        if let Some(wrong) = wrong {
            return Err(wrong.within(format!("{place}:{line}: {id}")));
        }
    }
    let all = quiz.questions.len();
    if all < LEAST {
        let few = format!("{all} questions, and a chapter asks at least {LEAST}");
        return Err(Error::list(few).within(place));
    }
    Ok(quiz)
}

fn check(root: &Path, question: &mut Question) -> Result<(), Error> {
    figures(root, question)?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if question.id.as_ref().is_empty() || !question.id.as_ref().chars().all(is_name) {
        return Err(Error::list("a name has small letters, digits and hyphens"));
    }
    if !question.asks.trim_end().ends_with('?') {
        return Err(Error::list("asks no question: it ends without `?`"));
    }
    match question.kind {
        Kind::Short => short(question)?,
        Kind::One | Kind::Several => choices(question)?,
    }
    for text in question.texts() {
        paragraph::html(text)?;
    }
    place::find(root, &question.read)?;
    proven(root, question)
}

/// What is chosen from.
fn choices(question: &Question) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::list(what));
    let right = question.choices.iter().filter(|choice| choice.right);
    let right = right.count();
    let mut seen = BTreeSet::new();
    if !question.answers.is_empty() || question.because.is_some() {
        return wrong("`answers` and `because` are of short answers: each choice has its own");
    }
    for choice in &question.choices {
        let says = &choice.says;
        if choice.because.trim().is_empty() {
            return wrong(&format!("`{says}` is not explained"));
        }
        if !seen.insert(plain(says)) {
            return wrong(&format!("`{says}` stands there twice"));
        }
    }
    match question.kind {
        _ if question.choices.len() < 3 => wrong("fewer than three choices"),
        _ if right == 0 => wrong("no choice is right"),
        _ if right == question.choices.len() => wrong("every choice is right"),
        Kind::One if right > 1 => wrong("more than one choice is right: say `several`"),
        _ => Ok(()),
    }
}

/// What is typed.
fn short(question: &Question) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::list(what));
    if !question.choices.is_empty() {
        return wrong("a short answer has no choices");
    }
    if question.answers.is_empty() {
        return wrong("no answer counts");
    }
    if question
        .because
        .as_deref()
        .unwrap_or_default()
        .trim()
        .is_empty()
    {
        return wrong("the answer is not explained");
    }
    let mut seen = BTreeSet::new();
    for answer in &question.answers {
        // The page parts what it accepts by this sign.
        if plain(answer).is_empty() || answer.contains('|') {
            return wrong(&format!("`{answer}` can never be typed so that it counts"));
        }
        if !seen.insert(plain(answer)) {
            return wrong(&format!("`{answer}` counts already"));
        }
    }
    Ok(())
}

/// Each question stands on something that the book has: words of a file, or a figure.
fn proven(root: &Path, question: &Question) -> Result<(), Error> {
    if question.shown.is_empty() && question.values.is_empty() {
        return Err(Error::list("nothing of the book is `shown`, and no value"));
    }
    let mut files = String::new();
    for shown in &question.shown {
        let text = text(root, &shown.file)?;
        let words = spaced(&shown.contains);
        if words.len() < WORDS {
            return Err(Error::list(format!("`{words}` is too short to prove it")));
        }
        if !spaced(&text).contains(&words) {
            let file = &shown.file;
            return Err(Error::list(format!("{file} does not contain `{words}`")));
        }
        files += &text;
    }
    let log = question.log.as_deref().unwrap_or_default();
    match log.trim().lines().find(|line| !files.contains(line.trim())) {
        Some(line) => Err(Error::list(format!(
            "`{line}` stands in no file of `shown`"
        ))),
        None => Ok(()),
    }
}

/// Puts the book's figures where the question names them.
fn figures(root: &Path, question: &mut Question) -> Result<(), Error> {
    for (name, value) in question.values.clone() {
        let figure = figure(root, &value).map_err(|error| error.within(&name))?;
        let place = format!("{{{name}}}");
        let mut used = false;
        for text in question.texts() {
            used |= text.contains(&place);
            *text = text.replace(&place, &figure);
        }
        if !used {
            return Err(Error::list(format!("`{place}` stands nowhere")));
        }
    }
    Ok(())
}

/// What the expression captures. Where it matches more than once, all must be the same.
fn figure(root: &Path, value: &Value) -> Result<String, Error> {
    let expression = Regex::new(&value.captures).map_err(Error::list)?;
    let text = text(root, &value.file)?;
    let found = expression.captures_iter(&text);
    let found: BTreeSet<_> = found
        .filter_map(|found| Some(found.get(1)?.as_str().to_owned()))
        .collect();
    let what = match found.len() {
        1 => return Ok(found.into_iter().collect()),
        0 => "captures nothing".to_owned(),
        more => format!("captures {more} figures"),
    };
    let (captures, file) = (&value.captures, &value.file);
    Err(Error::list(format!("`{captures}` {what} in {file}")))
}

fn text(root: &Path, file: &str) -> Result<String, Error> {
    let path = root.join(file);
    fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))
}

/// Text with one space wherever there is any: a paragraph breaks its lines anywhere.
fn spaced(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ")
}

/// How a reader could guess: by where the right choice stands, or by its length. A habit that chance would have
/// in one set of a thousand (its place) or of forty (its length, which is the author's) is a habit.
pub fn given_away(questions: &[&Question]) -> Vec<String> {
    let ones: Vec<_> = questions.iter().filter(|q| q.kind == Kind::One).collect();
    let chances = ones.iter().map(|q| 1.0 / q.choices.len() as f64);
    let mean: f64 = chances.clone().sum();
    let deviation = chances.map(|p| p * (1.0 - p)).sum::<f64>().sqrt();
    let mut habits = Vec::new();
    let mut judge = |habit: String, count: usize, deviations: f64| {
        if count as f64 > mean + deviations * deviation {
            let all = ones.len();
            habits.push(format!(
                "the right choice {habit} in {count} of {all} questions: a reader could guess"
            ));
        }
    };
    for place in 0..4 {
        let stands = ones.iter().filter(|question| {
            let drawn = question.drawn();
            drawn.get(place).is_some_and(|choice| choice.right)
        });
        let letter = char::from(b'A' + place as u8);
        judge(format!("is {letter}"), stands.count(), 3.0);
    }
    for (habit, sign) in [("is the longest", 1), ("is the shortest", -1)] {
        let is_it = ones.iter().filter(|question| {
            let length = |right: bool| {
                let those = question.choices.iter().filter(move |c| c.right == right);
                those.map(|c| c.says.chars().count() as isize * sign).max()
            };
            length(true) > length(false)
        });
        judge(habit.into(), is_it.count(), 2.0);
    }
    habits
}
