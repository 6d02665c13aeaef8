//! Chapter 5's exploration: a writer that is interrupted anywhere, and what each reader does.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::moving::{Choice, Moving, States};
use crate::error::Error;
use crate::markup::round;

/// Draws the `explored_stretch` events of an exploration.
///
/// # Errors
/// When a line is not an event, the two readers have not met the same states, or there is none.
pub fn render(events: &str) -> Result<String, Error> {
    let writers = read(events)?;
    let mut states = BTreeMap::new();
    let mut options = Vec::new();
    // Those that trick a reader come first: they are what the picture is about.
    for (writer, moments) in writers.iter().rev() {
        options.push((writer.clone(), writer.clone()));
        states.insert(writer.clone(), of_writer(moments));
    }
    let first = writers.last().map_or(&[][..], |(_, moments)| moments);
    let tricked = first
        .iter()
        .position(|moment| Kind::of(&moment.by_path) == Kind::Wrong);
    let moving = Moving {
        id: "picture-explorer",
        title: "A writer, an interruption, two readers",
        description: DESCRIPTION,
        caption: CAPTION,
        choices: vec![Choice {
            label: "Writer",
            options,
        }],
        unit: "interruption",
        keeps: false,
        height: 216,
        drawing: drawing(),
        below: String::new(),
        states: States {
            fixed: FIXED.to_vec(),
            cells: CELLS.to_vec(),
            at: tricked.unwrap_or(0),
            states,
        },
    };
    moving.render()
}

const DESCRIPTION: &str = "Two strips, one for each reader. Each runs through the writer's steps from left to right: low where the \
    old set is served, half as high where the files are refused, high where the new set is served, and high and \
    hollow where something is served that must not be. A line marks where the writer is interrupted.";

const CAPTION: &str = "<span class=\"chosen\" hidden>Choose a writer, and interrupt it. </span>\
    A strip is low where its reader serves the old set, half as high where it refuses the files, \
    high where it serves the new set, and hollow where it serves what it must not. Each stretch \
    holds the states in which both readers do the same; these are the states of the grid above. A refusal is good: what was \
    served before is served on.";

const FIXED: [&str; 9] = [
    "by-old.d",
    "by-refused.d",
    "by-new.d",
    "by-false.d",
    "our-old.d",
    "our-refused.d",
    "our-new.d",
    "our-false.d",
    "states",
];

const CELLS: [&str; 8] = [
    "said",
    "step",
    "count",
    "cursor.d",
    "by",
    "by.class",
    "our",
    "our.class",
];

const LEFT: f64 = 8.0;
const WIDTH: f64 = 334.0;
const STRIP: f64 = 24.0;
/// Where each strip ends below.
const FLOORS: [f64; 2] = [98.0, 172.0];
/// Of what is hollow.
const EDGE: f64 = 2.5;
/// The least width of a stretch, so that a single state can be seen.
const LEAST: f64 = 7.0;

fn drawing() -> String {
    let mut drawing = String::from(
        r#"<text class="code" x="8" y="18" data-cell="step"></text><text class="note" x="8" y="36" data-cell="count"></text>
        <text class="note end" x="342" y="36" data-cell="states"></text>"#,
    );
    for (name, words, floor) in [("by", "by path", FLOORS[0]), ("our", "ours", FLOORS[1])] {
        drawing += &format!(
            "<text class=\"head\" x=\"{LEFT}\" y=\"{}\">{words}</text>",
            floor - STRIP - 10.0
        );
        for kind in Kind::ALL {
            let kind = kind.name();
            drawing += &format!("<path class=\"area {kind}\" data-cell=\"{name}-{kind}\"></path>");
        }
        drawing += &format!(
            "<text x=\"{LEFT}\" y=\"{}\" data-cell=\"{name}\"></text>",
            floor + 20.0
        );
    }
    drawing + "<path class=\"area cursor\" data-cell=\"cursor\"></path>"
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Old,
    Refused,
    New,
    Wrong,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Old, Self::Refused, Self::New, Self::Wrong];

    fn of(done: &Done) -> Self {
        match (done.served.as_str(), &done.refused) {
            ("old" | "new", Some(_)) => Self::Refused,
            ("old", None) => Self::Old,
            ("new", None) => Self::New,
            _ => Self::Wrong,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::Refused => "refused",
            Self::New => "new",
            Self::Wrong => "false",
        }
    }

    fn height(self) -> f64 {
        match self {
            Self::Old => 4.0,
            Self::Refused => STRIP / 2.0,
            Self::New | Self::Wrong => STRIP,
        }
    }
}

/// What a reader does in a state.
#[derive(Clone, PartialEq, Eq)]
struct Done {
    served: String,
    refused: Option<String>,
}

impl Done {
    fn words(&self) -> String {
        let set = match self.served.as_str() {
            "old" => "the old set",
            "new" => "the new set",
            "cut" => "a cut set",
            "mixed" => "a mixture of two sets",
            "exposed" => "a key that others can read",
            other => other,
        };
        match &self.refused {
            Some(reason) => format!("refuses ({reason}), and serves {set}"),
            None => format!("serves {set}"),
        }
    }

    fn class(&self) -> &'static str {
        match Kind::of(self) {
            Kind::Wrong => "wrong",
            _ => "",
        }
    }
}

/// States in a row in which each reader does one thing.
struct Moment {
    states: u64,
    step: String,
    by_path: Done,
    ours: Done,
}

