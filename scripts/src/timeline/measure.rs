//! The measures that the picture and its labels share.

use svg::node::element::Text;

use crate::markup::round;

/// How wide the picture is, in its own pixels.
pub(super) const WIDTH: f64 = 760.0;
/// Where the run begins.
pub(super) const LEFT: f64 = 14.0;
/// What a letter of a label takes.
pub(super) const LETTER: f64 = 7.4;

/// A label at a place.
pub(super) fn label(class: &str, x: f64, y: f64, anchor: &str, words: String) -> Text {
    Text::new(words)
        .set("class", class)
        .set("x", round(x))
        .set("y", round(y))
        .set("text-anchor", anchor)
}
