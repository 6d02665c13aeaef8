//! What the pictures are drawn with: colours that are classes of the page's style, and small letters.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;

/// The classes of the page's style, each drawn in a colour of its own that is no colour: its place.
pub(super) const INKS: [&str; 15] = [
    "ink", "soft", "grid", "area", "bad", "mark", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8",
    "paper",
];

pub(super) const EDGE: u32 = 16;

pub(super) fn ink(name: &str) -> RGBColor {
    let place = INKS.iter().position(|known| *known == name).unwrap_or(0);
    RGBColor(0xF0, 0x0D, place as u8)
}

/// The generations' colours come round.
pub(super) fn of_generation(generation: u32) -> RGBColor {
    ink(INKS[6 + (generation % 8) as usize])
}

pub(super) fn small(size: u32, name: &str, at: HPos) -> TextStyle<'static> {
    // plotters divides by 1.24.
    let font = ("sans-serif", f64::from(size) * 1.24).into_font();
    font.color(&ink(name)).pos(Pos::new(at, VPos::Center))
}

/// Where a moment lies between two others, from 0 to 1. What lies outside is drawn at the edge.
pub(super) fn share(ms: f64, first: f64, last: f64) -> f64 {
    ((ms - first) / (last - first)).clamp(0.0, 1.0)
}
