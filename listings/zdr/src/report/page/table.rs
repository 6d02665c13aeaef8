//! A table of the page, with a caption and a head.

use std::ops::RangeInclusive;

use maud::{Markup, html};

use super::prose::prose;

/// A table that may be wider than the screen, and can be moved by keyboard then.
///
/// Columns that hold figures are aligned to the right.
pub(super) fn table(
    id: &str,
    caption: &str,
    head: &[&str],
    figures: RangeInclusive<usize>,
    body: &Markup,
) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-labelledby=(id) {
            table {
                caption id=(id) { span { (prose(caption)) } }
                thead { tr { @for (place, name) in head.iter().enumerate() {
                    th scope="col" class=[figures.contains(&place).then_some("figure")] { (name) }
                } } }
                (body)
            }
        }
    }
}
