//! "Check yourself": the questions of a chapter, as HTML that is read without a script, too.
//!
//! - `paragraph`: Markdown of one paragraph, as HTML of one line;
//! - `set`: what a `quiz.toml` holds, read strictly;
//! - `rules`: what a question must have, and what a set must not give away;
//! - `place`: the section of the book that a question leads back to.

mod paragraph;
pub mod place;
pub mod rules;
pub mod set;

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::markup::escape;
use place::Place;
use set::{Choice, Kind, Question};

/// The name of a chapter's questions, in its listing.
pub const FILE: &str = "quiz.toml";

/// The questions of this listing: each with its choices, and folded below it the answer with the reason for
/// and against each choice. `theme/quiz.js` makes them judge what a reader chooses.
///
/// # Errors
/// When the file cannot be read, or a question breaks one of the [rules].
pub fn render(root: &Path, listing: &Path) -> Result<String, Error> {
    let quiz = rules::read(root, &listing.join(FILE))?;
    let chapter = chapter(listing);
    let all = quiz.questions.len();
    let mut page = format!(
        "{all} questions that ask why. Decide first, and unfold the answer then: it says for each choice why it is right or wrong. Where scripts run, \
         *Check* judges your answer. It is kept in this browser alone.\n\n<section class=\"quiz\">\n"
    );
    for (question, number) in quiz.questions.iter().zip(1..) {
        page += &block(root, &chapter, number, question)?;
    }
    Ok(page + "</section>\n")
}

/// What would make the questions of the book, together, a lie: a chapter whose page has none, questions that no
/// page shows, and a set in which the right answer can be guessed from where it stands or how long it is.
/// Each with its file.
pub fn faults(root: &Path) -> Vec<(PathBuf, String)> {
    let (mut faults, mut quizzes) = (Vec::new(), Vec::new());
    let mut listings: Vec<_> = std::fs::read_dir(root.join("listings"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    listings.sort();
    for listing in listings {
        let page = root.join(format!("src/exercises-{}.md", chapter(&listing)));
        let text = std::fs::read_to_string(&page);
        let name = listing.file_name().unwrap_or_default().to_string_lossy();
        let directive = format!("{{{{#quiz ../listings/{name}}}}}");
        let shown = text.as_ref().is_ok_and(|text| text.contains(&directive));
        let path = listing.join(FILE);
        match (text.is_ok(), path.is_file()) {
            (true, _) if !shown && name.starts_with("ch") => {
                faults.push((page, format!("asks nothing: `{directive}`")));
            }
            (false, true) => faults.push((path.clone(), "no page shows it".into())),
            _ => {}
        }
        // What is wrong with one of them is told where its page names it.
        quizzes.extend(rules::read(root, &path));
    }
    let questions: Vec<_> = quizzes.iter().flat_map(|quiz| &quiz.questions).collect();
    let given_away = rules::given_away(&questions).into_iter();
    faults.extend(given_away.map(|what| (root.join("listings"), what)));
    faults
}

/// The chapter of a listing: `ch01` of `ch01-restart-baseline`.
fn chapter(listing: &Path) -> String {
    let name = listing.file_name().unwrap_or_default().to_string_lossy();
    name.split('-').next().unwrap_or_default().to_owned()
}

/// One question. No line of it is empty, which would end the block of HTML.
fn block(root: &Path, chapter: &str, number: usize, question: &Question) -> Result<String, Error> {
    let id = format!("quiz-{chapter}-{}", question.id.as_ref());
    let asks = paragraph::html(&question.asks)?;
    let mut block = format!("<fieldset id=\"{id}\">\n<legend><b>{number}.</b> {asks}</legend>\n");
    if let Some(log) = &question.log {
        let log = escape(log.trim());
        block += &format!("<pre><code class=\"language-text\">{log}\n</code></pre>\n");
    }
    let answer = match question.kind {
        Kind::Short => {
            let accepts = escape(&question.answers.join("|")).replace('"', "&quot;");
            block += &format!(
                "<label class=\"answer\"><span>Your answer, in a word or a number</span><input type=\"text\" autocomplete=\"off\" \
                 autocapitalize=\"off\" spellcheck=\"false\" data-accepts=\"{accepts}\"></label>\n"
            );
            let because = paragraph::html(question.because.as_deref().unwrap_or_default())?;
            let answer = escape(&question.answers[0]);
            format!("<p class=\"right\"><b>{answer}.</b> <span>{because}</span></p>\n")
        }
        Kind::One | Kind::Several => choices(&mut block, &id, question)?,
    };
    let Place { title, .. } = place::find(root, &question.read)?;
    let read = escape(&question.read);
    block += &format!(
        "<details>\n<summary>Answer</summary>\n{answer}<p class=\"again\">Read again: <a href=\"{read}\">{}</a></p>\n</details>\n</fieldset>\n",
        paragraph::html(&title)?
    );
    Ok(block)
}

/// Adds the choices to a block, and returns what is said of each.
fn choices(block: &mut String, id: &str, question: &Question) -> Result<String, Error> {
    let kind = match question.kind {
        Kind::Several => {
            *block += "<p class=\"several\">More than one may be right.</p>\n";
            "checkbox"
        }
        _ => "radio",
    };
    let mut answer = String::from("<ol type=\"A\">\n");
    for (choice, letter) in question.drawn().into_iter().zip('A'..) {
        let Choice {
            says,
            because,
            right,
        } = choice;
        let (says, because) = (paragraph::html(says)?, paragraph::html(because)?);
        let key = set::key(&choice.says);
        *block += &format!(
            "<label><input type=\"{kind}\" name=\"{id}\" value=\"{key:08x}\"><span><b>{letter}</b> {says}</span></label>\n"
        );
        let (class, verdict) = match right {
            true => ("right", "Right."),
            false => ("wrong", "No."),
        };
        answer += &format!("<li class=\"{class}\"><b>{verdict}</b> <span>{because}</span></li>\n");
    }
    Ok(answer + "</ol>\n")
}
