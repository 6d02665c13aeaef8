//! The preprocessor that `book.toml` names: checks every directive, expands ours.
//!
//! mdBook runs it before its own preprocessors, so a lie ends the build, whoever started it.

use std::process::ExitCode;

use mdbook_preprocessor::book::BookItem;
use mdbook_preprocessor::errors::{Error, Result};
use scripts::{check, expand};

fn main() -> ExitCode {
    // `preprocess supports RENDERER`: every renderer is.
    if std::env::args().nth(1).as_deref() == Some("supports") {
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (context, mut book) = mdbook_preprocessor::parse_input(std::io::stdin())?;
    let problems = check::check(&context.root)?;
    if !problems.is_empty() {
        let list: Vec<_> = problems.iter().map(ToString::to_string).collect();
        return Err(Error::msg(format!(
            "the book does not hold:\n{}",
            list.join("\n")
        )));
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
                Err(why) => failed = Some(format!("{}: {why}", path.display())),
            }
        }
    });
    match failed {
        Some(why) => Err(Error::msg(why)),
        None => Ok(serde_json::to_writer(std::io::stdout(), &book)?),
    }
}
