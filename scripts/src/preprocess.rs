//! The preprocessor that `book.toml` names: checks every directive, and expands ours.
//!
//! It comes before mdBook's own preprocessors, so a lie ends the build.

use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::{Error, Result};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::{check, expand};

/// As a part of this process, and not a program that mdBook starts.
pub struct Executable;

impl Executable {
    /// Its name in `book.toml`.
    pub const NAME: &str = "executable";
}

impl Preprocessor for Executable {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let problems = check::check(&context.root)?;
        if !problems.is_empty() {
            let list: Vec<_> = problems.iter().map(ToString::to_string).collect();
            let list = list.join("\n");
            return Err(Error::msg(format!("the book does not hold:\n{list}")));
        }
        let source = context.root.join(&context.config.book.src);
        let mut failed = None;
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item
                && let Some(path) = &chapter.source_path
            {
                let directory = source.join(path);
                let directory = directory.parent().unwrap_or(&source);
                match expand::expand_all(directory, &chapter.content) {
                    Ok(content) => chapter.content = content,
                    Err(error) => failed = Some(format!("{}: {error}", path.display())),
                }
            }
        });
        match failed {
            Some(error) => Err(Error::msg(error)),
            None => Ok(book),
        }
    }
}
