//! A number and its unit stay in one line: "1.4" at the end of a line and "GiB" on the next are read twice. So do a
//! sign and its number, the three numbers of a date, and a name that is written with hyphens. What is longer than a
//! cell of a table may break after its strokes.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stays as it is: code, scripts, pictures, and the inside of tags.
static APART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?s)<(code|pre|script|style|svg|head|option)\b.*?</(?:code|pre|script|style|svg|head|option)>|<[^>]*>",
    )
    .expect("the expression is valid")
});
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(\d) (%|ns|µs|ms|s|min|h|d|bytes?|kB|MB|GB|KiB|MiB|GiB|minutes?|hours?|days?)(\W|$)",
    )
    .expect("the expression is valid")
});
static SIGN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(&lt;|≤|≥|±) (\d)").expect("the expression is valid"));
/// A number says nothing without the word before it: "TLS 1.2" and "RFC 9846".
static NUMBERED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(RFC|TLS) (\d)").expect("the expression is valid"));
static DATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b\d{4}-\d\d-\d\d\b").expect("the expression is valid"));
/// `P-256`, `ML-DSA-44`, `Ctrl-C`, and names of projects.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:[A-Z][A-Za-z]*(?:-[A-Z0-9]+)+|actix-web|cert-manager|client-go|spiffe-helper)\b",
    )
    .expect("the expression is valid")
});

/// Such as the version of a server, with all that it was built from.
static STROKES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[^\s/]+(?:/[^\s/]+){2,}").expect("the expression is valid"));
/// A run of fewer characters has room.
const LONG: usize = 40;

/// The page with no place to break between a number and its unit.
pub(super) fn join(page: &str) -> String {
    let mut joined = String::with_capacity(page.len());
    let mut end = 0;
    for apart in APART.find_iter(page) {
        joined += &in_text(&page[end..apart.start()]);
        joined += apart.as_str();
        end = apart.end();
    }
    joined + &in_text(&page[end..])
}

fn in_text(text: &str) -> String {
    let join = |found: &Captures<'_>| format!("{}\u{a0}{}{}", &found[1], &found[2], &found[3]);
    let parted = STROKES.replace_all(text, |found: &Captures<'_>| match found[0].len() {
        LONG.. => found[0].replace('/', "/<wbr>"),
        _ => found[0].to_owned(),
    });
    let joined = NUMBER.replace_all(&parted, join);
    let joined = SIGN.replace_all(&joined, "$1\u{a0}$2");
    let joined = NUMBERED.replace_all(&joined, "$1\u{a0}$2");
    // A hyphen that does not break is another one than the reader searches for.
    let joined = NAME.replace_all(&joined, "<span class=\"name\">$0</span>");
    let whole = "<span class=\"date\">$0</span>";
    DATE.replace_all(&joined, whole).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_unit() {
        let page = "<p>0.9 and 1.4 GiB after <em>100 ms</em>, 95 % of 3 sites</p>";
        let right = "<p>0.9 and 1.4\u{a0}GiB after <em>100\u{a0}ms</em>, 95\u{a0}% of 3 sites</p>";
        assert_eq!(join(page), right);
    }

    #[test]
    fn a_sign_keeps_its_number_and_a_date_is_one_word() {
        let right = "<td>9 of 97 (&lt;\u{a0}57\u{a0}%)</td>";
        assert_eq!(join("<td>9 of 97 (&lt; 57 %)</td>"), right);
        let date = join("<p>read on 2026-11-27</p>");
        assert_eq!(
            date,
            "<p>read on <span class=\"date\">2026-11-27</span></p>"
        );
    }

    #[test]
    fn a_version_and_a_standard_keep_their_number() {
        let right = "<p>TLS\u{a0}1.2 and 1.3 (RFC\u{a0}9846, section 2), no TLS</p>";
        assert_eq!(
            join("<p>TLS 1.2 and 1.3 (RFC 9846, section 2), no TLS</p>"),
            right
        );
    }

    #[test]
    fn a_name_with_hyphens_is_one_word() {
        for name in ["P-256", "ML-DSA-44", "CVE-2025-23419", "cert-manager"] {
            let right = format!("<p>of <span class=\"name\">{name}</span>, half-open</p>");
            assert_eq!(join(&format!("<p>of {name}, half-open</p>")), right);
        }
    }

    #[test]
    fn a_long_run_breaks_after_its_strokes() {
        let long = "9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/BoringSSL";
        let right = "<td>9e5580933739775e8bce696a57a2e1bc99368f23/<wbr>1.40.0/<wbr>Clean/<wbr>BoringSSL</td>";
        assert_eq!(join(&format!("<td>{long}</td>")), right);
        let short = "<td>full/resuming/pooled, and/or</td>";
        assert_eq!(join(short), short);
    }

    /// A reader copies code, and a test compares it.
    #[test]
    fn code_and_tags_stay() {
        for page in [
            "<code>wait 5 s</code>",
            "<pre><code>a 5 ms\n</code></pre>",
            "<td data-label=\"5 ms\">a</td>",
            "<script>f(1 % 2)</script>",
            // It may hold no other element.
            "<option value=\"1\">cert-manager, P-256</option>",
        ] {
            assert_eq!(join(page), page);
        }
    }
}
