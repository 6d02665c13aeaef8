//! The colours of code, put into the pages when they are built: no reader's browser has to.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

use arborium::Highlighter;
use arborium_highlight::{Span, spans_to_flat_tokens};
use regex::{Captures, Regex};

use super::joins;
use crate::markup::escape;

/// A block of code as mdBook writes it: its language, other classes, and the escaped text.
static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)(<code class="language-([\w-]+)[^"]*">)([^<]*)(</code>)"#)
        .expect("the expression is valid")
});

/// Paints code. What it has painted it remembers: each block stands on its page and on the one that is
/// printed.
pub(super) struct Painter {
    highlighter: Highlighter,
    painted: HashMap<(String, String), String>,
}

impl Painter {
    pub(super) fn new() -> Self {
        Self {
            highlighter: Highlighter::new(),
            painted: HashMap::new(),
        }
    }

    /// The page with its code painted, and without blank lines at the ends of a block. Code of a language that
    /// is not known has no colours.
    pub(super) fn paint(&mut self, page: &str) -> String {
        let paint = |found: &Captures<'_>| {
            let code = at_the_margin(&found[2], trimmed(&found[3]));
            let key = (found[2].to_owned(), code.clone());
            let painted = self.painted.entry(key).or_insert_with(|| {
                let plain = unescape(&code);
                let html = colour(&mut self.highlighter, &found[2], &plain).unwrap_or(code);
                joins::mark(&found[2], &plain, &html)
            });
            format!("{}{painted}{}", &found[1], &found[4])
        };
        BLOCK.replace_all(page, paint).into_owned()
    }
}

/// The code without blank lines before and behind it: what is included begins and ends where its marks are.
fn trimmed(code: &str) -> String {
    let end = if code.ends_with('\n') { "\n" } else { "" };
    format!("{}{end}", code.trim_start_matches('\n').trim_end())
}

/// The code without the blanks that all its lines begin with: what is included may stand deep inside its file. What
/// was printed stays as it was.
fn at_the_margin(language: &str, code: String) -> String {
    if ["console", "diff", "text"].contains(&language) {
        return code;
    }
    let lines = || code.lines().filter(|line| !line.trim().is_empty());
    let first = lines().next().unwrap_or_default();
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let least = lines().map(blanks).min().unwrap_or(0);
    let margin = &first[..least];
    // Tabs in one line and spaces in another are no common margin.
    if margin.is_empty() || !lines().all(|line| line.starts_with(margin)) {
        return code;
    }
    let lines = code
        .split('\n')
        .map(|line| line.strip_prefix(margin).unwrap_or(line.trim()));
    lines.collect::<Vec<_>>().join("\n")
}

/// Code as HTML. `None` where there is nothing to colour.
fn colour(highlighter: &mut Highlighter, language: &str, code: &str) -> Option<String> {
    let language = match language {
        "console" | "text" => return Some(console(code)),
        "diff" => return Some(diff(code)),
        "sh" | "shell" => "bash",
        other => other,
    };
    let spans = highlighter.highlight_spans(language, code).ok()?;
    Some(marked(language, code, spans))
}

/// The code with each coloured token in an element, and neighbours of one colour in one.
fn marked(language: &str, code: &str, spans: Vec<Span>) -> String {
    let (mut html, mut at) = (String::new(), 0);
    for token in spans_to_flat_tokens(code, spans) {
        let (start, end) = (token.start as usize, token.end as usize);
        let (Some(before), Some(text)) = (code.get(at..start), code.get(start..end)) else {
            continue;
        };
        html += &escape(before);
        let _ = match class(language, token.tag) {
            Some(class) => write!(html, "<span class=\"hl-{class}\">{}</span>", escape(text)),
            None => write!(html, "{}", escape(text)),
        };
        at = end;
    }
    html += &escape(code.get(at..).unwrap_or_default());
    html
}

