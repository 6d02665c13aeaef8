//! A recorded run as a person reads it, and as programs do: lines in columns from its events, with the JSON
//! below a fold.
//!
//! The transcript has names where runs differ (`[TIME]`). The lines are of the events of the run that was
//! recorded, so they have the values.

use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;

use events::event::Event;
use events::line::{Line, Teller};
use regex::Regex;
use serde_json::Value;

use crate::error::Error;
use crate::markup::{escape, whole_options};
use crate::source::Part;

/// Stands among the names of events for what the program printed beside them.
const PRINTED: &str = "printed";

/// The lines of the transcript at `argument`, a `.console` file with `.events.jsonl` beside it. Where `only`
/// names events, the others are left out, and dots say so. A name may be followed by `,FIELD=VALUE`.
///
/// # Errors
/// When one of the two is not there, or they are of different runs, or no such event is in them.
pub fn render(directory: &Path, argument: &str, only: &[String]) -> Result<String, Error> {
    let console = Part::parse(directory, argument)?.text()?;
    let beside = format!("{}.events.jsonl", argument.trim_end_matches(".console"));
    let raw = Part::parse(directory, &beside)?.text()?;
    let mut raw: Vec<_> = raw.lines().map(Event::parse).collect();
    let (command, printed) = console.split_once('\n').unwrap_or((&console, ""));
    let mut shown = Shown::default();
    let mut absent: Vec<_> = (0..only.len()).collect();
    for (number, line) in (2..).zip(printed.lines()) {
        match Event::parse(line) {
            Some(event) => {
                let missing = || Error::Line(number, format!("{beside} has no such event"));
                let event = take(&mut raw, &event).ok_or_else(missing)?;
                let at = only.iter().position(|only| names(only, &event));
                absent.retain(|absent| Some(*absent) != at);
                match only.is_empty() || at.is_some() {
                    true => shown.event(&event),
                    false => shown.leave_out(&event),
                }
            }
            None => {
                let at = only.iter().position(|only| only == PRINTED);
                absent.retain(|absent| Some(*absent) != at);
                if only.is_empty() || at.is_some() {
                    shown.other(line);
                }
            }
        }
    }
    if let Some(at) = absent.first() {
        return Err(Error::list(format!(
            "no event `{}` in {argument}",
            only[*at]
        )));
    }
    let rows = shown.end();
    if !rows.contains("<b>") {
        return Err(Error::NothingToDraw(
            "no events: show it in a console fence",
        ));
    }
    let command = escape(command);
    Ok(format!(
        "<div class=\"log\"><p><code>{command}</code></p><ol>{rows}</ol></div>\n\n\
         <details class=\"json\"><summary>The same, as programs read it</summary>\n\n\
         ```console\n{{{{#include {argument}}}}}\n```\n\n</details>\n"
    ))
}

/// Whether `wanted` is the event's name, and each `FIELD=VALUE` behind it holds for the event.
fn names(wanted: &str, event: &Event) -> bool {
    let mut parts = wanted.split(',');
    let holds = |(field, value): (&str, &str)| event.text(field).as_deref() == Some(value);
    parts.next() == Some(event.name()) && parts.all(|part| part.split_once('=').is_some_and(holds))
}

/// Takes the first event that the transcript's line can stand for.
fn take(raw: &mut [Option<Event>], shown: &Event) -> Option<Event> {
    let is_name = |value: &Value| value.as_str().is_some_and(|text| text.contains('['));
    let fits = |event: &Event| {
        event.0.len() == shown.0.len()
            && shown.0.iter().all(|(field, value)| {
                let real = event.0.get(field);
                real.is_some_and(|real| real == value || is_name(value))
            })
    };
    let found = raw.iter_mut().find(|of| of.as_ref().is_some_and(fits))?;
    found.take()
}

/// The marker of a PEM block, with what stands beside it without a blank.
static MARKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\S*-----(?:BEGIN|END) [A-Z ]+-----\S*").expect("the expression is valid")
});

/// The same text, in which the marker of a PEM block moves to a line of its own rather than break at one of its
/// hyphens.
fn whole(text: &str) -> String {
    let whole = MARKER.replace_all(text, "<span class=\"whole\">$0</span>");
    whole.into_owned()
}

/// Stands for events that are left out.
const DOTS: &str = "<li class=\"said\">…</li>";

/// Rows, of which the last may still repeat.
#[derive(Default)]
struct Shown {
    teller: Teller,
    rows: String,
    last: Option<(Line, u64)>,
}

impl Shown {
    fn event(&mut self, event: &Event) {
        let line = self.teller.tell(event);
        match &mut self.last {
            Some((last, times)) if line.repeats(last) => *times += 1,
            _ => {
                self.close();
                self.last = Some((line, 1));
            }
        }
    }

    /// An event that is not shown. Those in a row are one line of dots.
    fn leave_out(&mut self, event: &Event) {
        // The time is counted from the first event, whether it is shown or not.
        self.teller.tell(event);
        self.close();
        if !self.rows.ends_with(DOTS) {
            self.rows.push_str(DOTS);
        }
    }

    fn other(&mut self, line: &str) {
        self.close();
        let said = whole_options(&escape(line));
        let _ = match line.starts_with("$ ") {
            true => write!(
                self.rows,
                "<li class=\"said\"><span class=\"hl-p\">{said}</span></li>"
            ),
            false => write!(self.rows, "<li class=\"said\">{said}</li>"),
        };
    }

    fn close(&mut self) {
        let Some((line, times)) = self.last.take() else {
            return;
        };
        let Line {
            at,
            who,
            event,
            what,
            ..
        } = &line;
        let (at, who, event) = (escape(at), escape(who), escape(event));
        let _ = write!(
            self.rows,
            "<li><span class=\"at\">{at}</span> <span class=\"who {}\">{who}</span> <b>{}</b> <span class=\"what\">",
            who.split(' ').next().unwrap_or_default(),
            event.replace('_', "_<wbr>"),
        );
        for what in what {
            let _ = write!(self.rows, "<span>{}</span> ", whole(&escape(what)));
        }
        if times > 1 {
            let _ = write!(self.rows, "<i>×{times}</i>");
        }
        self.rows.push_str("</span></li>");
    }

    fn end(mut self) -> String {
        self.close();
        self.rows
    }
}
