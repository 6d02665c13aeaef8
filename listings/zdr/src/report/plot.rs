//! Pictures for the page: SVG whose colours are classes, so that the page's style decides on them, by
//! day and by night. A file for each picture, and `ink` with what all of them are drawn with.

mod ink;
mod latency;
pub(crate) mod rotations;
pub(crate) mod timeline;

use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

use crate::report::{ClassReport, Report, Rotation};
use ink::{Area, Drawn, INKS};
use latency::latency;
use rotations::{ROW, bars};
use timeline::{LANE, run};

/// A picture, with what it shows in words for readers who do not see it.
pub struct Picture<'a> {
    /// Unique in the page.
    pub id: &'a str,
    /// What it is.
    pub title: &'a str,
    /// What is to be seen in it.
    pub description: &'a str,
    /// A class of the style.
    pub class: &'a str,
}

impl Picture<'_> {
    fn drawn(&self, size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> Markup {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn = draw(&area).and_then(|()| Ok(area.present()?));
        drop(area);
        if let Err(error) = drawn {
            return html! { p { "This picture could not be drawn: " (error.to_string()) } };
        }
        let start = svg
            .find("viewBox")
            .and_then(|from| Some(from + svg[from..].find('>')? + 1));
        let inner = svg.get(start.unwrap_or(0)..).unwrap_or_default();
        let mut inner = inner.trim_end().trim_end_matches("</svg>").to_owned();
        for (place, name) in INKS.iter().enumerate() {
            for what in ["fill", "stroke"] {
                let colour = format!("{what}=\"#F00D{place:02X}\"");
                inner = inner.replace(&colour, &format!("class=\"{what}-{name}\""));
            }
        }
        // What every element says, and what the style says already.
        for said in [
            " opacity=\"1\"",
            " stroke=\"none\"",
            " fill=\"none\"",
            " font-family=\"sans-serif\"",
        ] {
            inner = inner.replace(said, "");
        }
        let (title, description) = (format!("{}-t", self.id), format!("{}-d", self.id));
        html! {
            svg class=(self.class) viewBox=(format!("0 0 {} {}", size.0, size.1)) role="img"
                aria-labelledby=(format!("{title} {description}")) {
                title id=(title) { (self.title) }
                desc id=(description) { (self.description) }
                (PreEscaped(inner))
            }
        }
    }

    /// A lane for each class: attempts, and failures before them. Below, which generation was shown.
    pub fn run(&self, report: &Report, width: u32) -> Markup {
        let lanes = report.classes.len() as u32 + 1;
        let size = (width, 14 + lanes * LANE + 34);
        self.drawn(size, |area| run(area, report, size))
    }

    /// Each rotation as a bar: old only, both, new only.
    pub fn rotations(&self, rotations: &[&Rotation], width: u32) -> Markup {
        let size = (width, 12 + rotations.len() as u32 * ROW + 34);
        self.drawn(size, |area| bars(area, rotations, size))
    }

    /// Latency by quantile, of each phase.
    pub fn latency(&self, class: &ClassReport) -> Markup {
        let size = (460, 270);
        self.drawn(size, |area| latency(area, class))
    }
}
