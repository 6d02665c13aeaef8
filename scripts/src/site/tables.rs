//! Tables that are wider than their page. What does not fit stands below each other, each cell with its
//! column's name before it, so that no reader has to scroll sideways.
//!
//! How wide a table is, is estimated from its text: what a browser will make of it depends on a font that is
//! not known here. The browser test asks whether anything scrolls.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::code::unescape;

static TABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)<div class="table-wrapper">(\s*<table>.*?</table>\s*)</div>"#)
        .expect("the expression is valid")
});
static ROW: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)<tr>(.*?)</tr>").expect("the expression is valid"));
static CELL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)<t([hd])\b([^>]*)>(.*?)</t[hd]>").expect("the expression is valid")
});
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("<[^>]*>").expect("the expression is valid"));

/// Pixels that a table has for sure on a phone, and beside the table of contents of a window of 1,280 pixels.
const PHONE: usize = 345;
const WINDOW: usize = 890;
/// Pixels that it has for sure on a page that is no phone's.
const TABLET: usize = 700;
/// Pixels of a character and of what is left free in a cell: on a phone, in a window, and in small type.
const ON_PHONE: (usize, usize) = (8, 14);
const IN_WINDOW: (usize, usize) = (8, 24);
const SMALL: (usize, usize) = (8, 10);
/// A cell of several words is not narrower than this, in characters.
const READABLE: usize = 12;
/// A cell of more lines than this on a phone has too little room beside the others.
const LINES: usize = 5;
/// On a phone, two sentences stand side by side if each has room for so many characters.
const BESIDE: usize = 16;

/// How wide a column is, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Column {
    /// The longest piece of its name that stays in one line.
    name: usize,
    /// The longest such piece of its cells.
    word: usize,
    /// The same, and at least what makes its sentences readable.
    text: usize,
    /// Its longest cell.
    whole: usize,
}

/// The page with its wide tables marked.
pub(super) fn mark(page: &str) -> String {
    let mend = |found: &Captures<'_>| {
        let table = &found[1];
        match class(&columns(table)) {
            Some(class) => format!(
                "<div class=\"table-wrapper {class}\">{}</div>",
                labelled(table)
            ),
            None => found[0].to_owned(),
        }
    };
    TABLE.replace_all(page, mend).into_owned()
}

/// How a table is shown: cell below cell on a phone (`stacks`), and in smaller type where there is less room than in
/// a window (`tight`); in a window in smaller type (`small`), also with
/// names of columns that stand upright (`upright`), or with a card for each row (`cards`).
fn class(columns: &[Column]) -> Option<&'static str> {
    let needs = |(character, free): (usize, usize), width: fn(&Column) -> usize| {
        columns.iter().map(width).sum::<usize>() * character + columns.len() * free
    };
    let readable = |column: &Column| column.name.max(column.text);
    if needs(IN_WINDOW, readable) <= WINDOW {
        if needs(IN_WINDOW, readable) > TABLET {
            return Some("stacks tight");
        }
        let stacks = needs(ON_PHONE, readable) > PHONE || is_squeezed(columns);
        return stacks.then_some("stacks");
    }
    if needs(SMALL, |column| column.name.max(column.word)) <= WINDOW {
        return Some("stacks small");
    }
    match needs(SMALL, |column| column.word) <= WINDOW {
        true => Some("stacks small upright"),
        false => Some("stacks cards"),
    }
}

/// Whether a cell would have many short lines on a phone, because the other columns take the room beside it.
fn is_squeezed(columns: &[Column]) -> bool {
    let (character, free) = ON_PHONE;
    let needs = |column: &Column| column.name.max(column.text) * character + free;
    let all: usize = columns.iter().map(needs).sum();
    // Sentences share what the other columns leave.
    let (sentences, others): (Vec<&Column>, Vec<_>) = columns
        .iter()
        .partition(|column| column.whole > 2 * READABLE);
    let beside = others.into_iter().map(needs).sum::<usize>() + sentences.len() * free;
    let shared = PHONE.saturating_sub(beside) / character;
    if sentences.len() > 1 && shared < sentences.len() * BESIDE {
        return true;
    }
    columns.iter().any(|column| {
        let others = all - needs(column) + free;
        let room = PHONE.saturating_sub(others) / character;
        column.whole > LINES * room
    })
}

fn columns(table: &str) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for row in ROW.captures_iter(table) {
        for (at, cell) in CELL.captures_iter(&row[1]).enumerate() {
            if columns.len() == at {
                columns.push(Column::default());
            }
            let (column, text) = (&mut columns[at], text(&cell[3]));
            // Code has a frame, which takes the room of a character.
            let word = longest(&text) + usize::from(cell[3].contains("<code"));
            if &cell[1] == "h" {
                column.name = word.max(column.name);
            } else {
                let whole = text.trim().chars().count();
                column.word = word.max(column.word);
                column.text = word.max(whole.min(READABLE)).max(column.text);
                column.whole = whole.max(column.whole);
            }
        }
    }
    columns
}

/// The text of a cell, with a space where it may break.
fn text(cell: &str) -> String {
    unescape(&TAG.replace_all(&cell.replace("<wbr>", " "), ""))
}

