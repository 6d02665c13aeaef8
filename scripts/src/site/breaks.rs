//! Where code may break: after the parts of a path, a name or a list, and not within a word.
//!
//! A browser breaks a long run of letters and signs wherever its line ends. So a `<wbr>` stands after each part
//! of it. It is no character: what a reader copies or searches is what it was.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Code, in a block or in a sentence, with its tag and its content.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)(<pre\b[^>]*>\s*)?(<(?:code|samp)\b[^>]*>)(.*?)(</(?:code|samp)>)")
        .expect("the expression is valid")
});

/// A cell of a table, in which code has the least room.
static CELL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)<td\b.*?</td>").expect("the expression is valid"));

/// What a reader sees as one character, or a tag.
static PIECE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)<[^>]*>|&(?:\w+|#\w+);|.").expect("the expression is valid"));

/// A run of so many characters fits on a phone: a line of a block is wider than one of a sentence, and that than one of a
/// table's cell.
const FITS_BLOCK: usize = 30;
const FITS_TEXT: usize = 22;
const FITS_CELL: usize = 14;
/// No line of a phone has more, so that a name without signs breaks at its capitals.
const FITS_LINE: usize = 36;
/// An option as long as this stays whole.
const OPTION: usize = 28;
/// And so does a name with hyphens, in a sentence: in a block it may be part of a table's row. The longest of a chapter
/// has so many characters.
const NAME: usize = 25;

/// The page with places to break in its code.
pub(super) fn allow(page: &str) -> String {
    let mut html = String::with_capacity(page.len());
    let mut end = 0;
    for cell in CELL.find_iter(page) {
        html += &allow_in(&page[end..cell.start()], FITS_TEXT);
        html += &allow_in(cell.as_str(), FITS_CELL);
        end = cell.end();
    }
    html + &allow_in(&page[end..], FITS_TEXT)
}

/// A part of a page, in whose sentences or cells a run of so many characters fits.
fn allow_in(part: &str, fits: usize) -> String {
    let mend = |found: &Captures<'_>| {
        let before = found.get(1).map_or("", |pre| pre.as_str());
        // What a program printed stands in lines of its own, in a block or in a heading.
        let fits = match before.is_empty() && !found[2].starts_with("<samp") {
            true => fits,
            false => FITS_BLOCK,
        };
        let code = broken(&found[3], fits);
        let begin = match &found[2] {
            "<code>" if fits != FITS_BLOCK && is_in_parts(&code) => "<code class=\"parts\">",
            other => other,
        };
        format!("{before}{begin}{code}{}", &found[4])
    };
    CODE.replace_all(part, mend).into_owned()
}

fn broken(code: &str, fits: usize) -> String {
    let pieces: Vec<&str> = PIECE.find_iter(code).map(|piece| piece.as_str()).collect();
    let mut html = String::with_capacity(code.len());
    let is_space = |piece: &&str| piece.chars().all(char::is_whitespace);
    let runs: Vec<&[&str]> = pieces.chunk_by(|a, b| is_space(a) == is_space(b)).collect();
    let mut at = 0;
    while let Some(run) = runs.get(at) {
        if let Some(joined) = with_next(&runs[at..]) {
            html += &joined;
            at += 3;
            continue;
        }
        at += 1;
        let seen = seen(run);
        let (word, after) = run.split_at(own(run));
        if is_option(word, &seen) {
            html += &format!("<span class=\"option\">{}</span>", word.concat());
            html += &after.concat();
        } else if fits != FITS_BLOCK && is_name(word, &seen) {
            html += &format!("<span class=\"name\">{}</span>", word.concat());
            html += &after.concat();
        } else if seen.len() > fits && !run.contains(&"<wbr>") {
            part(&mut html, run, &seen);
        } else {
            html += &run.concat();
        }
    }
    html
}

/// Whether code is one run of parts, each of which has room in a line. Then it breaks between them and at none of its
/// hyphens: a folder stays whole, but in a narrow cell.
fn is_in_parts(code: &str) -> bool {
    let has_room = |part: &str| PIECE.find_iter(part).count() < FITS_LINE - 2;
    let is_run = !code.contains(char::is_whitespace) && !code.contains("<span");
    is_run && code.contains('-') && code.contains("<wbr>") && code.split("<wbr>").all(has_room)
}

/// How many pieces of a run are its own: behind its last letter may stand the end of what began before it, as at the
/// end of a command.
fn own(run: &[&str]) -> usize {
    let last = run.iter().rposition(|piece| !is_tag(piece)).unwrap_or(0);
    let mut open = 0_usize;
    for piece in run[..last].iter().filter(|piece| is_tag(piece)) {
        open = match piece.starts_with("</") {
            true => open.saturating_sub(1),
            false => open + 1,
        };
    }
    (last + 1 + open).min(run.len())
}

/// What a reader sees of a run.
fn seen<'a>(run: &[&'a str]) -> Vec<&'a str> {
    run.iter().filter(|piece| !is_tag(piece)).copied().collect()
}

