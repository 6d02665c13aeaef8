//! SVG and text, as they may stand in a chapter's Markdown.

use svg::Document;

/// A drawing as one line: Markdown ends an HTML block at an empty line.
pub(crate) fn flat(document: &Document) -> String {
    document.to_string().lines().map(str::trim).collect()
}

/// A coordinate, to a tenth of a pixel.
pub(crate) fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Text from a log, so that none of it becomes markup.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
