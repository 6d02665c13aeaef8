//! Lines that go on. Comments and what programs print are broken for a page of 72 columns or more. A phone has half as
//! many, so each of their lines would break again, a few words after its break. Such a break is marked, and where
//! there is no room for the line it is a blank: see general.css.

/// A line that is longer when the next word is added was broken for want of room.
const ROOM: usize = 72;
/// What a program prints is broken at 80 columns at the latest. A longer line was not broken at all.
const MOST: usize = 80;
/// A line of such a length is broken before a long word, rather than short by itself.
const LEAST: usize = 66;

/// The painted code, with each break that is one for want of room in an element. `code` is what was painted, and
/// the text of `html` is the same.
pub(super) fn mark(language: &str, code: &str, html: &str) -> String {
    let breaks = breaks(language, code);
    let (mut marked, mut rest, mut at) = (String::with_capacity(html.len()), html, 0);
    for (start, end) in breaks {
        let (before, after) = split(rest, code.get(at..start).unwrap_or_default());
        let (inside, after) = split(after, code.get(start..end).unwrap_or_default());
        (rest, at) = (after, end);
        marked += before;
        marked += &element(inside).unwrap_or_else(|| inside.to_owned());
    }
    marked + rest
}

/// The break in an element, and the sign of a comment in one of its own. What ends at the break and begins again behind
/// it goes on. `None` where other code stands between.
fn element(inside: &str) -> Option<String> {
    const COMMENT: &str = "<span class=\"hl-c\">";
    let plain = inside.replacen("</span>", "", 1).replacen(COMMENT, "", 1);
    let ends = inside.contains("</span>");
    if plain.contains('<') || ends != inside.contains(COMMENT) {
        return None;
    }
    let sign = plain.trim();
    let blanks = plain.strip_suffix(' ').filter(|_| !sign.is_empty());
    Some(match blanks.and_then(|blanks| blanks.strip_suffix(sign)) {
        Some(before) => format!("<span class=\"goes-on\">{before}<span>{sign}</span> </span>"),
        None => format!("<span class=\"goes-on\">{plain}</span>"),
    })
}

/// The HTML up to the end of this text, with the tags before that, and the HTML behind it.
fn split<'a>(html: &'a str, text: &str) -> (&'a str, &'a str) {
    let (mut at, mut left) = (0, text.chars().count());
    while left > 0 {
        let rest = &html[at..];
        let (until, counts) = match rest.chars().next() {
            Some('<') => (rest.find('>').map(|end| end + 1), 0),
            Some('&') => (rest.find(';').map(|end| end + 1), 1),
            Some(letter) => (Some(letter.len_utf8()), 1),
            None => (None, 0),
        };
        let Some(until) = until else { break };
        at += until;
        left -= counts;
    }
    html.split_at(at)
}

/// Where the code has such breaks: from the end of one line to what the next one says.
fn breaks(language: &str, code: &str) -> Vec<(usize, usize)> {
    let lines: Vec<_> = code.split('\n').collect();
    let mut found = Vec::new();
    let (mut at, mut goes_on) = (0, false);
    for pair in lines.windows(2) {
        let (line, next) = (pair[0], pair[1]);
        at += line.len() + 1;
        let behind = match language {
            "console" => printed(line, next, goes_on),
            // A configuration that has no colours is text, too.
            "text" => comment(line, next, "#").or_else(|| printed(line, next, goes_on)),
            "rust" | "go" => ["///", "//!", "//"]
                .iter()
                .find_map(|sign| comment(line, next, sign)),
            "python" | "toml" | "yaml" | "sh" => comment(line, next, "#"),
            _ => None,
        };
        goes_on = behind.is_some();
        found.extend(behind.map(|behind| (at - 1, at + behind)));
    }
    found
}

/// How many bytes of the next line come before its words, if it goes on with a comment of this sign.
fn comment(line: &str, next: &str, sign: &str) -> Option<usize> {
    let words = |line: &str| {
        let behind = line.trim_start().strip_prefix(sign)?.strip_prefix(' ')?;
        Some((blanks(line), line.len() - behind.len()))
    };
    let (first, second) = (words(line)?, words(next)?);
    let said = &next[second.1..];
    let is_sentence = said
        .starts_with(|letter: char| letter.is_alphabetic() || "`([\"'".contains(letter))
        || said.starts_with(|letter: char| letter.is_ascii_digit()) && !is_item(said);
    // A setting that is commented out is no sentence.
    let is_setting = said.split(' ').nth(1) == Some("=");
    (first.0 == second.0 && is_sentence && !is_setting && is_full(line, said)).then_some(second.1)
}

