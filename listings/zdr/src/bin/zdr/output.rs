//! What `zdr` writes: a summary to stdout, and the report in each form that is asked for.

use std::fs::OpenOptions;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use zdr::report::Report;
use zdr::report::badge::badge;
use zdr::report::book::Book;
use zdr::report::file::{try_place, write_whole};
use zdr::report::github::{annotations, job_summary, without_commands};
use zdr::report::junit::junit;
use zdr::report::page::page;
use zdr::report::prometheus::prometheus;
use zdr::report::standing::Standing;
use zdr::report::text::summary;
use zdr::server::lines::printable;

/// The exit code where there is no verdict.
pub const NONE: u8 = 3;

#[derive(clap::Args)]
pub struct Output {
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as one HTML page.
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// Write the report as JUnit XML: one test for each class of clients and for each scenario.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the figures in Prometheus's text format.
    #[arg(long, value_name = "FILE")]
    prometheus: Option<PathBuf>,
    /// Write the verdict as JSON for a shields.io badge.
    #[arg(long, value_name = "FILE")]
    badge: Option<PathBuf>,
    /// Print findings as GitHub workflow commands, which GitHub shows as annotations, and append a summary
    /// to the file that $GITHUB_STEP_SUMMARY names.
    #[arg(long)]
    github: bool,
    /// The address at which the book is served, for the links from the report to its pages.
    #[arg(long, value_name = "URL")]
    pub book: Option<Book>,
}

impl Output {
    /// Checks the path of each file that is asked for: its folder exists and takes new files, the path is no folder
    /// itself, and no file that the command reads is overwritten. A run takes minutes, so a mistyped path is reported
    /// before it.
    pub fn has_places(&self, read: &[&Path]) -> io::Result<()> {
        self.spares(read)?;
        self.files()
            .iter()
            .try_for_each(|file| has_place(file, &[]))
    }

    /// Checks that no two reports go to one file, and that none goes to a file that the command reads.
    pub fn spares(&self, read: &[&Path]) -> io::Result<()> {
        let all = self.files();
        for (at, file) in all.iter().enumerate() {
            spares(file, read)?;
            if all[..at].iter().any(|other| is_same(file, other)) {
                let why = "two reports would be written to it, one over the other";
                return Err(misplaced(file, why));
            }
        }
        Ok(())
    }

    /// The files that are asked for.
    fn files(&self) -> Vec<&Path> {
        let all = [
            &self.json,
            &self.page,
            &self.junit,
            &self.prometheus,
            &self.badge,
        ];
        all.into_iter().flatten().map(PathBuf::as_path).collect()
    }

    /// Writes what was asked for, and always a summary to stdout. Where one of them cannot be
    /// written, the others are. `server` is the description of the server, where annotations stand.
    pub fn write(
        &self,
        report: &Report,
        server: Option<&Path>,
        interrupted: u8,
    ) -> io::Result<ExitCode> {
        let report = &Report {
            book: self.book.clone().or_else(|| report.book.clone()),
            ..report.clone()
        };
        let summarized = match self.github {
            true => say(&on_github(report, server)).and_then(|_| add_job_summary(report)),
            false => say(&not_obeyed(summary(report))).map(|_| ()),
        };
        let json = self.json.as_ref().map(|file| report.write(file));
        let written = [
            text(self.page.as_ref(), || Ok(page(report))),
            text(self.junit.as_ref(), || junit(report)),
            text(self.prometheus.as_ref(), || Ok(prometheus(report))),
            text(self.badge.as_ref(), || Ok(badge(report))),
        ];
        summarized?;
        json.transpose()?;
        written.into_iter().collect::<io::Result<()>>()?;
        Ok(match report.standing() {
            Standing::Passed => ExitCode::SUCCESS,
            Standing::Undecided => ExitCode::from(interrupted),
            Standing::Failed => ExitCode::FAILURE,
        })
    }
}

/// Checks that a file can be written there, and that it is none of those that the command reads.
pub fn has_place(file: &Path, read: &[&Path]) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    };
    match (file.is_dir(), folder.is_dir()) {
        (true, _) => Err(misplaced(file, "it is a folder: name a file")),
        (false, false) => Err(misplaced(
            file,
            "its folder does not exist: create it first",
        )),
        (false, true) => spares(file, read).and_then(|()| {
            let why = |error: io::Error| format!("nothing can be written there: {}", error.kind());
            try_place(file).map_err(|error| misplaced(file, &why(error)))
        }),
    }
}

/// Checks that it is none of the files that the command reads.
fn spares(file: &Path, read: &[&Path]) -> io::Result<()> {
    if file == Path::new("-") {
        let why = "this would be a file of that name: name `/dev/stdout` to print it, or `./-`";
        return Err(misplaced(file, why));
    }
    if read.iter().any(|other| is_same(file, other)) {
        let why = "this command reads it, and would overwrite it: name another file";
        return Err(misplaced(file, why));
    }
    Ok(())
}

fn misplaced(file: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{}: {why}", file.display()))
}

/// Whether two paths lead to one file, which need not exist yet. A device such as `/dev/stdout` can be written twice.
fn is_same(one: &Path, other: &Path) -> bool {
    if one.exists() && !one.is_file() {
        return false;
    }
    let real = |path: &Path| {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        let named = || Some(folder.ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(named)
    };
    real(one).is_some_and(|one| real(other) == Some(one))
}

/// Writes a text, where a file is named for it.
pub fn text(file: Option<&PathBuf>, text: impl Fn() -> io::Result<String>) -> io::Result<()> {
    match file {
        Some(file) => write_whole(file, text()?.as_bytes()),
        None => Ok(()),
    }
}

/// A text in which a job on GitHub obeys no line: what a server or a client has printed may be in it, and both streams
/// are read for commands, also behind blanks.
pub fn not_obeyed(text: String) -> String {
    let is_job = std::env::var_os("GITHUB_ACTIONS").is_some_and(|set| set == "true");
    let mut begun = text.lines().map(str::trim_start);
    let commands = |line: &str| line.starts_with("::") || line.starts_with("##[");
    match is_job && begun.any(commands) {
        true => without_commands(&text, &token()),
        false => text,
    }
}

/// A server must not be able to guess it: what stands behind it holds what it printed.
fn token() -> String {
    format!("zdr-{:016x}", RandomState::new().build_hasher().finish())
}

/// The summary, in which GitHub obeys no command, and then the annotations.
fn on_github(report: &Report, server: Option<&Path>) -> String {
    without_commands(&summary(report), &token()) + &annotations(report, server)
}

/// Adds to the summary of the job, if this is one.
fn add_job_summary(report: &Report) -> io::Result<()> {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    // Other steps of the job have written there, too.
    let opened = OpenOptions::new().create(true).append(true).open(&file);
    let written = opened.and_then(|mut file| file.write_all(job_summary(report).as_bytes()));
    let about = |error: io::Error| {
        let file = Path::new(&file).display();
        io::Error::new(error.kind(), format!("{file}: {error}"))
    };
    written.map_err(about)
}

/// Prints what people read. A server, a file or a certificate may have said a part of it.
pub fn say(text: &str) -> io::Result<ExitCode> {
    print(&printable(text))
}

/// Prints. A reader that stops early, as `head` does, is no failure.
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