/// The longest piece that stays in one line.
fn longest(text: &str) -> usize {
    let is_end = |c: char| c.is_whitespace() && c != '\u{a0}' || c == '-';
    let words = text.split(is_end).map(|word| word.chars().count());
    words.max().unwrap_or(0)
}

/// The table with the name of its column in each cell but the first of a row, which names the row.
fn labelled(table: &str) -> String {
    let names: Vec<String> = CELL
        .captures_iter(table)
        .take_while(|cell| &cell[1] == "h")
        .map(|cell| TAG.replace_all(&cell[3], "").trim().replace('"', "&quot;"))
        .collect();
    let row = |found: &Captures<'_>| {
        let mut column = 0;
        let cell = |found: &Captures<'_>| {
            column += 1;
            let name = names.get(column - 1).filter(|name| !name.is_empty());
            match name {
                Some(name) if &found[1] == "d" && column > 1 => {
                    format!("<td{} data-label=\"{name}\">{}</td>", &found[2], &found[3])
                }
                _ => found[0].to_owned(),
            }
        };
        CELL.replace_all(&found[0], cell).into_owned()
    };
    ROW.replace_all(table, row).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str], cells: &[&str]) -> String {
        let head: String = names
            .iter()
            .map(|name| format!("<th>{name}</th>"))
            .collect();
        let row: String = cells
            .iter()
            .map(|cell| format!("<td style=\"a\">{cell}</td>"))
            .collect();
        format!(
            "<div class=\"table-wrapper\"><table><thead><tr>{head}</tr></thead>\
             <tbody><tr>{row}</tr></tbody></table></div>"
        )
    }

    #[test]
    fn a_table_that_fits_a_phone_stays_as_it_is() {
        let small = table(&["server", "lost"], &["nginx", "none&nbsp;of 1,572"]);
        assert_eq!(mark(&small), small);
    }

    /// The words of a glossary fit, and a meaning beside them would have twelve short lines.
    #[test]
    fn a_sentence_that_is_squeezed_stands_below() {
        let meaning =
            "A word explained in a sentence that is as long as sentences of a glossary are. ";
        let of = |meaning: &str| {
            mark(&table(
                &["word", "meaning", "chapter"],
                &["generation", meaning, "contract"],
            ))
        };
        assert!(of(&meaning.repeat(2)).contains("table-wrapper stacks"));
        assert!(!of("A short sentence of it.").contains("stacks"));
    }

    /// Each has room for five lines, and both together have a word a line.
    #[test]
    fn two_sentences_beside_a_name_stand_below_it() {
        let sentence = "the same, by a client that takes the second kind of key alone";
        let of = |names: &[&str], cells: &[&str]| mark(&table(names, cells));
        let three = of(
            &["class", "what it does", "what it sees"],
            &["nameless", sentence, sentence],
        );
        assert!(three.contains("table-wrapper stacks"), "{three}");
        assert!(!of(&["seen", "verdict"], &[sentence, sentence]).contains("stacks"));
    }

    #[test]
    fn what_does_not_fit_a_phone_says_in_each_cell_what_it_is() {
        let sentence = "A sentence that has to have some room.";
        let page = mark(&table(
            &["server", "what <code>it</code> loses", "", "at \"risk\""],
            &["nginx", sentence, sentence, sentence],
        ));
        assert!(
            page.contains("<div class=\"table-wrapper stacks\">"),
            "{page}"
        );
        assert!(page.contains("<td style=\"a\">nginx</td>"), "{page}");
        assert!(
            page.contains("<td style=\"a\" data-label=\"what it loses\">A sentence"),
            "{page}"
        );
        assert!(page.contains("<td style=\"a\">A sentence"), "{page}");
        assert!(
            page.contains("data-label=\"at &quot;risk&quot;\""),
            "{page}"
        );
    }

    #[test]
    fn the_wider_a_table_the_more_is_done() {
        let columns = |name, word, text, many| {
            let column = Column {
                name,
                word,
                text,
                whole: text,
            };
            vec![column; many]
        };
        assert_eq!(class(&columns(10, 5, 10, 3)), None);
        assert_eq!(class(&columns(10, 20, 20, 3)), Some("stacks"));
        assert_eq!(class(&columns(10, 30, 30, 3)), Some("stacks tight"));
        assert_eq!(class(&columns(7, 7, 12, 9)), Some("stacks small"));
        assert_eq!(class(&columns(12, 4, 4, 18)), Some("stacks small upright"));
        assert_eq!(class(&columns(12, 12, 12, 12)), Some("stacks cards"));
    }

    /// A word stays in one line; it may break where the page says so.
    #[test]
    fn a_column_is_as_wide_as_what_does_not_break_in_it() {
        let of = |cell: &str| columns(&table(&["serial-number"], &[cell]))[0];
        let column = |word, text, whole| Column {
            name: 6,
            word,
            text,
            whole,
        };
        assert_eq!(of("one_long_name"), column(13, 13, 13));
        assert_eq!(of("one_<wbr>long_<wbr>name"), column(5, 12, 15));
        assert_eq!(of("0\u{a0}of\u{a0}20, in all"), column(8, 12, 15));
        assert_eq!(of("a &lt; b"), column(1, 5, 5));
        assert_eq!(of("<code>a_name_of_code</code>"), column(15, 15, 14));
    }
}
