//! Lines that the runtime of a container has cut into parts of 16 KiB. The parts of each stream are put together again.
//!
//! - CRI (containerd, CRI-O) marks each part with `P`, and the last one with `F`;
//! - Docker's `json-file` has the line break in the last part alone. Collectors write lines as it does, and leave the line
//!   break out of each: there, a part is as long as Docker's, and holds an event that is not whole;
//! - Fluent Bit keeps the mark of CRI in the field `_p` or `logtag`, and Docker's drivers for Fluentd and journald say
//!   which part is the last one.
//!
//! The two streams of a container are in one file, so a line of the other may stand between two parts.

use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::read::{LONGEST, TOO_LONG, Text};
use crate::wrapped::{BEGINS, events_in};

/// The streams of a container.
const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// So long are the parts of Docker, before it replaces bytes that are no text by longer ones.
const PART: usize = 16 * 1024;

/// So many lines are kept of which more is to come.
const MOST: usize = 16;

/// Fields by which a collector says that its line is a part, each with the field that says it of the last one.
const MARKS: [(&str, &str); 4] = [
    ("_p", "_p"),
    ("logtag", "logtag"),
    ("partial_message", "partial_last"),
    ("CONTAINER_PARTIAL_MESSAGE", "CONTAINER_PARTIAL_LAST"),
];

/// Fields that tell the streams apart.
const OF_A_STREAM: [&str; 8] = [
    "stream",
    "source",
    "file",
    "kubernetes",
    "container_id",
    "partial_id",
    "CONTAINER_ID",
    "CONTAINER_PARTIAL_ID",
];

/// Lines of which more is to come: at most one of each stream.
#[derive(Debug, Default)]
pub(crate) struct Halves(Vec<Begun>);

#[derive(Debug)]
struct Begun {
    stream: String,
    /// Where its first part stands.
    number: u64,
    text: Text,
}

impl Begun {
    fn add(&mut self, more: &str) {
        if let Ok(text) = &mut self.text {
            text.push_str(more);
            if text.len() > LONGEST {
                self.text = Err(TOO_LONG);
            }
        }
    }
}

impl Halves {
    /// Takes the next line of a file, and gives it back as it is, or with the parts before it and the number of the
    /// first one. Nothing, where more of it is to come.
    pub(crate) fn take(&mut self, number: u64, text: Text) -> Option<(u64, Text)> {
        let Some(part) = text.as_deref().ok().and_then(Part::of) else {
            return Some((number, text));
        };
        let begun = self.0.iter().position(|begun| begun.stream == part.stream);
        let mut line = match begun {
            Some(at) => self.0.swap_remove(at),
            None if part.begins() && self.0.len() < MOST => Begun {
                stream: part.stream,
                number,
                text: Ok(String::new()),
            },
            None => return Some((number, text)),
        };
        line.add(&part.text);
        if part.is_last {
            return Some((line.number, line.text));
        }
        self.0.push(line);
        None
    }

    /// What is there of a line whose last part has not come.
    pub(crate) fn begun(&self) -> Option<(u64, Text)> {
        let line = self.0.last()?;
        Some((line.number, line.text.clone()))
    }

    /// A line whose last part has not come, and no more will.
    pub(crate) fn last(&mut self) -> Option<(u64, Text)> {
        let line = self.0.pop()?;
        Some((line.number, line.text))
    }
}

/// Whether more has to come before this is a line. A part of Docker's is longer than what is read at once.
pub(crate) fn may_be_a_part(line: &[u8]) -> bool {
    let tags = line.splitn(4, |byte| *byte == b' ').nth(2);
    let is_marked = || std::str::from_utf8(line).is_ok_and(may_be_marked);
    tags.is_some_and(|tags| tags.starts_with(b"P")) || is_marked()
}

/// Whether a line may have one of the [`MARKS`]. Most are an event, and need not be searched.
fn may_be_marked(line: &str) -> bool {
    let has = |(mark, _): &(&str, &str)| line.contains(&format!("\"{mark}\""));
    line.starts_with('{') && !line.starts_with(BEGINS) && MARKS.iter().any(has)
}

/// What a runtime has written in a line.
#[derive(Debug, PartialEq)]
struct Part {
    stream: String,
    text: String,
    is_last: bool,
    /// Whether the runtime says so itself.
    is_marked: bool,
}

/// A line of Docker's `json-file`. What else it may have (`attrs`) is of no interest.
#[derive(Deserialize)]
struct Docker {
    log: String,
    stream: String,
    #[serde(rename = "time")]
    _time: String,
}

impl Part {
    fn of(line: &str) -> Option<Self> {
        if may_be_marked(line) {
            return Self::of_marks(line);
        }
        match line.starts_with(r#"{"log":"#) {
            true => Self::of_docker(line),
            false => Self::of_cri(line),
        }
    }

    fn of_marks(line: &str) -> Option<Self> {
        let of: Map<String, Value> = serde_json::from_str(line).ok()?;
        let (mark, last) = MARKS.iter().find(|(mark, _)| of.contains_key(*mark))?;
        // Old ones say of the last part nothing at all: then each is a line of its own.
        let is_last = match of.get(*last)? {
            // Tags are divided by colons, and this one comes first.
            Value::String(tags) if mark == last => tags.split(':').next() == Some("F"),
            said => [&Value::Bool(true), &Value::from("true")].contains(&said),
        };
        let mut texts = ["log", "message", "MESSAGE"].into_iter();
        let text = texts.find_map(|field| of.get(field)?.as_str())?;
        let stream = OF_A_STREAM.iter().filter_map(|field| of.get(*field));
        Some(Self {
            stream: stream.map(Value::to_string).collect(),
            text: text.trim_end_matches('\n').to_owned(),
            is_last,
            is_marked: true,
        })
    }

    fn of_docker(line: &str) -> Option<Self> {
        let of: Option<Docker> = serde_json::from_str(line).ok();
        let mut of = of.filter(|of| STREAMS.contains(&of.stream.as_str()))?;
        // A process that dies in the middle of a line leaves a shorter one without a line break.
        let is_last = of.log.ends_with('\n') || of.log.len() < PART;
        of.log.truncate(of.log.trim_end_matches('\n').len());
        Some(Self {
            stream: of.stream,
            text: of.log,
            is_last,
            is_marked: false,
        })
    }

    fn of_cri(line: &str) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let (at, stream, tags) = (words.next()?, words.next()?, words.next()?);
        // Tags are divided by colons, and this one comes first.
        let tag = tags.split(':').next()?;
        let is_cri = STREAMS.contains(&stream)
            && ["P", "F"].contains(&tag)
            && OffsetDateTime::parse(at, &Rfc3339).is_ok();
        is_cri.then(|| Self {
            stream: stream.to_owned(),
            text: words.next().unwrap_or_default().to_owned(),
            is_last: tag == "F",
            is_marked: true,
        })
    }

    /// Whether it is the first of several.
    fn begins(&self) -> bool {
        !self.is_last && (self.is_marked || events_in(&self.text).cut)
    }
}
