//! The Rust around an answer: the answer and the checks of its exercise as two modules, and a list of the
//! checks.
//!
//! It uses the standard library alone: the build of `exercise-bench` uses this file as well.

use std::fmt::Write;
use std::io;
use std::path::Path;

/// One function of a `test.rs`: what it is called, and what has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The function's name.
    pub name: String,
    /// The first paragraph of its comment.
    pub words: String,
    is_async: bool,
}

impl Check {
    /// One that is no Rust, and that another program runs.
    pub fn new(name: &str, words: String) -> Self {
        let (name, is_async) = (name.to_owned(), false);
        Self {
            name,
            words,
            is_async,
        }
    }
}

/// Every check in the text of a `test.rs`: each public function without arguments, in order.
pub fn checks(test: &str) -> Vec<Check> {
    let (mut found, mut comment) = (Vec::new(), Vec::new());
    for line in test.lines() {
        if let Some(words) = line.strip_prefix("///") {
            comment.push(words.trim());
            continue;
        }
        let rest = line.strip_prefix("pub ").unwrap_or_default();
        let (is_async, rest) = match rest.strip_prefix("async ") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if let Some(rest) = rest.strip_prefix("fn ")
            && let Some((name, _)) = rest.split_once("()")
        {
            let first = comment.split(|line| line.is_empty()).next();
            found.push(Check {
                name: name.to_owned(),
                words: first.unwrap_or_default().join(" "),
                is_async,
            });
        }
        comment.clear();
    }
    found
}

/// What is put around an answer. It ends with a list, `CHECKS`.
///
/// # Errors
/// When a path is not UTF-8: Rust's sources cannot name it.
pub fn around(answer: &Path, test: &Path, checks: &[Check]) -> io::Result<String> {
    let (answer, test) = (literal(answer)?, literal(test)?);
    let mut text = format!(
        "#[path = {answer}]\nmod exercise;\n#[path = {test}]\nmod test;\n\n\
         pub const CHECKS: &[exercise_bench::Check] = &[\n"
    );
    for check in checks {
        let name = &check.name;
        let run = match check.is_async {
            true => format!("|| exercise_bench::block_on(test::{name}())"),
            false => format!("test::{name}"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "    exercise_bench::Check {{ name: {name:?}, run: {run} }},"
        );
    }
    text += "];\n";
    Ok(text)
}

/// A path as a literal of Rust.
fn literal(path: &Path) -> io::Result<String> {
    let text = path.to_str().ok_or_else(|| {
        let path = path.display();
        io::Error::other(format!(
            "{path}: Rust can name no file whose path is not UTF-8"
        ))
    })?;
    Ok(format!("{text:?}"))
}
