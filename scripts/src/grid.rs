//! The grid: what an exploration found, drawn from its events.
//!
//! A row for each pair of a writer and a reader. Its strip runs through the writer's steps from
//! left to right. What is done in a state shows by height as well as by colour: a low bar where
//! the old set is served, a half one where the files are refused, a full one where the new set is
//! served, and a full one with a cross where something is served that must not be.
//!
//! Also drawn so: the steps of a writer before a server, from its `writer_stepped` events.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use svg::Document;
use svg::node::element::{Path, Rectangle, Title};

use crate::error::Error;
use crate::markup::{escape, flat, round};

/// Draws an exploration: a `<figure>` with a table, and the strips of the table in words.
///
/// # Errors
/// When a line is not an event, an `explored` one lacks a field, or there is none.
pub fn render(events: &str) -> Result<String, Error> {
    let rows = read(events)?;
    let body: String = rows.iter().map(Row::html).collect();
    let words: String = rows.iter().map(Row::words).collect();
    let key: String = [Kind::Old, Kind::Refused, Kind::New, Kind::Wrong]
        .map(|kind| format!("<li>{} {}</li>", kind.sample(), kind.words()))
        .concat();
    Ok(format!(
        "<figure class=\"grid\"><ul class=\"grid-key\">{key}</ul>\
         <div class=\"grid-table\" tabindex=\"0\" role=\"region\" aria-label=\"Grid\">\
         <table><thead><tr><th scope=\"col\">writer</th><th scope=\"col\">reader</th>\
         <th scope=\"col\">after each step of the writer</th><th scope=\"col\">states</th>\
         <th scope=\"col\">refused</th><th scope=\"col\">wrong</th></tr></thead>\
         <tbody>{body}</tbody></table></div><figcaption><p>{}</p>\
         <details><summary>The strips in words</summary><ul>{words}</ul></details></figcaption></figure>\n",
        caption(&rows)
    ))
}

/// What is done in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Old,
    Refused,
    New,
    Wrong,
}

impl Kind {
    fn of(served: &str, refused: bool) -> Option<Self> {
        match served {
            "cut" | "mixed" | "exposed" => Some(Self::Wrong),
            "old" | "new" if refused => Some(Self::Refused),
            "old" => Some(Self::Old),
            "new" => Some(Self::New),
            _ => None,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::Refused => "refused",
            Self::New => "new",
            Self::Wrong => "wrong",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Old => "the files are as they were: the old set is served",
            Self::Refused => "the files are refused: the last good set is served",
            Self::New => "the new set is served",
            Self::Wrong => "something is served that must not be",
        }
    }

    fn height(self) -> f64 {
        match self {
            Self::Old => 3.0,
            Self::Refused => HEIGHT / 2.0,
            Self::New | Self::Wrong => HEIGHT,
        }
    }

    fn sample(self) -> String {
        let document = Document::new()
            .set("viewBox", (0, 0, 16, HEIGHT as i64))
            .set("width", 16)
            .set("height", HEIGHT)
            .set("aria-hidden", "true");
        flat(&bar(document, self, 1.0, 14.0))
    }
}

struct Stretch {
    states: u64,
    step: String,
    kind: Kind,
    /// In words: what is served, and why the files were refused.
    said: String,
}

struct Row {
    writer: String,
    reader: String,
    states: u64,
    refused: u64,
    wrong: u64,
    strip: Vec<Stretch>,
    /// The serial that was shown last, where that is known.
    shown: Option<String>,
}

fn read(events: &str) -> Result<Vec<Row>, Error> {
    let mut rows: Vec<Row> = Vec::new();
    for (number, line) in (1..).zip(events.lines()) {
        let unclear = |error: &dyn fmt::Display| Error::Line(number, error.to_string());
        let event: Map<String, Value> = serde_json::from_str(line).map_err(|e| unclear(&e))?;
        let text = |field: &str| {
            let text = event.get(field).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| unclear(&format!("no `{field}`")))
        };
        let count = |field: &str| {
            let count = event.get(field).and_then(Value::as_u64);
            count.ok_or_else(|| unclear(&format!("no `{field}`")))
        };
        match text("event")?.as_str() {
            "explored" => rows.push(Row {
                writer: text("writer")?,
                reader: text("reader")?,
                states: count("states")?,
                refused: count("refused")?,
                wrong: count("cut")? + count("mixed")? + count("exposed")?,
                strip: Vec::new(),
                shown: None,
            }),
            "explored_stretch" => {
                let (writer, reader) = (text("writer")?, text("reader")?);
                let mut all = rows.iter_mut();
                let row = all.find(|row| row.writer == writer && row.reader == reader);
                let row = row.ok_or_else(|| unclear(&"a stretch of nothing explored"))?;
                let served = text("served")?;
                let reason = event.get("refused").and_then(Value::as_str);
                let kind = Kind::of(&served, reason.is_some());
                row.strip.push(Stretch {
                    states: count("states")?,
                    step: text("step")?,
                    kind: kind.ok_or_else(|| unclear(&format!("`{served}` is unknown")))?,
                    said: match reason {
                        Some(reason) => format!("refused ({reason}), {served} is served"),
                        None => format!("{served} is served"),
                    },
                });
            }
            "writer_stepped" => {
                let (writer, found) = (text("strategy")?, text("found")?);
                if rows.last().is_none_or(|row| row.writer != writer) {
                    rows.push(Row::stepping(&writer));
                }
                if let Some(row) = rows.last_mut() {
                    row.step(text("step")?, &found, text("shown")?);
                }
            }
            _ => {}
        }
    }
    if rows.is_empty() {
        return Err(Error::NothingToDraw("nothing was explored"));
    }
    Ok(rows)
}

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 16.0;
/// The least width of a stretch, so that a single state can be seen.
const LEAST: f64 = 3.0;

