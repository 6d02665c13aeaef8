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

/// A path or an identifier as code that may be broken after each of its parts. As one word it would leave
/// no room for the other cells of a table.
pub(crate) fn breakable(name: &str) -> String {
    let parts = name.replace('/', "/<wbr>").replace('_', "_<wbr>");
    format!("<code>{}</code>", parts.replace("::", "::<wbr>"))
}

/// Text from a log, so that none of it becomes markup.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The same text, in which an option stays whole: to a browser each of its hyphens is a place to break.
pub(crate) fn whole_options(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.strip_prefix('-') {
        Some(name) if (2..=24).contains(&name.len()) => {
            format!("<span class=\"option\">{word}</span>")
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}