/// Two hyphens that stand alone, with the word behind them, or a word with the backslash that ends its line: no line
/// ends between the two.
fn with_next(runs: &[&[&str]]) -> Option<String> {
    let [first, [" "], next, ..] = runs else {
        return None;
    };
    let (word, after) = next.split_at(own(next));
    let (before, behind) = (seen(first), seen(word));
    let is_joined = before == ["-", "-"] || behind == ["\\"];
    let is_short = before.len().max(behind.len()) <= OPTION;
    (is_joined && is_short && is_whole(first) && is_whole(word)).then(|| {
        let (first, word, after) = (first.concat(), word.concat(), after.concat());
        format!("<span class=\"option\">{first} {word}</span>{after}")
    })
}

/// Whether what begins in a run ends in it.
fn is_whole(run: &[&str]) -> bool {
    let mut open = 0_i32;
    let is_nested = run.iter().filter(|piece| is_tag(piece)).all(|tag| {
        open += if tag.starts_with("</") { -1 } else { 1 };
        open >= 0
    });
    is_nested && open == 0
}

/// Whether a run is an option, perhaps in quotation marks, or a word in braces that is in quotation marks. Such a run stays whole: to a browser a
/// hyphen is a place to break, also the one before an option's name, and so is the place before a brace. Its colour begins and ends with it.
fn is_option(run: &[&str], seen: &[&str]) -> bool {
    let quoted = ["&quot;", "\"", "'"]
        .iter()
        .find_map(|mark| seen.strip_prefix(&[*mark]));
    let named = quoted.unwrap_or(seen);
    let is_named = named.len() > 1 && (named[0] == "-" || quoted.is_some() && named[0] == "{");
    is_whole(run) && is_named && seen.len() <= OPTION
}

/// Whether a run is the name of a scenario, a program or the like: to a browser each of its hyphens is a place to break.
fn is_name(run: &[&str], seen: &[&str]) -> bool {
    let is_part = |piece: &str| {
        let mut characters = piece.chars();
        characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
    };
    let is_named = seen.contains(&"-") && seen.iter().all(|piece| is_part(piece));
    is_whole(run) && is_named && (3..=NAME).contains(&seen.len())
}

/// Writes a run with a place to break between its parts.
fn part(html: &mut String, run: &[&str], seen: &[&str]) {
    let mut at = 0;
    for piece in run {
        if is_tag(piece) {
            *html += piece;
            continue;
        }
        // A break leaves more than a sign or two on either side.
        let is_part = at > 2 && at + 2 < seen.len();
        let is_hump = seen.len() > FITS_LINE && at > 0 && is_hump(seen[at - 1], piece);
        if is_part && (is_hump || may_break(seen[at - 1], piece, seen[at - 2])) {
            *html += "<wbr>";
        }
        *html += piece;
        at += 1;
    }
}

/// Whether a line may end between these two characters. `earlier` stands before both.
fn may_break(before: &str, after: &str, earlier: &str) -> bool {
    match before {
        // A list in quotation marks, or a word in brackets, stays with its mark.
        "[" if earlier == "&quot;" || earlier == "\"" => false,
        "," | ";" | "(" | "{" | "[" | "=" | "_" | "&amp;" => {
            !["_", "=", ")", "]", "}"].contains(&after)
        }
        "/" => after != "/",
        ":" => {
            after != ":"
                && after != "/"
                && (earlier == ":" || earlier == "&quot;" || earlier == "\"")
        }
        // A method stands at the beginning of a line.
        ")" | "]" | "?" => after == ".",
        _ => false,
    }
}

/// Whether a word of a name in capitals and small letters begins here.
fn is_hump(before: &str, after: &str) -> bool {
    let are = |piece: &str, is: fn(char) -> bool| piece.chars().all(is);
    are(before, char::is_lowercase) && are(after, char::is_uppercase)
}

