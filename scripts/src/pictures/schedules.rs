//! What a fleet asks of its authority, by lifetime, spread and way of trying again.

use std::collections::BTreeMap;

use super::moving::{Choice, Moving, States, rows, table};
use crate::error::Error;
use crate::markup::round;

/// Draws the transcript of `load`.
///
/// # Errors
/// When a line is not a fleet's, or there is none.
pub fn render(text: &str) -> Result<String, Error> {
    let rows: Vec<[&str; 7]> = rows(text)?;
    let mut choices = [("Lifetime", 0), ("Authority", 1)].map(|(label, column)| {
        let mut options: Vec<(String, String)> = Vec::new();
        for row in &rows {
            let option = row[column].to_owned();
            if !options.iter().any(|(value, _)| *value == option) {
                options.push((option.clone(), option));
            }
        }
        Choice { label, options }
    });
    for (value, words) in &mut choices[1].options {
        *words = case(value).to_owned();
    }
    // A day's leaf is the one of the text.
    choices[0].options.sort_by_key(|(hours, _)| hours != "24 h");
    let mut states: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for (number, row) in (3..).zip(&rows) {
        let key = format!("{}/{}", row[0], row[1]);
        let states = states.entry(key).or_insert_with(|| vec![Vec::new()]);
        states.push(state(number, row)?);
    }
    let few: Vec<_> = rows
        .iter()
        .map(|[a, b, c, d, e, f, _]| [*a, *b, *c, *d, *e, *f])
        .collect();
    let moving = Moving {
        id: "picture-schedules",
        title: "What a fleet asks of its authority",
        description: DESCRIPTION,
        caption: CAPTION,
        choices: choices.into(),
        unit: "spread",
        keeps: true,
        height: 236,
        drawing: drawing(),
        below: table("Every fleet as a table", HEAD, &few),
        states: States {
            fixed: Vec::new(),
            cells: CELLS.to_vec(),
            at: 0,
            states,
        },
    };
    moving.render()
}

const DESCRIPTION: &str = "A chart. From left to right: the lifetime of a leaf, from its half to nine tenths of it. \
    Upwards, with tenfold steps: tries that reach the authority in one second. A bar stands for a two-hundredth of \
    the lifetime, and is as high as its busiest second. Where the authority is away, its time is marked.";

const CAPTION: &str = "A thousand agents whose leaves were issued together renew after two thirds of the lifetime, \
    spread over a part of it: 0, 0.02, 0.1 or 0.3. <span class=\"chosen\" hidden>Choose the lifetime, the authority and what an agent does \
    when it is away from 0.6 to 0.8, and widen the spread by the buttons. </span>Without a spread all of them come in one second, \
    and a timer that asks every minute brings all of them again in one second of each minute. The pauses of this chapter are \
    drawn at random, so the fleet comes apart. <code>cargo run -p ch09-simulating-rotation -- load</code> prints the \
    figures.";

const HEAD: [&str; 6] = [
    "lifetime",
    "authority",
    "spread",
    "tries",
    "busiest second",
    "last renewal, in lifetimes",
];

const CELLS: [&str; 7] = [
    "said",
    "bars.d",
    "away.d",
    "away-label",
    "spread",
    "busiest",
    "tries",
];

const LEFT: f64 = 36.0;
const WIDTH: f64 = 312.0;
const FLOOR: f64 = 176.0;
/// What a tenfold load adds to the height of a bar.
const TENFOLD: f64 = 30.0;

/// Where a number of tries in a second ends.
fn height(tries: f64) -> f64 {
    round(FLOOR - 12.0 - TENFOLD * tries.log10())
}

/// Where a part of the lifetime lies.
fn place(part: f64) -> f64 {
    round(LEFT + WIDTH * (part - 0.5) / 0.4)
}

fn drawing() -> String {
    let mut drawing = String::from(
        r#"<text class="head" x="8" y="18" data-cell="spread"></text><text x="8" y="36" data-cell="busiest"></text>
        <text class="note end" x="348" y="18" data-cell="tries"></text>
        <path class="area away" data-cell="away"></path>"#,
    );
    for tries in [1.0, 10.0, 100.0, 1000.0] {
        let y = height(tries);
        drawing += &format!(
            "<path class=\"area grid-line\" d=\"M {LEFT} {y} H {}\"></path>",
            LEFT + WIDTH
        );
        drawing += &format!(
            "<text class=\"note end\" x=\"32\" y=\"{}\">{tries}</text>",
            y + 4.0
        );
    }
    drawing += "<path class=\"area bars\" data-cell=\"bars\"></path>";
    drawing += &format!(
        "<path class=\"rail\" d=\"M {LEFT} {FLOOR} H {}\"></path>",
        LEFT + WIDTH
    );
    for part in [0.5, 0.6, 0.7, 0.8, 0.9] {
        let anchor = if part == 0.9 { "end" } else { "middle" };
        let (x, y) = (place(part), FLOOR + 18.0);
        drawing += &format!("<text class=\"note {anchor}\" x=\"{x}\" y=\"{y}\">{part}</text>");
    }
    let (x, y) = (LEFT, FLOOR + 36.0);
    drawing += &format!("<text class=\"note\" x=\"{x}\" y=\"{y}\">of the lifetime</text>");
    drawing +=
        &format!("<text class=\"note end\" x=\"348\" y=\"{y}\" data-cell=\"away-label\"></text>");
    drawing
}

/// In the order of [`CELLS`]. `number` is that of the line.
fn state(number: usize, row: &[&str; 7]) -> Result<Vec<String>, Error> {
    let [lifetime, authority, spread, tries, busiest, last, pieces] = *row;
    let mut bars = String::new();
    let pieces: Vec<_> = pieces.split(' ').collect();
    let width = WIDTH / pieces.len() as f64;
    for (at, piece) in pieces.iter().enumerate() {
        let most: f64 = piece
            .parse()
            .map_err(|_| Error::Line(number, format!("`{piece}` is no number")))?;
        if most > 0.0 {
            let x = round(LEFT + width * (at as f64 + 0.5));
            bars += &format!("M{x} {FLOOR}V{}", height(most));
        }
    }
    let is_away = authority.starts_with("away");
    let (from, to) = (place(0.6), place(0.8));
    let top = height(1000.0) - 6.0;
    let away = match is_away {
        true => format!("M{from} {top}H{to}V{FLOOR}H{from}z"),
        // A path that draws nothing.
        false => "M0 0".to_owned(),
    };
    let label = if is_away {
        "marked: the authority is away"
    } else {
        ""
    };
    let said = format!(
        "Leaves of {lifetime}, spread {spread}. The authority {}. {busiest} tries in the busiest second, \
         {tries} in all; the last renewal after {last} of the lifetime.",
        case(authority)
    );
    let cells = [
        said,
        bars,
        away,
        label.to_owned(),
        format!("spread {spread}"),
        format!("busiest second: {busiest} tries"),
        format!("{tries} tries in all"),
    ];
    Ok(cells.to_vec())
}

/// The authority, in words.
fn case(name: &str) -> &str {
    match name {
        "there" => "answers",
        "away, pauses" => "is away, and agents pause",
        "away, every minute" => "is away, and asked each minute",
        other => other,
    }
}