#[derive(Deserialize)]
struct Stretch {
    writer: String,
    reader: String,
    states: u64,
    step: String,
    served: String,
    refused: Option<String>,
}

/// The writers in the order of the events, each with its moments.
fn read(events: &str) -> Result<Vec<(String, Vec<Moment>)>, Error> {
    let mut writers: Vec<(String, [Vec<Stretch>; 2])> = Vec::new();
    for (number, line) in (1..).zip(events.lines()) {
        let unclear = |error: &dyn fmt::Display| Error::Line(number, error.to_string());
        let event: serde_json::Value =
            serde_json::from_str(line).map_err(|error| unclear(&error))?;
        if event["event"] != "explored_stretch" {
            continue;
        }
        let stretch: Stretch = serde_json::from_value(event).map_err(|error| unclear(&error))?;
        let reader = match stretch.reader.as_str() {
            "by_path" => 0,
            "ours" => 1,
            other => return Err(unclear(&format!("`{other}` is no reader"))),
        };
        if writers
            .last()
            .is_none_or(|(writer, _)| *writer != stretch.writer)
        {
            writers.push((stretch.writer.clone(), Default::default()));
        }
        if let Some((_, readers)) = writers.last_mut() {
            readers[reader].push(stretch);
        }
    }
    if writers.is_empty() {
        return Err(Error::NothingToDraw("nothing was explored"));
    }
    let merged = writers.into_iter().map(|(writer, [by_path, ours])| {
        let moments = merge(by_path, ours);
        let moments =
            moments.ok_or_else(|| Error::list(format!("{writer}: the readers met other states")));
        Ok((writer, moments?))
    });
    merged.collect()
}

/// The stretches of two readers, cut where either of them does something else. `None` where they are
/// not of the same steps.
fn merge(by_path: Vec<Stretch>, ours: Vec<Stretch>) -> Option<Vec<Moment>> {
    let done = |stretch: &Stretch| Done {
        served: stretch.served.clone(),
        refused: stretch.refused.clone(),
    };
    let mut moments = Vec::new();
    let (mut by_path, mut ours) = (by_path.into_iter().peekable(), ours.into_iter().peekable());
    while let (Some(one), Some(two)) = (by_path.peek_mut(), ours.peek_mut()) {
        if one.step != two.step {
            return None;
        }
        let states = one.states.min(two.states);
        moments.push(Moment {
            states,
            step: one.step.clone(),
            by_path: done(one),
            ours: done(two),
        });
        one.states -= states;
        two.states -= states;
        let (first, second) = (one.states == 0, two.states == 0);
        by_path.next_if(|_| first);
        ours.next_if(|_| second);
    }
    (by_path.next().is_none() && ours.next().is_none()).then_some(moments)
}

/// What is the same for a writer, and each moment: in the order of [`FIXED`] and of [`CELLS`].
fn of_writer(moments: &[Moment]) -> Vec<Vec<String>> {
    let all: u64 = moments.iter().map(|moment| moment.states).sum();
    let spare = WIDTH - LEAST * moments.len() as f64;
    let mut strips: [BTreeMap<&str, String>; 2] = Default::default();
    let (mut x, mut before) = (LEFT, 0);
    let mut states = Vec::new();
    for moment in moments {
        let width = LEAST + spare * moment.states as f64 / all.max(1) as f64;
        for ((strip, floor), done) in strips
            .iter_mut()
            .zip(FLOORS)
            .zip([&moment.by_path, &moment.ours])
        {
            let kind = Kind::of(done);
            let (left, right, top) = (round(x), round(x + width), floor - kind.height());
            let mut bar = format!("M{left} {floor}V{top}H{right}V{floor}z");
            if kind == Kind::Wrong {
                let (left, right) = (round(left + EDGE), round(right - EDGE));
                let (top, floor) = (top + EDGE, floor - EDGE);
                bar += &format!("M{left} {floor}V{top}H{right}V{floor}z");
            }
            strip.entry(kind.name()).or_default().push_str(&bar);
        }
        states.push(state(moment, before, round(x + width / 2.0)));
        x += width;
        before += moment.states;
    }
    let area = |(strip, kind): (&BTreeMap<&str, String>, Kind)| {
        let bars = strip.get(kind.name()).cloned();
        // A path that draws nothing.
        bars.unwrap_or_else(|| "M0 0".to_owned())
    };
    let areas = strips
        .iter()
        .flat_map(|strip| Kind::ALL.map(|kind| (strip, kind)));
    let mut fixed: Vec<_> = areas.map(area).collect();
    fixed.push(format!("of {all}"));
    states.insert(0, fixed);
    states
}

/// `before` is how many states came before, and `x` where the moment's middle lies.
fn state(moment: &Moment, before: u64, x: f64) -> Vec<String> {
    let Moment {
        states,
        step,
        by_path,
        ours,
    } = moment;
    let count = match states {
        1 => format!("state {}", before + 1),
        more => format!("states {} to {}", before + 1, before + more),
    };
    let said = format!(
        "After “{step}”, {count}: the reader by path {}; ours {}.",
        by_path.words(),
        ours.words()
    );
    let cursor = FLOORS.map(|floor| format!("M{x} {}V{}", floor - STRIP - 4.0, floor + 4.0));
    let cells = [
        &said,
        step,
        &count,
        &cursor.concat(),
        &by_path.words(),
        by_path.class(),
        &ours.words(),
        ours.class(),
    ];
    cells.map(str::to_owned).to_vec()
}