/// Which of seven colours a kind of token has. Names, operators and brackets have that of the text.
fn class(language: &str, tag: &str) -> Option<char> {
    let is_data = ["json", "toml", "yaml"].contains(&language);
    match tag {
        "k" | "tg" => Some('k'),
        "s" | "tl" => Some('s'),
        "c" => Some('c'),
        "n" | "co" => Some('n'),
        "f" => Some('f'),
        "pr" if is_data => Some('f'),
        "t" | "cr" => Some('t'),
        "at" | "m" | "l" => Some('a'),
        _ => None,
    }
}

/// A transcript, or a part of one: what was typed stands out from what was answered, and the rows of a table are marked,
/// since they have to stay in one piece.
fn console(code: &str) -> String {
    let mut html = String::new();
    let lines: Vec<_> = code.split('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let text = escape(line);
        let _ = match line {
            _ if line.starts_with("$ ") => write!(html, "<span class=\"hl-p\">{text}</span>"),
            _ if is_row(&lines, number) => write!(html, "<span class=\"row\">{text}</span>"),
            _ => write!(html, "{text}"),
        };
        if number + 1 < lines.len() {
            html.push('\n');
        }
    }
    html
}

/// A diff, in the book's two colours: what was there before, and what is there after.
fn diff(code: &str) -> String {
    let painted = code.split('\n').map(|line| {
        let text = escape(line);
        match line.chars().next() {
            Some('-') => format!("<span class=\"hl-before\">{text}</span>"),
            Some('+') => format!("<span class=\"hl-after\">{text}</span>"),
            Some('@') => format!("<span class=\"hl-c\">{text}</span>"),
            _ => text,
        }
    });
    painted.collect::<Vec<_>>().join("\n")
}

/// Whether a line belongs to a table of two rows or more: each has two gaps or more between its columns. A line over
/// such rows that begins far inside names several columns at once.
fn is_row(lines: &[&str], number: usize) -> bool {
    let columns = |line: &&str| {
        let columns = line.split("  ").filter(|column| !column.trim().is_empty());
        columns.count()
    };
    let is_wide = |line: &&str| columns(line) > 2;
    let (line, next) = (lines[number], lines.get(number + 1));
    let is_head = line.starts_with(&" ".repeat(8)) && columns(&line) == 2;
    let before = number.checked_sub(1).and_then(|before| lines.get(before));
    match is_wide(&line) {
        true => [before, next].into_iter().flatten().any(is_wide),
        false => is_head && next.is_some_and(is_wide),
    }
}

