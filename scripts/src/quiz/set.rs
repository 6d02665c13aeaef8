//! What a `quiz.toml` holds.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// The questions of a chapter, in the order in which they are asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiz {
    /// All of them.
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name in its chapter, in small letters. A reader's answer is kept under it.
    pub id: Spanned<String>,
    /// What is asked, in Markdown of one paragraph.
    pub asks: String,
    /// Lines of a log or a transcript that the question is about. They stand in a file of `shown`.
    pub log: Option<String>,
    /// How it is answered.
    pub kind: Kind,
    /// What there is to choose from.
    #[serde(default, rename = "choice")]
    pub choices: Vec<Choice>,
    /// What counts as the short answer; the first of them is shown.
    #[serde(default)]
    pub answers: Vec<String>,
    /// Why the short answer is the answer.
    pub because: Option<String>,
    /// The section that explains it: a page and a heading.
    pub read: String,
    /// What the book must say, for the answer to be right.
    #[serde(default)]
    pub shown: Vec<Shown>,
    /// Figures of the book, by the names under which `{name}` stands for them in this question's texts.
    #[serde(default)]
    pub values: BTreeMap<String, Value>,
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// By choosing one.
    One,
    /// By choosing all that are right.
    Several,
    /// By a word or a number.
    Short,
}

/// One of the choices.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What it says, in Markdown of one paragraph.
    pub says: String,
    /// Whether it is right.
    pub right: bool,
    /// Why it is, or is not.
    pub because: String,
}

/// Words that a file of the book has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The file, from the root of the book.
    pub file: String,
    /// The words. Where their lines break does not matter.
    pub contains: String,
}

/// A figure that is read from a file of the book.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// The file, from the root of the book.
    pub file: String,
    /// A regular expression with one group, which captures the figure.
    pub captures: String,
}

impl Question {
    /// The choices in the order that is drawn for them: by a hash of the question and the choice, so that it is the
    /// same in each build, and that no author decides where the right one stands.
    pub fn drawn(&self) -> Vec<&Choice> {
        let mut choices: Vec<_> = self.choices.iter().collect();
        choices.sort_by_key(|choice| key(&format!("{} {}", self.id.as_ref(), choice.says)));
        choices
    }

    /// Each text of it that may name a value.
    pub(super) fn texts(&mut self) -> Vec<&mut String> {
        let mut texts = vec![&mut self.asks];
        texts.extend(self.because.as_mut());
        texts.extend(&mut self.answers);
        for choice in &mut self.choices {
            texts.extend([&mut choice.says, &mut choice.because]);
        }
        texts
    }
}

/// The 32-bit FNV-1a hash of a text: stable over builds and compilers.
pub fn key(text: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step)
}

/// An answer without what does not matter: capitals, signs around it, an article, commas in a number. The script
/// of the page does the same with what a reader types.
pub fn plain(answer: &str) -> String {
    let letters = answer.to_lowercase();
    let mut plain = String::new();
    for (at, c) in letters.char_indices() {
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let next = letters[at + c.len_utf8()..].chars().next();
        match c {
            ',' if is_digit(plain.chars().last()) && is_digit(next) => {}
            '.' if is_digit(plain.chars().last()) && is_digit(next) => plain.push(c),
            '%' | '_' => plain.push(c),
            c if c.is_alphanumeric() => plain.push(c),
            _ => plain.push(' '),
        }
    }
    let mut words: Vec<_> = plain.split_whitespace().collect();
    if words.len() > 1 && ["a", "an", "the"].contains(&words[0]) {
        words.remove(0);
    }
    words.join(" ")
}
