//! Sentences of a report on the page: what they have in backticks is code, and a number stays beside its unit.

use maud::{Markup, html};

use crate::report::format::unbroken;

/// The sentence, with `<code>` for what stands between two backticks. A backtick that stands alone stays.
pub(crate) fn prose(words: &str) -> Markup {
    let pieces: Vec<&str> = words.split('`').collect();
    let paired = pieces.len() - usize::from(pieces.len().is_multiple_of(2));
    html! {
        @for (at, piece) in pieces.iter().enumerate() {
            @if at == paired { "`" (unbroken(piece)) }
            @else if at % 2 == 1 { code { (piece) } }
            @else { (unbroken(piece)) }
        }
    }
}

/// A command for a shell: a line of it ends between its words, rather than at the hyphen of an option.
pub(super) fn command(words: &str) -> Markup {
    html! {
        @for (at, word) in words.split(' ').enumerate() {
            @if at > 0 { " " }
            @if word.contains('-') { span.word { (word) } } @else { (word) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn what_stands_between_two_backticks_is_code_and_all_else_is_text() {
        for (words, expected) in [
            ("none", "none"),
            ("Level `all`: it", "Level <code>all</code>: it"),
            ("`a` and `<b>`", "<code>a</code> and <code>&lt;b&gt;</code>"),
            ("one ` alone", "one ` alone"),
            ("`a`, then ` alone", "<code>a</code>, then ` alone"),
            ("95 % of `5 s`", "95\u{A0}% of <code>5 s</code>"),
            ("", ""),
        ] {
            assert_eq!(prose(words).into_string(), expected, "{words}");
        }
    }
}
