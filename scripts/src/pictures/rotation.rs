//! One rotation, step by step: what an agent does, and what its server and two clients make of it.

use std::collections::BTreeMap;

use super::moving::{Choice, Moving, States, rows, table};
use crate::error::Error;

/// Draws the transcript of `steps`.
///
/// # Errors
/// When a line is not a step, or there is none.
pub fn render(text: &str) -> Result<String, Error> {
    let rows = rows(text)?;
    let mut options: Vec<(String, String)> = Vec::new();
    let mut states: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for row in &rows {
        let writer = row[0].to_owned();
        let of_writer = states.entry(writer.clone()).or_insert_with(|| {
            options.push((writer.clone(), writer));
            vec![Vec::new()]
        });
        of_writer.push(state(row));
    }
    let moving = Moving {
        id: "picture-rotation",
        title: "A rotation, step by step",
        description: DESCRIPTION,
        caption: CAPTION,
        choices: vec![Choice {
            label: "Tool",
            options,
        }],
        unit: "step",
        keeps: false,
        height: 268,
        drawing: DRAWING.to_owned(),
        below: table("Each step of each tool", HEAD, &rows),
        states: States {
            fixed: Vec::new(),
            cells: CELLS.to_vec(),
            at: 1,
            states,
        },
    };
    moving.render()
}

const DESCRIPTION: &str = "Five rows, from top to bottom: the agent's step, the two files, what the server finds \
    and serves, a connection that was open before, and one that comes now. What belongs to serial 1001 has one \
    colour, and what belongs to 1002 another.";

const CAPTION: &str = "<span class=\"chosen\" hidden>Choose a tool, and follow it. </span>\
    After each step of a tool the server looks, the old connection asks for a byte, and a new client calls. \
    Where a file is missing or the pair is torn, nothing changes for \
    anyone: the last good generation is served. Then what is served changes in one step. The old connection stays \
    as it was, and generation 1 is freed when that connection ends. <code>cargo run -p ch09-simulating-rotation -- \
    steps</code> prints every line of it.";

const HEAD: [&str; 9] = [
    "tool",
    "step",
    "certificate",
    "key",
    "found",
    "generation",
    "old connection",
    "new connection",
    "generations alive",
];

const CELLS: [&str; 18] = [
    "said",
    "step",
    "crt",
    "crt.class",
    "crt-box.class",
    "key",
    "key.class",
    "key-box.class",
    "found",
    "found.class",
    "served",
    "served-box.class",
    "old",
    "old.class",
    "old-box.class",
    "new",
    "new-box.class",
    "alive",
];

const DRAWING: &str = r#"<text class="head" x="8" y="24">agent</text>
    <text class="code" x="92" y="24" data-cell="step"></text>
    <text class="head" x="8" y="66">files</text>
    <rect x="92" y="46" width="128" height="32" rx="4" data-cell="crt-box"></rect>
    <text x="100" y="66" data-cell="crt"></text>
    <rect x="228" y="46" width="114" height="32" rx="4" data-cell="key-box"></rect>
    <text x="236" y="66" data-cell="key"></text>
    <text class="head" x="8" y="106">server</text>
    <text x="92" y="106" data-cell="found"></text>
    <rect x="92" y="118" width="250" height="32" rx="4" data-cell="served-box"></rect>
    <text class="on" x="100" y="138" data-cell="served"></text>
    <text class="head" x="8" y="178">old</text>
    <text class="note" x="8" y="194">connection</text>
    <rect x="92" y="166" width="250" height="32" rx="4" data-cell="old-box"></rect>
    <text x="100" y="186" data-cell="old"></text>
    <text class="head" x="8" y="222">new</text>
    <text class="note" x="8" y="238">connection</text>
    <rect x="92" y="210" width="250" height="32" rx="4" data-cell="new-box"></rect>
    <text class="on" x="100" y="230" data-cell="new"></text>
    <text class="note" x="92" y="262" data-cell="alive"></text>"#;

/// In the order of [`CELLS`].
fn state(row: &[&str; 9]) -> Vec<String> {
    let [
        _,
        step,
        certificate,
        key,
        found,
        generation,
        old,
        new,
        alive,
    ] = *row;
    let served = format!("serves generation {generation}, serial {new}");
    let (saying, class) = match found {
        "loaded" => ("looks, and loads the files".to_owned(), "right"),
        "unchanged" => ("looks, and finds nothing new".to_owned(), ""),
        reason => (format!("rejects the files: {reason}"), "wrong"),
    };
    let (holds, held) = match old {
        "ended" => ("has ended".to_owned(), "it has ended".to_owned()),
        serial => (
            format!("holds serial {serial}"),
            format!("it holds {serial}"),
        ),
    };
    let alive = match alive {
        "1" => "1 generation in memory".to_owned(),
        more => format!("{more} generations in memory"),
    };
    let said = format!(
        "Agent: {step}. Files: certificate {certificate}, key {key}. The server {saying}, and serves generation {generation}. \
         Old connection: {held}. New connection: it is shown {new}."
    );
    let text = |serial| if box_of(serial) == "open" { "" } else { "on" };
    let cells = [
        &said,
        step,
        &format!("certificate {certificate}"),
        text(certificate),
        box_of(certificate),
        &format!("key {key}"),
        text(key),
        box_of(key),
        &saying,
        class,
        &served,
        box_of(new),
        &holds,
        text(old),
        box_of(old),
        &format!("is shown serial {new}"),
        box_of(new),
        &alive,
    ];
    cells.map(str::to_owned).to_vec()
}

/// The class of the box that stands for a serial, or for something that has none.
fn box_of(serial: &str) -> &'static str {
    match serial {
        "1001" => "one",
        "1002" => "two",
        _ => "open",
    }
}
