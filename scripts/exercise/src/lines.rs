//! Lines of a text, no wider than the terminal.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::process::Command;
use std::sync::LazyLock;

use anstyle::Style;
use events::eprintln;

/// How wide a paragraph is at the most, with its indent.
pub const WIDTH: usize = 80;

/// Below this, words are hard to read however they are broken.
const NARROW: usize = 40;

const FAINT: Style = Style::new().dimmed();

/// How wide a paragraph is here.
fn width() -> usize {
    static WIDE: LazyLock<Option<usize>> = LazyLock::new(|| named().or_else(asked));
    WIDE.unwrap_or(WIDTH).clamp(NARROW, WIDTH)
}

/// What `COLUMNS` says, which few shells hand on.
fn named() -> Option<usize> {
    env::var("COLUMNS").ok()?.parse().ok()
}

/// What `stty` says of the terminal, where this is written to one.
fn asked() -> Option<usize> {
    if !io::stdout().is_terminal() && !io::stderr().is_terminal() {
        return None;
    }
    let terminal = File::open("/dev/tty").ok()?;
    let said = Command::new("stty").arg("size").stdin(terminal).output();
    let said = String::from_utf8(said.ok()?.stdout).ok()?;
    // Rows and columns. A terminal that does not know says 0.
    said.split_whitespace()
        .nth(1)?
        .parse()
        .ok()
        .filter(|wide| *wide > 0)
}

/// Says on stderr what is wrong. Where that is a terminal, it is broken between words; elsewhere a line stays one.
pub fn complain(words: &str) {
    match io::stderr().is_terminal() {
        true => wrapped(words, width())
            .iter()
            .for_each(|line| eprintln!("{line}")),
        false => eprintln!("{words}"),
    }
}

/// Words behind a label of four letters, and below each other.
///
/// # Errors
/// When `out` cannot be written, as with everything below.
pub fn labelled(out: &mut dyn Write, style: Style, label: &str, words: &str) -> io::Result<()> {
    let mut lines = wrapped(words, width() - 8).into_iter();
    let first = lines.next().unwrap_or_default();
    writeln!(out, "  {style}{label:<4}{style:#}  {first}")?;
    lines.try_for_each(|line| writeln!(out, "        {line}"))
}

/// A line that is to be copied, so it is broken nowhere.
///
/// # Errors
/// As above.
pub fn line(out: &mut dyn Write, label: &str, words: &str) -> io::Result<()> {
    writeln!(out, "  {FAINT}{label:<7}{FAINT:#} {words}")
}

/// A text, each line of it behind `indent`.
///
/// # Errors
/// As above.
pub fn paragraph(out: &mut dyn Write, indent: &str, text: &str) -> io::Result<()> {
    styled(out, Style::new(), indent, text)
}

/// The same in a style.
///
/// # Errors
/// As above.
pub fn styled(out: &mut dyn Write, style: Style, indent: &str, text: &str) -> io::Result<()> {
    for line in wrapped(text, width().saturating_sub(indent.len())) {
        writeln!(out, "{indent}{style}{line}{style:#}")?;
    }
    Ok(())
}

/// Whether a line of so many columns fits.
pub fn fits(columns: usize) -> bool {
    columns <= width()
}

/// Breaks a text into lines of this many letters at the most, where it has blanks.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
