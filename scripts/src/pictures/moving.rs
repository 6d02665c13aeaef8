//! A picture that moves: states that were computed beforehand, and the buttons that choose one.
//!
//! A state is what stands in each cell of the picture. A cell is an element of the drawing or of the
//! sentence below it, named by `data-cell`; `name` is its text, and `name.class` an attribute of it.
//! `src/pictures/moving.js` puts a state into the cells, and computes nothing. Without it the picture
//! shows the state in which it was drawn, and its buttons stay hidden.

use std::collections::BTreeMap;

use serde::Serialize;

use super::frame;
use crate::error::Error;
use crate::markup::escape;

/// What is chosen by name, such as a writer.
pub(super) struct Choice {
    /// What is chosen.
    pub label: &'static str,
    /// The value in the key of the states, and the words for it.
    pub options: Vec<(String, String)>,
}

/// A picture, its states, and its words. All texts are plain, but for `drawing` and `below`.
pub(super) struct Moving {
    pub id: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub caption: &'static str,
    pub choices: Vec<Choice>,
    /// What the buttons step to: "step".
    pub unit: &'static str,
    /// Whether the step stays where another choice is made.
    pub keeps: bool,
    pub height: u32,
    /// The shapes, with cells in them.
    pub drawing: String,
    /// The same as a table, for those who see no picture, or no state but the first.
    pub below: String,
    pub states: States,
}

/// What stands in the cells.
#[derive(Serialize)]
pub(super) struct States {
    /// The cells that are the same in each state of a choice.
    pub fixed: Vec<&'static str>,
    /// The others.
    pub cells: Vec<&'static str>,
    /// The state in which the picture is drawn, of those with the first value of each choice.
    pub at: usize,
    /// By the values of the choices with `/` between: what is the same, and then each state.
    pub states: BTreeMap<String, Vec<Vec<String>>>,
}

impl Moving {
    /// As a `<figure>`, with its data and its script.
    ///
    /// # Errors
    /// When a cell of the states is not in the picture, or the first state is not there.
    pub fn render(&self) -> Result<String, Error> {
        let Self { id, title, .. } = self;
        let view = format!("0 0 350 {}", self.height);
        let head = frame(id, &view, title, self.description);
        let said = "<p class=\"said\" aria-live=\"polite\" data-cell=\"said\"></p>";
        let figure = format!(
            "<figure class=\"picture moves\" id=\"{id}\"><div class=\"moving\" role=\"group\" \
             aria-label=\"{title}\">{head}{}</svg></div>{said}{}<figcaption><p><strong>{title}.\
             </strong> {}</p></figcaption>{}",
            self.drawing.lines().map(str::trim).collect::<String>(),
            self.controls(),
            self.caption,
            self.below,
        );
        let figure = self.filled(figure)?;
        let data = serde_json::to_string(&self.states).map_err(Error::list)?;
        // Nothing in it ends the element.
        let data = data.replace('<', "\\u003c");
        Ok(format!(
            "{figure}<script type=\"application/json\">{data}</script>\
             <script defer src=\"pictures/moving.js\"></script></figure>\n"
        ))
    }

    fn controls(&self) -> String {
        let keeps = if self.keeps {
            " data-keeps=\"yes\""
        } else {
            ""
        };
        let choices = self.choices.iter().map(|choice| {
            let options = choice.options.iter().map(|(value, words)| {
                format!(
                    "<option value=\"{}\">{}</option>",
                    escape(value),
                    escape(words)
                )
            });
            let options: String = options.collect();
            format!(
                "<label>{} <select{keeps}>{options}</select></label>",
                choice.label
            )
        });
        let (choices, unit) = (choices.collect::<String>(), self.unit);
        let button = |by: i8, word: &str| {
            format!(
                "<button type=\"button\" data-by=\"{by}\" aria-label=\"{word} {unit}\">{word}</button> "
            )
        };
        format!(
            "<div class=\"controls\" hidden>{choices}<span>{}{}{unit} <output></output></span>\
             <small>or the arrow keys, in the picture</small></div>",
            button(-1, "Previous"),
            button(1, "Next"),
        )
    }

    /// With the first state in its cells.
    fn filled(&self, mut figure: String) -> Result<String, Error> {
        let first = self
            .choices
            .iter()
            .filter_map(|choice| choice.options.first());
        let key: Vec<_> = first.map(|(value, _)| value.as_str()).collect();
        let states = self.states.states.get(&key.join("/"));
        let drawn =
            states.and_then(|states| Some((states.first()?, states.get(self.states.at + 1)?)));
        let (fixed, state) = drawn.ok_or(Error::NothingToDraw("no first state"))?;
        let fixed = self.states.fixed.iter().zip(fixed);
        for (cell, value) in fixed.chain(self.states.cells.iter().zip(state)) {
            let (name, attribute) = cell.split_once('.').unwrap_or((cell, ""));
            let mark = format!(" data-cell=\"{name}\"");
            let at = figure.find(&mark).map(|at| at + mark.len());
            let at = at.ok_or_else(|| Error::list(format!("no cell `{name}` in the picture")))?;
            let value = escape(value);
            if attribute.is_empty() {
                let end = figure[at..].find('>').map_or(at, |end| at + end + 1);
                figure.insert_str(end, &value);
            } else {
                figure.insert_str(at, &format!(" {attribute}=\"{value}\""));
            }
        }
        Ok(figure)
    }
}

/// The rows of a transcript with ` | ` between its columns: its first line is the command, and its
/// second says what the columns are.
///
/// # Errors
/// With the number of a line that has another number of columns, or when there is no line.
pub(super) fn rows<const N: usize>(text: &str) -> Result<Vec<[&str; N]>, Error> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()).skip(2) {
        let columns: Vec<_> = line.split(" | ").collect();
        let count = columns.len();
        let row = columns.try_into();
        found.push(row.map_err(|_| Error::Line(number, format!("{count} columns, not {N}")))?);
    }
    match found.is_empty() {
        true => Err(Error::NothingToDraw("no rows")),
        false => Ok(found),
    }
}

/// A table of these rows, folded.
pub(super) fn table<const N: usize>(summary: &str, head: [&str; N], rows: &[[&str; N]]) -> String {
    let cells = |row: &[&str; N], element: &str| {
        let cells = row.map(|cell| format!("<{element}>{}</{element}>", escape(cell)));
        format!("<tr>{}</tr>", cells.concat())
    };
    let body: String = rows.iter().map(|row| cells(row, "td")).collect();
    format!(
        "<details><summary>{summary}</summary><div class=\"table-wrapper\"><table><thead>{}</thead>\
         <tbody>{body}</tbody></table></div></details>",
        cells(&head, "th")
    )
}
