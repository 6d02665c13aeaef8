//! A run's log, as a person reads it, and below it the recorded lines under a fold.
//!
//! Both come from one recorded run. The transcript (`NAME.console`) says which events were shown and what was
//! printed between them, with names for what differs from run to run; `NAME.events.jsonl` beside it has the
//! same events with their values. Each event of the transcript is found among those.

use std::sync::LazyLock;

use events::event::Event;
use events::line::{Line, Teller};
use events::text::repeated;
use regex::Regex;
use serde_json::Value;

use crate::error::Error;
use crate::markup::escape;

/// A name that stands for a value in a transcript: `[TIME]`.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\[[A-Z]+\]").ok());

/// How the fold begins that has the lines as programs read them.
pub(crate) const FOLD: &str = "<details class=\"log-json\"";

/// How many words a person reads in a line of [`render`]'s HTML; none where it is another's. The eye goes down
/// the column of events, so a line of a log counts as one.
pub(crate) fn words(html: &str) -> usize {
    if html.starts_with("<div class=\"log-line\"") {
        return 1;
    }
    if !html.starts_with("<div class=\"log-") {
        return 0;
    }
    let texts = html.split('<').filter_map(|tag| tag.split_once('>'));
    texts.map(|(_, text)| text.split_whitespace().count()).sum()
}

/// Shows a transcript. `path` is the transcript's, from the chapter, for the fold.
///
/// # Errors
/// When a line of the recorded events is none, or the transcript shows an event that is not among them.
pub fn render(path: &str, console: &str, events: &str) -> Result<String, Error> {
    let mut recorded = Vec::new();
    for (number, line) in (1..).zip(events.lines()) {
        let event = Event::parse(line);
        recorded.push(Some(event.ok_or_else(|| {
            Error::Line(number, "the recorded line is no event".into())
        })?));
    }
    let mut shown = Shown::default();
    for (number, line) in (1..).zip(console.lines()) {
        match Event::parse(line) {
            Some(event) => shown.event(take(&mut recorded, &event).ok_or_else(|| {
                let what = "no such event was recorded: record the transcript again";
                Error::Line(number, what.into())
            })?),
            None => shown.other(line),
        }
    }
    if shown.events == 0 {
        return Err(Error::NothingToDraw("a transcript without events"));
    }
    let lines = shown.end();
    Ok(format!(
        "<div class=\"log\">\n{lines}</div>\n{FOLD}><summary>The same run as programs read it, a \
         JSON object for each event</summary>\n\n```console\n{{{{#include {path}}}}}\n```\n\n</details>\n"
    ))
}

/// The first recorded event that the transcript's line can stand for.
fn take(recorded: &mut [Option<Event>], shown: &Event) -> Option<Event> {
    let fits = |event: &Option<Event>| event.as_ref().is_some_and(|event| stands_for(shown, event));
    recorded.iter_mut().find(|event| fits(event))?.take()
}

fn stands_for(shown: &Event, real: &Event) -> bool {
    shown.0.len() == real.0.len()
        && shown.0.iter().all(|(field, shown)| {
            let real = real.0.get(field);
            match shown {
                Value::String(text) => real.is_some_and(|real| reads_as(text, real)),
                other => real == Some(other),
            }
        })
}

/// Whether a value is what a transcript shows of it: the same, but for what is replaced by a name.
fn reads_as(shown: &str, real: &Value) -> bool {
    let real = match real {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let Some(name) = NAME.as_ref().filter(|name| name.is_match(shown)) else {
        return shown == real;
    };
    let mut rest = real.as_str();
    for (at, part) in name.split(shown).enumerate() {
        // Of a path the folder is replaced. It may be of any length, and so may every value.
        match rest.find(part) {
            Some(0) => rest = &rest[part.len()..],
            Some(begin) if at > 0 => rest = &rest[begin + part.len()..],
            _ => return false,
        }
    }
    true
}

/// What has been shown so far.
#[derive(Default)]
struct Shown {
    html: String,
    /// Events since something else was printed.
    together: Vec<Event>,
    teller: Teller,
    events: usize,
}

impl Shown {
    fn event(&mut self, event: Event) {
        self.events += 1;
        self.together.push(event);
    }

    /// What is no event: the command, and what the program says.
    fn other(&mut self, line: &str) {
        self.flush();
        let class = match line.starts_with("$ ") {
            true => "log-command",
            false => "log-said",
        };
        // Markdown would end the block at a line that is empty.
        let text = match line.trim().is_empty() {
            true => "<br>".into(),
            false => escape(line),
        };
        self.html += &format!("<div class=\"{class}\">{text}</div>\n");
    }

    /// Events of several processes are printed as they arrive, and told in the order in which they happened.
    fn flush(&mut self) {
        let mut events = std::mem::take(&mut self.together);
        events.sort_by_key(|event| event.text("ts"));
        let lines: Vec<_> = events.iter().map(|event| self.teller.tell(event)).collect();
        for same in lines.chunk_by(|a, b| b.repeats(a)) {
            self.html += &of(&same[0]);
            if same.len() > 1 {
                let more = repeated(same.len() as u64 - 1);
                self.html += &format!("<div class=\"log-more\">{more}</div>\n");
            }
        }
    }

    fn end(mut self) -> String {
        self.flush();
        self.html
    }
}

/// A line in its columns. The spaces between them are for readers without the style sheet.
fn of(line: &Line) -> String {
    let what = line.what.iter();
    let what = what.map(|field| format!("<span>{}</span>", escape(field)));
    let what = what.collect::<Vec<_>>().join(" ");
    let by = line.who.split(' ').next().unwrap_or_default();
    let (at, who, event) = (escape(&line.at), escape(&line.who), escape(&line.event));
    format!(
        "<div class=\"log-line\"><span class=\"log-at\">{at}</span> <span class=\"log-who by-{by}\">{who}</span> \
         <span class=\"log-event\">{event}</span> <span class=\"log-what\">{what}</span></div>\n"
    )
}