/// Text of a page, as it was before it was escaped.
pub(super) fn unescape(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paint(language: &str, code: &str) -> String {
        let page = format!("<pre><code class=\"language-{language}\">{code}</code></pre>");
        Painter::new().paint(&page)
    }

    #[test]
    fn a_block_has_no_blank_line_at_its_ends() {
        assert_eq!(
            paint("text", "\n\n  a\n\nb\n\n"),
            "<pre><code class=\"language-text\">  a\n\nb\n</code></pre>"
        );
        assert!(
            paint("go", "\nreturn\n").contains("\"><span class=\"hl-k\">return</span>\n</code>")
        );
    }

    #[test]
    fn what_all_lines_begin_with_is_no_part_of_the_code() {
        let plain = |language, code| {
            let spans = Regex::new("</?(span|pre|code)[^>]*>").unwrap();
            spans.replace_all(&paint(language, code), "").into_owned()
        };
        assert_eq!(plain("yaml", "\n    a:\n\n      b: 1\n"), "a:\n\n  b: 1\n");
        assert_eq!(
            plain("go", "\tif a {\n\t\treturn\n\t}\n"),
            "if a {\n\treturn\n}\n"
        );
        for (language, code) in [
            ("text", "a\n  b\n"),
            ("console", "  a\n  b\n"),
            ("diff", "  a\n  b\n"),
            ("go", "\ta()\n  b()\n"),
            ("python", "a()\n  # b\n"),
        ] {
            assert_eq!(plain(language, code), code, "{language}");
        }
    }

    #[test]
    fn each_language_of_the_book_has_colours() {
        let cases = [
            (
                "rust",
                "fn main() { let s = &quot;text&quot;; }",
                "<span class=\"hl-k\">fn</span>",
            ),
            (
                "go",
                "func main() { return }",
                "<span class=\"hl-k\">func</span>",
            ),
            (
                "python",
                "def main():\n    return 1\n",
                "<span class=\"hl-k\">def</span>",
            ),
            ("json", "{\"key\": 1}", "<span class=\"hl-n\">1</span>"),
            (
                "toml",
                "key = \"value\"\n",
                "<span class=\"hl-s\">\"value\"</span>",
            ),
            (
                "yaml",
                "key: true # why\n",
                "<span class=\"hl-c\"># why</span>",
            ),
            (
                "sh",
                "# why\ncargo test\n",
                "<span class=\"hl-c\"># why</span>",
            ),
            (
                "console",
                "$ cargo run\nran",
                "<span class=\"hl-p\">$ cargo run</span>\nran",
            ),
            (
                "diff",
                "@@ -1,2 +1,2 @@\n one\n-two\n+three &lt;T&gt;\n",
                "<span class=\"hl-c\">@@ -1,2 +1,2 @@</span>\n one\n<span class=\"hl-before\">-two</span>\n\
                 <span class=\"hl-after\">+three &lt;T&gt;</span>\n",
            ),
        ];
        for (language, code, painted) in cases {
            let page = paint(language, code);
            assert!(page.contains(painted), "{language}: {page}");
        }
    }

    /// Nothing but colours is added: the text of a block is what it was.
    #[test]
    fn the_text_stays() {
        let code = "/// \u{e4}\u{1F511} a &lt;b&gt; &amp;amp;\npub fn f&lt;'a&gt;(x: &amp;'a str) -&gt; bool { x == \"&lt;\" }\n";
        let span = Regex::new("</?span[^>]*>").unwrap();
        for language in ["rust", "json", "console", "diff", "unknown", "text"] {
            let page = paint(language, code);
            let plain = span.replace_all(&page, "");
            let whole = format!(
                "<pre><code class=\"language-{language}\">{}</code></pre>",
                unescape(code)
            );
            assert_eq!(unescape(&plain), whole, "{language}");
        }
    }

    /// A table stays one where a line has no room: its rows are marked, and a sentence that has a wide blank is not.
    #[test]
    fn rows_of_tables_are_marked() {
        let table = "  server  lost  kept\n  one     0     3\n";
        let marked = "<span class=\"row\">  server  lost  kept</span>\n<span class=\"row\">  one     0     3</span>\n";
        for language in ["console", "text"] {
            assert!(paint(language, table).contains(marked), "{language}");
        }
        let head = "            before  after\n";
        let with_head = format!("<span class=\"row\">{}</span>\n{marked}", head.trim_end());
        assert!(paint("console", &format!("{head}{table}")).contains(&with_head));
        let folded = "            a sentence  that goes on\nof this and that\n";
        for text in [
            "all  is  well\nas it was\n",
            "one  two\nthree  four\n",
            folded,
        ] {
            assert!(!paint("console", text).contains("row"), "{text}");
        }
    }

    /// What a phone shows as one line is one, whatever its colour.
    #[test]
    fn a_comment_of_two_lines_goes_on() {
        let code = "/// It serves what it has, until all of the files are whole, and not a moment before\n/// that.\nfn f() {}\n";
        let sign = "<span class=\"goes-on\">\n<span>///</span> </span>that.";
        assert!(
            paint("rust", code).contains(sign),
            "{}",
            paint("rust", code)
        );
    }

    /// Blocks that have markup already are left alone.
    #[test]
    fn markup_stays() {
        let page = "<pre><code class=\"language-diff\">a<ins>b</ins></code></pre>";
        assert_eq!(Painter::new().paint(page), page);
    }
}