/// The same of what a program printed. There, lines that have nothing to do with each other stand below each other:
/// figures with their names, events, the rows of a table.
fn printed(line: &str, next: &str, goes_on: bool) -> Option<usize> {
    let (before, behind) = (blanks(line), blanks(next));
    let said = &next[behind..];
    let begins = |letter: char| {
        letter.is_lowercase()
            || "`(".contains(letter)
            || behind > 0 && (letter.is_ascii_digit() || letter == '\u{d7}')
    };
    // How deep a line of its own stands says less than that it has a name: `served: old`.
    let named = said
        .split(' ')
        .position(|word| word.ends_with(':'))
        .unwrap_or(usize::MAX);
    let has_name = match behind {
        0 => line.contains(':') || named < 5,
        _ if behind > before => named == 0,
        _ => named < 5,
    };
    let is_call = said
        .split_once('(')
        .is_some_and(|(name, _)| name.ends_with(char::is_alphanumeric));
    let is_code = |line: &str| {
        line.contains(['{', '|', '$', '>']) || line.trim_start().starts_with(['"', '#'])
    };
    let is_other =
        is_call || is_code(line) || is_code(next) || said.contains("  ") || said.starts_with("(20");
    // A shell's sign for a line that goes on means something else before a blank.
    let ends = line.ends_with(['.', ':', '?', '!', ']', '\\']);
    let fits = (LEAST..=MOST).contains(&line.chars().count()) && is_full(line, said);
    let is_next = said.starts_with(begins) && (!has_name || behind > 0 && goes_on);
    (fits && behind >= before && is_next && !is_other && !ends).then_some(behind)
}

fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Whether the first word of what comes next has no room in this line.
fn is_full(line: &str, next: &str) -> bool {
    let word = next.split_whitespace().next().unwrap_or_default();
    !word.is_empty() && line.chars().count() + 1 + word.chars().count() > ROOM
}

/// Whether a list's item begins here: a number and a point.
fn is_item(said: &str) -> bool {
    said.trim_start_matches(|letter: char| letter.is_ascii_digit())
        .starts_with(['.', ')'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "It serves what it has, until all of the files are whole, and not before";

    fn marks(language: &str, line: &str, next: &str) -> bool {
        let code = format!("{line}\n{next}\n");
        mark(language, &code, &code).contains("goes-on")
    }

    #[test]
    fn a_comment_that_goes_on_is_one() {
        let code = format!("    /// {LONG} `a`, and\n    /// it says so &amp; more.\n");
        let html = format!(
            "    <span class=\"hl-c\">/// {LONG} `a`, and\n</span>    <span class=\"hl-c\">/// it says so &amp; more.</span>\n"
        );
        let whole = format!(
            "    <span class=\"hl-c\">/// {LONG} `a`, and<span class=\"goes-on\">\n    <span>///</span> </span>it says so &amp; more.</span>\n"
        );
        assert_eq!(mark("rust", &code.replace("&amp;", "&"), &html), whole);
    }

    #[test]
    fn a_break_that_was_meant_stays() {
        let long = format!("/// {LONG}");
        for next in [
            "///",
            "/// - one",
            "/// 1. one",
            "/// # Errors",
            "fn f() {}",
            "//! it",
            "    /// it",
        ] {
            assert!(!marks("rust", &long, next), "{next}");
        }
        assert!(!marks("rust", "/// Short.", "/// It is."));
        assert!(marks("python", &format!("# {LONG}"), "# it does"));
        assert!(!marks("toml", &format!("# {LONG}"), "# download = 1"));
        assert!(marks("go", &format!("// {LONG}"), "// 20 of them"));
        assert!(marks("text", &format!("  # {LONG}"), "  # it does"));
        assert!(!marks(
            "console",
            &format!("# HELP {LONG}"),
            "# TYPE a gauge"
        ));
    }

    #[test]
    fn what_was_printed_goes_on_further_in_or_in_small_letters() {
        let line = "PASSED  It rotates, and none of 671 attempts failed, and none of others";
        assert!(marks(
            "console",
            line,
            "        (below 0.45 %), none of 111."
        ));
        assert!(marks("text", line, "then it ends"));
        for next in [
            "{\"ts\":1}",
            "$ cargo test",
            "",
            "Then it ends",
            "(2026-11-24: 2 cores)",
            "from file to load: 2 times",
            "one  two",
            "  served: old",
            "mv \"$new\" \"$old\"",
        ] {
            assert!(!marks("console", line, next), "{next}");
        }
        assert!(!marks("console", &format!("{line}."), "then it ends"));
        let command =
            "       openssl s_client -connect 127.0.0.1:PORT -servername localhost -CAfile";
        let file = "         roots.pem -verify_return_error";
        assert!(marks("text", command, file));
        assert!(!marks("text", &format!("{command} \\"), file));
        assert!(!marks(
            "console",
            &"a line of its own ".repeat(6),
            "then it ends"
        ));
    }
}
