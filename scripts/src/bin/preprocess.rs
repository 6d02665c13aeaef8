//! The preprocessor that `book.toml` names, as a program: plain `mdbook` starts it so.

use std::process::ExitCode;

use events::eprintln;
use mdbook_preprocessor::Preprocessor;
use mdbook_preprocessor::errors::Result;
use scripts::preprocess::Executable;

fn main() -> ExitCode {
    // `preprocess supports RENDERER`: every renderer is.
    if std::env::args().nth(1).as_deref() == Some("supports") {
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (context, book) = mdbook_preprocessor::parse_input(std::io::stdin())?;
    let book = Executable.run(&context, book)?;
    Ok(serde_json::to_writer(std::io::stdout(), &book)?)
}