impl Row {
    fn stepping(writer: &str) -> Self {
        Self {
            writer: writer.to_owned(),
            reader: "ours".to_owned(),
            states: 0,
            refused: 0,
            wrong: 0,
            strip: Vec::new(),
            shown: None,
        }
    }

    /// After this step the server loaded what it `found`, or found it unchanged, or said what is
    /// wrong. What is `shown` changes when it loads, and at no other time.
    fn step(&mut self, step: String, found: &str, shown: String) {
        let loads = found == "loaded";
        let loaded = loads || self.strip.iter().any(|before| before.kind == Kind::New);
        let changed = self.shown.as_ref().is_some_and(|before| *before != shown);
        let first = self.shown.replace(shown).is_none();
        let (kind, said) = match found {
            _ if changed != loads && !first => (Kind::Wrong, "wrong: something else is served"),
            "loaded" | "unchanged" if loaded => (Kind::New, "new is served"),
            "unchanged" => (Kind::Old, "old is served"),
            _ => (Kind::Refused, "old is served"),
        };
        let said = match kind {
            Kind::Refused => format!("refused ({found}), {said}"),
            _ => said.to_owned(),
        };
        self.states += 1;
        self.refused += u64::from(kind == Kind::Refused);
        self.wrong += u64::from(kind == Kind::Wrong);
        let states = 1;
        self.strip.push(Stretch {
            states,
            step,
            kind,
            said,
        });
    }

    fn html(&self) -> String {
        let Self {
            writer,
            reader,
            states,
            refused,
            wrong,
            ..
        } = self;
        let class = if *wrong > 0 { "wrong" } else { "right" };
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td data-label=\"states\">{states}</td>\
             <td data-label=\"refused\">{refused}</td><td data-label=\"wrong\" class=\"{class}\">{wrong}</td></tr>",
            escape(writer),
            escape(reader),
            self.strip()
        )
    }

    /// Neighbours that are drawn alike are one bar.
    fn bars(&self) -> Vec<(Kind, u64)> {
        let mut bars: Vec<(Kind, u64)> = Vec::new();
        for stretch in &self.strip {
            match bars.last_mut() {
                Some((kind, states)) if *kind == stretch.kind => *states += stretch.states,
                _ => bars.push((stretch.kind, stretch.states)),
            }
        }
        bars
    }

    fn strip(&self) -> String {
        let bars = self.bars();
        let states: u64 = bars.iter().map(|(_, states)| states).sum();
        let spare = WIDTH - LEAST * bars.len() as f64;
        let mut said = BTreeMap::new();
        let mut document = Document::new()
            .set("viewBox", (0, 0, WIDTH as i64, HEIGHT as i64))
            .set("role", "img");
        let mut x = 0.0;
        for (kind, count) in bars {
            let width = LEAST + spare * count as f64 / states.max(1) as f64;
            document = bar(document, kind, x, width);
            x += width;
            *said.entry(kind.class()).or_insert(0) += count;
        }
        let said: Vec<_> = said
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let said = format!("{states} states: {}", said.join(", "));
        flat(
            &document
                .set("aria-label", said.clone())
                .add(Title::new(said)),
        )
    }

    fn words(&self) -> String {
        let strip = self.strip.iter();
        let strip = strip.map(|s| format!("{} after “{}”: {}", s.states, escape(&s.step), s.said));
        let strip: Vec<_> = strip.collect();
        let (writer, reader) = (escape(&self.writer), escape(&self.reader));
        format!("<li>{writer}, {reader}: {}.</li>", strip.join("; "))
    }
}

fn bar(document: Document, kind: Kind, x: f64, width: f64) -> Document {
    let document = document.add(
        Rectangle::new()
            .set("class", kind.class())
            .set("x", round(x))
            .set("y", HEIGHT - kind.height())
            .set("width", round(width))
            .set("height", kind.height()),
    );
    if kind != Kind::Wrong {
        return document;
    }
    // A cross in the middle, as wide as there is room.
    let (middle, half) = (x + width / 2.0, (width / 2.0).min(5.0));
    let (left, right) = (round(middle - half), round(middle + half));
    let (top, bottom) = (HEIGHT / 2.0 - 5.0, HEIGHT / 2.0 + 5.0);
    let cross = format!("M {left} {top} L {right} {bottom} M {right} {top} L {left} {bottom}");
    document.add(Path::new().set("class", "cross").set("d", cross))
}

fn caption(rows: &[Row]) -> String {
    let mut readers: Vec<(&str, u64, u64)> = Vec::new();
    for row in rows {
        match readers
            .iter_mut()
            .find(|(reader, ..)| *reader == row.reader)
        {
            Some((_, states, wrong)) => {
                *states += row.states;
                *wrong += row.wrong;
            }
            None => readers.push((&row.reader, row.states, row.wrong)),
        }
    }
    let said = readers.into_iter().map(|(reader, states, wrong)| {
        let reader = escape(reader);
        format!("<strong>{reader}</strong>: {states} states, {wrong} wrong.")
    });
    let said: Vec<_> = said.collect();
    let drawn = |row: &Row| row.strip.iter().map(|stretch| stretch.states).sum::<u64>();
    if rows.iter().all(|row| row.states == drawn(row)) {
        return said.join(" ");
    }
    format!(
        "{} The numbers count the strip's states and those in which the reader was interrupted.",
        said.join(" ")
    )
}