fn is_tag(piece: &str) -> bool {
    piece.starts_with('<') && piece.len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_may_break_between_its_parts_and_not_elsewhere() {
        for (code, right) in [
            (
                "<td><code>a_torn_pair_is_refused</code></td>",
                "<td><code>a_torn_<wbr>pair_<wbr>is_<wbr>refused</code></td>",
            ),
            (
                "<code>listings/zdr/src/main.rs</code>",
                "<code>listings/<wbr>zdr/<wbr>src/<wbr>main.rs</code>",
            ),
            // Its hyphens are no places to break: theme/tables.css.
            (
                "<code>listings/ch02-hot-reload/src</code>",
                "<code class=\"parts\">listings/<wbr>ch02-hot-reload/<wbr>src</code>",
            ),
            (
                "<td><code>listings/ch02-hot-reload</code></td>",
                "<td><code class=\"parts\">listings/<wbr>ch02-hot-reload</code></td>",
            ),
            (
                "<code>a_torn_pair_is_refused</code>",
                "<code>a_torn_pair_is_refused</code>",
            ),
            (
                "<code>https://localhost:8443/</code>",
                "<code>https://<wbr>localhost:8443/</code>",
            ),
            (
                "<code>rustls::server::Acceptor</code>",
                "<code>rustls::<wbr>server::<wbr>Acceptor</code>",
            ),
            (
                "<code>zdr check --no-scenarios a</code>",
                "<code>zdr check <span class=\"option\">--no-scenarios</span> a</code>",
            ),
            (
                "<code>zdr check not-yet-valid</code>, <code>one-whose-parts-are-too-many</code>",
                "<code>zdr check <span class=\"name\">not-yet-valid</span></code>, <code>one-whose-parts-are-too-many</code>",
            ),
        ] {
            assert_eq!(allow(code), right);
        }
    }

    #[test]
    fn in_a_command_words_stay_whole_whatever_its_colours() {
        for (code, right) in [
            (
                "<pre><code>openssl x509 <i>-noout</i> -- a</code></pre>",
                "<pre><code>openssl x509 <span class=\"option\"><i>-noout</i></span> <span class=\"option\">-- a</span></code></pre>",
            ),
            (
                "<pre><code><b>$ zdr <i>-a</i> --all</b></code></pre>",
                "<pre><code><b>$ zdr <span class=\"option\"><i>-a</i></span> <span class=\"option\">--all</span></b></code></pre>",
            ),
            (
                "<pre><code>a = <i>\"--roots\"</i>, &quot;-a&quot;, \"a\"</code></pre>",
                "<pre><code>a = <span class=\"option\"><i>\"--roots\"</i>,</span> <span class=\"option\">&quot;-a&quot;,</span> \"a\"</code></pre>",
            ),
            // A backslash stays with the word before it.
            (
                "<pre><code><b>$ zdr --only last-known-good <i>-a</i> \\\n  b \\\n  c</b></code></pre>",
                "<pre><code><b>$ zdr <span class=\"option\">--only</span> last-known-good <span class=\"option\"><i>-a</i> \\</span>\n  <span class=\"option\">b \\</span>\n  c</b></code></pre>",
            ),
            // A program's message has a whole line.
            (
                "<samp>PEM_read_bio_X509_AUX() failed</samp>",
                "<samp>PEM_read_bio_X509_AUX() failed</samp>",
            ),
            // Two hyphens alone stay with what they begin.
            (
                "<pre><code><b>$ zdr -- <i>demo</i></b>\n--\na</code></pre>",
                "<pre><code><b>$ zdr <span class=\"option\">-- <i>demo</i></span></b>\n<span class=\"option\">--</span>\na</code></pre>",
            ),
            (
                "<pre><code>[<i>\"a\"</i>, <i>\"{key}\"</i>, '{key}', {key}]</code></pre>",
                "<pre><code>[<i>\"a\"</i>, <span class=\"option\"><i>\"{key}\"</i>,</span> <span class=\"option\">'{key}',</span> {key}]</code></pre>",
            ),
            (
                "<pre><code><i>-a long</i> comment</code></pre>",
                "<pre><code><i>-a long</i> comment</code></pre>",
            ),
        ] {
            assert_eq!(allow(code), right);
        }
    }

    #[test]
    fn only_a_name_that_no_line_holds_breaks_at_its_capitals() {
        let short = "<code>ResolvesServerCertUsingSni</code>";
        assert_eq!(allow(short), short);
        let long = "<code>TestAPolicyOnResumptionIsAskedInVerifyConnection</code>";
        assert!(
            allow(long).contains("Asked<wbr>In<wbr>Verify<wbr>Connection<"),
            "{}",
            allow(long)
        );
    }

    /// A phone's line holds a short run; a long one breaks after a comma and a name's colon, across colours.
    #[test]
    fn data_breaks_between_its_fields() {
        let short =
            "<pre><code class=\"language-json\">{\"generation\":1,\"bytes\":2}</code></pre>";
        assert_eq!(allow(short), short);
        let coloured = "<pre><code>{<i>\"event\"</i>:\"connection_closed\",<i>\"bytes\"</i>:8388608}</code></pre>";
        let right = "<pre><code>{<i>\"event\"</i>:<wbr>\"connection_<wbr>closed\",<i><wbr>\"bytes\"</i>:<wbr>8388608}</code></pre>";
        assert_eq!(allow(coloured), right);
        let replaced = "<code>\"event\":\"loaded\",\"sha256\":\"[HASH]\"</code>";
        let right = "<code>\"event\":<wbr>\"loaded\",<wbr>\"sha256\":<wbr>\"[HASH]\"</code>";
        assert_eq!(allow(replaced), right);
    }

    /// Nothing but places to break is added, and what is written with them already stays.
    #[test]
    fn the_text_stays() {
        let page = "<p>a_long_name_outside_of_code</p><code>x&lt;&lt;y&amp;&amp;z&quot;:1,\u{1F511}&#39;long_enough</code>";
        let plain = allow(page).replace("<wbr>", "");
        assert_eq!(plain, page);
        let marked = "<code>already_<wbr>broken_<wbr>into_its_parts</code>";
        assert_eq!(allow(marked), marked);
    }
}
