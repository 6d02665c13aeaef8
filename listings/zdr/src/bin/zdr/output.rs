//! What `zdr` writes: a summary to stdout, and the report as JSON or a page where it is asked for.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use zdr::report::book::Book;
use zdr::report::file::write_whole;
use zdr::report::page::page;
use zdr::report::text::summary;
use zdr::report::{Finding, Report};

/// The exit code where there is no verdict.
pub const NONE: u8 = 3;

#[derive(clap::Args)]
pub struct Output {
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as one HTML page.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// The address at which the book is served, for links to it.
    #[arg(long, value_name = "URL")]
    book: Option<Book>,
}

impl Output {
    /// Writes what was asked for, and always a summary to stdout. Where one of them cannot be
    /// written, the others are.
    pub fn write(&self, report: &Report, interrupted: u8) -> io::Result<ExitCode> {
        let report = &Report {
            book: self.book.clone().or_else(|| report.book.clone()),
            ..report.clone()
        };
        let summarized = print(&summary(report));
        let json = self.json.as_ref().map(|file| report.write(file));
        let file = self.page.as_ref();
        let page = file.map(|file| write_whole(file, page(report).as_bytes()));
        summarized?;
        json.transpose()?;
        page.transpose()?;
        Ok(match (report.verdict.passed, &report.interrupted) {
            (true, _) => ExitCode::SUCCESS,
            // Whatever ended it, what was found until then is a verdict.
            (false, Some(_)) if !report.findings.iter().any(Finding::fails) => {
                ExitCode::from(interrupted)
            }
            (false, _) => ExitCode::FAILURE,
        })
    }
}

/// Prints. A reader that has read enough, `head` for one, is no failure.
pub fn print(text: &str) -> io::Result<ExitCode> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(io::Error::other(format!("stdout: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
