//! The words that a program prints, with their variable pieces marked.

use std::fmt::Write;

use regex::Regex;

use crate::error::Error;

/// So many letters and digits at least are the same each time. Fewer would be found in any log.
const TELLING: usize = 10;

/// A piece of such words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The same each time.
    Constant(String),
    /// Another one each time: a name, a number, a time. The text says what it is.
    Variable(String),
}

/// The words of one symptom, on one line.
#[derive(Clone, Debug)]
pub struct Words {
    pieces: Vec<Piece>,
}

impl Words {
    /// Reads words in which `‹` and `›` enclose what is variable.
    ///
    /// # Errors
    /// When a mark is open, encloses nothing or stands inside another; when there is more than one line;
    /// or when so little is constant that the words would be found in any log.
    ///
    /// # Examples
    /// ```
    /// let words = symptoms::Words::parse("open ‹file›: permission denied")?;
    /// let printed = "Error: open /etc/tls/tls.key: permission denied\n";
    /// assert!(words.pattern().is_match(printed));
    /// assert!(!words.pattern().is_match("open /etc/tls/tls.key: no such file"));
    /// # Ok::<_, symptoms::Error>(())
    /// ```
    pub fn parse(marked: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Words(marked.to_owned(), why);
        if marked.contains('\n') || marked.trim() != marked {
            return Err(wrong("it is one line, without blanks around it"));
        }
        let mut pieces = Vec::new();
        let mut rest = marked;
        while let Some((before, after)) = rest.split_once('‹') {
            let (name, behind) = after.split_once('›').ok_or(wrong("a ‹ is not closed"))?;
            if name.is_empty() || name.contains('‹') {
                return Err(wrong("between ‹ and › stands what varies"));
            }
            if !before.is_empty() {
                pieces.push(Piece::Constant(before.to_owned()));
            }
            pieces.push(Piece::Variable(name.to_owned()));
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Constant(rest.to_owned()));
        }
        let telling = |piece: &Piece| match piece {
            Piece::Constant(text) => text.chars().filter(|c| c.is_alphanumeric()).count(),
            Piece::Variable(_) => 0,
        };
        if pieces.iter().map(telling).sum::<usize>() < TELLING {
            return Err(wrong("too little of it is the same each time"));
        }
        match marked.matches('›').count() == marked.matches('‹').count() {
            true => Ok(Self { pieces }),
            false => Err(wrong("a › closes nothing")),
        }
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Finds the words within a line: what is constant as it stands, and anything, but something, where it
    /// varies.
    ///
    /// # Panics
    /// When they are longer than the library takes, which is ten megabytes.
    pub fn pattern(&self) -> Regex {
        let mut pattern = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Constant(text) => pattern.push_str(&regex::escape(text)),
                // No line break: `.` finds none.
                Piece::Variable(_) => pattern.push_str(".+?"),
            }
        }
        Regex::new(&pattern).expect("escaped text is a pattern")
    }

    /// The words as somebody pastes them: `filled` stands for each variable piece.
    pub fn filled(&self, filled: &str) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            text.push_str(match piece {
                Piece::Constant(constant) => constant,
                Piece::Variable(_) => filled,
            });
        }
        text
    }

    /// As HTML that is also Markdown: `var` marks what varies, and no other character means anything.
    pub fn html(&self) -> String {
        let mut html = String::new();
        for piece in &self.pieces {
            // Writing to a string cannot fail.
            let _ = match piece {
                Piece::Constant(text) => write!(html, "{}", escaped(text)),
                Piece::Variable(name) => write!(html, "<var>{}</var>", escaped(name)),
            };
        }
        html
    }
}

/// Whatever is punctuation may mean something in Markdown or in HTML, and stands as a reference.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match c.is_ascii_punctuation() {
            true => write!(escaped, "&#{};", u32::from(c)),
            false => write!(escaped, "{c}"),
        };
    }
    escaped
}
