//! Lines in columns: when, who, what happened, and what matters of it.
//!
//! A line is at most 88 columns wide where words allow it: what does not fit goes on below, under its own
//! column. Lines that repeat are counted.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::event::Event;
use crate::line::{Line, Teller, plain};

/// No line is wider where its words can be broken.
pub const WIDTH: usize = 88;
const AT: usize = 11;
const WHO: usize = 10;
const EVENT: usize = 17;
const GAP: &str = "  ";

/// Writes events as lines of text.
#[derive(Debug, Default)]
pub struct Writer {
    teller: Teller,
    coloured: bool,
    last: Option<Line>,
    /// How many more like the last line have come.
    more: u64,
}

impl Writer {
    /// A writer for a terminal: with colours.
    pub fn coloured() -> Self {
        Self {
            coloured: true,
            ..Self::default()
        }
    }

    /// The text for the next event: its line, with what is to be said of repeats before it; or nothing, where
    /// it repeats the one before.
    pub fn event(&mut self, event: &Event) -> String {
        let line = self.teller.tell(event);
        if self.last.as_ref().is_some_and(|last| line.repeats(last)) {
            self.more += 1;
            return String::new();
        }
        let repeats = self.flush();
        let shown = repeats + &self.columns(&line);
        self.last = Some(line);
        shown
    }

    /// What is no event is shown as it is, but for what would steer a terminal.
    pub fn other(&mut self, line: &str) -> String {
        let repeats = self.flush();
        self.last = None;
        let line = plain(&line.replace('\t', "    "));
        format!("{repeats}{line}\n")
    }

    /// What is left to be said of repeats. Call it at the end, and where somebody waits for it.
    pub fn flush(&mut self) -> String {
        let more = std::mem::take(&mut self.more);
        match more {
            0 => String::new(),
            _ => format!("{:AT$}{GAP}and {more} more like it\n", ""),
        }
    }

    fn columns(&self, line: &Line) -> String {
        let style = |style: Style| if self.coloured { style } else { Style::new() };
        let (dim, bold) = (style(Style::new().dimmed()), style(Style::new().bold()));
        let who = style(colour(&line.who));
        let Line { at, event, .. } = line;
        let mut text = format!(
            "{dim}{at:>AT$}{dim:#}{GAP}{who}{:<WHO$}{who:#}{GAP}",
            line.who
        );
        let indent = AT + GAP.len() + line.who.chars().count().max(WHO) + GAP.len();
        if line.what.is_empty() {
            let _ = writeln!(text, "{bold}{event}{bold:#}");
            return text;
        }
        let _ = write!(text, "{bold}{event:<EVENT$}{bold:#}");
        let indent = indent + event.chars().count().max(EVENT);
        let mut column = indent;
        for word in line
            .what
            .iter()
            .flat_map(|what| pieces(what, WIDTH - GAP.len()))
        {
            let width = word.text.chars().count();
            let gap = if word.begins { GAP } else { " " };
            if column > indent && column + gap.len() + width > WIDTH {
                let _ = write!(text, "\n{:indent$}{GAP}", "");
                column = indent + GAP.len();
            } else {
                text.push_str(gap);
                column += gap.len();
            }
            text.push_str(word.text);
            column += width;
        }
        text.push('\n');
        text
    }
}

/// A word of a field, and whether the field begins with it.
struct Piece<'a> {
    text: &'a str,
    begins: bool,
}

/// A field is kept on one line, unless it is too long for that.
fn pieces(what: &str, room: usize) -> Vec<Piece<'_>> {
    if what.chars().count() <= room / 2 {
        return vec![Piece {
            text: what,
            begins: true,
        }];
    }
    let words = what.split(' ').enumerate();
    let words = words.map(|(at, text)| Piece {
        text,
        begins: at == 0,
    });
    words.collect()
}

fn colour(who: &str) -> Style {
    let colour = match who.split(' ').next().unwrap_or(who) {
        "agent" => AnsiColor::Yellow,
        "client" => AnsiColor::Cyan,
        "server" => AnsiColor::Green,
        _ => AnsiColor::Magenta,
    };
    Style::new().fg_color(Some(colour.into()))
}
