//! A sheet of questions, with their answers.

use std::fmt::{self, Display};

/// How wide an explanation is, with its indent.
const WIDTH: usize = 80;

/// A sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The number of the chapter.
    pub chapter: u8,
    /// What chose its questions.
    pub seed: u64,
    /// What is known, and what is asked for. Lines, the last of which is ended.
    pub told: String,
    /// In their order.
    pub questions: Vec<Question>,
    /// What an answer looks like. Lines, as `told`.
    pub answers: String,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked, in a line.
    pub asked: String,
    /// The answer, in a line.
    pub answer: String,
    /// Why it is so: paragraphs.
    pub why: Vec<String>,
}

impl Sheet {
    /// The questions alone.
    pub fn asked(&self) -> impl Display + use<'_> {
        Shown(self, false)
    }

    /// The questions with their answers, and why.
    pub fn solved(&self) -> impl Display + use<'_> {
        Shown(self, true)
    }
}

/// A sheet, and whether it is shown with its answers.
struct Shown<'a>(&'a Sheet, bool);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(sheet, solved) = self;
        let Sheet { chapter, seed, .. } = sheet;
        writeln!(f, "Homework for chapter {chapter}, seed {seed}\n")?;
        writeln!(f, "{}", sheet.told)?;
        for (question, letter) in sheet.questions.iter().zip('a'..) {
            writeln!(f, "  {letter}   {}", question.asked)?;
            if *solved {
                writeln!(f, "      {}", question.answer)?;
                for paragraph in &question.why {
                    paragraph_of(f, paragraph)?;
                }
                writeln!(f)?;
            }
        }
        if !solved {
            write!(f, "\n{}", sheet.answers)?;
        }
        Ok(())
    }
}

/// A paragraph, in lines that are no wider than a terminal.
fn paragraph_of(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    const INDENT: &str = "     ";
    let (mut line, mut width) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = 1 + word.chars().count();
        if width > 0 && INDENT.len() + width + length > WIDTH {
            writeln!(f, "{INDENT}{line}")?;
            (line, width) = (String::new(), 0);
        }
        line.push(' ');
        line.push_str(word);
        width += length;
    }
    writeln!(f, "{INDENT}{line}")
}
