//! A report as a file: JSON with one line for each finding, class, rotation and slice, so that two
//! of them can be looked at with `diff`, and a mistake has a line.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::report::possible::possible;
use crate::report::{FORMAT, OLDEST, Report};

/// Why a file is no report, or did not become one.
#[derive(Debug)]
pub struct ReportError {
    file: PathBuf,
    line: Option<usize>,
    what: String,
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ReportError {}

impl From<ReportError> for io::Error {
    fn from(invalid: ReportError) -> Self {
        Self::new(io::ErrorKind::InvalidData, invalid)
    }
}

/// What every version of the format holds.
#[derive(Deserialize)]
struct Head {
    format: u32,
    /// What `zdr watch` and `zdr check-client` write has formats of its own, and one of these.
    looks: Option<IgnoredAny>,
    steps: Option<IgnoredAny>,
}

impl Head {
    /// The command that writes such a file, where it is another than `zdr check`.
    fn is_of(&self) -> Option<&'static str> {
        let watch = self.looks.as_ref().map(|_| "zdr watch");
        watch.or(self.steps.as_ref().map(|_| "zdr check-client"))
    }
}

/// What has no end, such as a device, is no report.
const LONGEST: u64 = 256 * 1024 * 1024;

fn text_of(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = fs::File::open(file)?
        .take(LONGEST + 1)
        .read_to_string(&mut text);
    match read {
        Ok(read) if read as u64 <= LONGEST => Ok(text),
        Ok(_) => Err(io::Error::other(
            "it has more than 256 MiB: is it a report that `--json` has written?",
        )),
        Err(error) => Err(error),
    }
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// With the file, the line, and what is wrong there.
    pub fn read(file: &Path) -> Result<Self, ReportError> {
        let invalid = |line, what| ReportError {
            file: file.to_owned(),
            line,
            what,
        };
        let text = text_of(file).map_err(|error| invalid(None, error.to_string()))?;
        let no_report = |error: serde_json::Error| {
            let line = (error.line() > 0).then(|| error.line());
            invalid(line, format!("this is no report: {}", said(&error)))
        };
        let head: Head = serde_json::from_str(&text).map_err(no_report)?;
        if let Some(other) = head.is_of() {
            let what = format!(
                "`{other}` has written it, and what is read here is a report of `zdr check --json`"
            );
            return Err(invalid(None, what));
        }
        if !(OLDEST..=FORMAT).contains(&head.format) {
            return Err(invalid(
                None,
                format!(
                    "a report of format {}, and this zdr knows formats {OLDEST} to {FORMAT}: \
                     use the zdr that wrote it",
                    head.format
                ),
            ));
        }
        let report: Self = serde_json::from_str(&text).map_err(no_report)?;
        possible(&report).map_err(|what| invalid(None, format!("this is no report: {what}")))?;
        Ok(report)
    }

    /// Writes a report whole or not at all: beside the file first, then over it in one step. What is
    /// no file, such as `/dev/stdout`, is written to as it is.
    ///
    /// # Errors
    /// With the file. What was there before is there still.
    pub fn write(&self, file: &Path) -> Result<(), ReportError> {
        replace(file, self.json().as_bytes()).map_err(|error| ReportError {
            file: file.to_owned(),
            line: None,
            what: format!("the report was not written: {error}"),
        })
    }

    /// The JSON Schema of reports.
    pub fn schema() -> String {
        let schema = schemars::schema_for!(Self);
        let text = serde_json::to_string_pretty(&schema);
        text.unwrap_or_default() + "\n"
    }

    /// The report as JSON.
    pub fn json(&self) -> String {
        // Keys are strings and floats that are no numbers become null: nothing can fail.
        let whole = serde_json::to_value(self).unwrap_or_default();
        let mut text = String::from("{\n");
        let fields = whole.as_object().into_iter().flatten();
        let fields: Vec<String> = fields.map(|(name, value)| field(name, value)).collect();
        text += &fields.join(",\n");
        text += "\n}\n";
        text
    }
}

fn field(name: &str, value: &Value) -> String {
    match value.as_array() {
        Some(rows) if !rows.is_empty() => {
            let rows: Vec<String> = rows.iter().map(|row| format!("    {row}")).collect();
            format!("  \"{name}\": [\n{}\n  ]", rows.join(",\n"))
        }
        _ => format!("  \"{name}\": {value}"),
    }
}

/// What is wrong, without the place: that stands before it.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) if error.line() > 0 => text[..end].to_owned(),
        _ => text,
    }
}

/// Writes a file so that no reader ever finds a part of it.
///
/// # Errors
/// With the name of the file: when there is no room, no permission, or no such folder.
pub fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(file, bytes)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    // What is open already is written to and not replaced: a shell's `>> log` may be behind it.
    match file.to_str() {
        Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => {
            return through(io::stdout(), bytes);
        }
        Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => {
            return through(io::stderr(), bytes);
        }
        Some(other) if other.starts_with("/dev/fd/") || other.starts_with("/proc/self/fd/") => {
            return through(fs::OpenOptions::new().append(true).open(file)?, bytes);
        }
        _ => {}
    }
    // Through a symlink, to the file that it names: a rename would replace the link.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        let mut device = fs::OpenOptions::new().write(true).open(&target)?;
        return device.write_all(bytes);
    }
    let mut beside = beside(&target)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(&target)?;
    Ok(())
}

/// A new file in the same folder.
fn beside(target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|folder| *folder != Path::new(""));
    tempfile::Builder::new()
        .prefix(".zdr-")
        // The mask of the process applies, as it does to any file that a program creates.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
}

/// Tries whether [`write_whole`] could write there now. What is no file is written to as it is, so nothing is tried.
///
/// # Errors
/// When no file can be made in its folder.
pub fn try_place(file: &Path) -> io::Result<()> {
    let is_open = ["/dev", "/proc/self/fd"]
        .iter()
        .any(|of| file.starts_with(of));
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    match is_open || fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        true => Ok(()),
        false => beside(&target).map(drop),
    }
}

fn through(mut open: impl Write, bytes: &[u8]) -> io::Result<()> {
    open.write_all(bytes)?;
    open.flush()
}
