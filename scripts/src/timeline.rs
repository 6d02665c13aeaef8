//! The timeline: a picture of one run, drawn from the events of that run.
//!
//! Connections are bars, coloured by the generation they were opened under. A rotation is a
//! vertical line. What was cut, refused or severed is marked, and the time in which nobody
//! listened is shaded. The same is said in words beside the picture.
//!
//! - `run`: what happened, read from the events;
//! - `draw`: the picture and its caption; `labels`: where its words go, by the measures in `measure`;
//! - `words`: the same as a list.

mod draw;
mod labels;
mod measure;
mod run;
mod words;

use crate::error::Error;
use crate::markup::{escape, flat};
use run::Run;

/// Draws a run: a `<figure>` with an SVG and the same in words. `name` tells figures of one page
/// apart, and is not shown.
///
/// # Errors
/// When a line is not an event, or there is none.
pub fn render(name: &str, events: &str) -> Result<String, Error> {
    let run = Run::read(events)?;
    let picture = flat(&run.draw(&identity(name)));
    let words: String = run
        .words()
        .into_iter()
        .map(|line| format!("<li>{}</li>", escape(&line)))
        .collect();
    Ok(format!(
        "<figure class=\"timeline\"><div class=\"timeline-picture\" tabindex=\"0\" role=\"group\" \
         aria-label=\"Timeline, scrolls sideways\">{picture}</div><figcaption>{}</figcaption>\
         <details><summary>The same in words</summary><ol>{words}</ol></details></figure>\n",
        escape(&run.caption())
    ))
}

/// A name that may stand in an `id`.
fn identity(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("timeline-{}", name.chars().map(plain).collect::<String>())
}
