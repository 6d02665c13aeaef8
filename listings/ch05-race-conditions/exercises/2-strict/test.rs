//! What is wanted of `anchors`. Each function is a check, and its comment says what has to hold.

use std::panic;
use std::sync::LazyLock;

use lab::authority::Authority;

use super::exercise::anchors;

/// Two roots, in PEM. Each ends with a line break.
static ROOTS: LazyLock<[String; 2]> = LazyLock::new(|| {
    [(); 2].map(|()| {
        let root = Authority::new().unwrap().root_pem().replace('\r', "");
        root.trim_end().to_owned() + "\n"
    })
});

/// How many anchors a file is said to hold, or the reason why it is rejected.
fn found(pem: impl AsRef<[u8]>) -> Result<usize, String> {
    let found = anchors(pem.as_ref());
    found
        .map(|found| found.len())
        .map_err(|rejected| rejected.detail)
}

fn both() -> String {
    ROOTS.concat()
}

/// What is written every day is read: comments between blocks, line ends of Windows, no line break at the end.
pub fn what_is_written_every_day_is_read() {
    let [first, second] = &*ROOTS;
    for (what, pem) in [
        ("two blocks", both()),
        ("line ends of Windows", both().replace('\n', "\r\n")),
        ("no line break at the end", both().trim_end().to_owned()),
        (
            "comments between the blocks, one with dashes, `# --- the one before, until 2027 ---`, and one that begins with a dash, `- kept by ops`",
            format!(
                "# our root\n{first}\n# --- the one before, until 2027 ---\n- kept by ops\n{second}\n"
            ),
        ),
        (
            "comments with the words of a mark, `# VENDOR ROOTS` and `# to be replaced by the END of 2027`",
            format!("# VENDOR ROOTS\n{first}\n# to be replaced by the END of 2027\n{second}"),
        ),
        (
            "a comment behind the last block",
            both() + "# the end of our roots\n",
        ),
    ] {
        let found = found(pem);
        assert!(
            found == Ok(2),
            "A file with two anchors is whole ({what}), and the answer is {found:?} in place of 2. Text that does not look like a part of a block \
             may stand between blocks, and behind them."
        );
    }
    a_root_twice_is_no_fault();
}

/// Bundles that were joined have some roots twice. Such a root counts once, or twice.
fn a_root_twice_is_no_fault() {
    let found = found(both() + &ROOTS[0]);
    assert!(
        matches!(found, Ok(2 | 3)),
        "A file with two anchors is whole (the first root once more at the end), and the answer is {found:?} in place of 2, or of 3. Bundles that were joined have some roots twice: \
         each block parses, and nothing is lost."
    );
}

/// A block that does not parse is not passed over.
pub fn a_block_that_does_not_parse_is_not_passed_over() {
    let [first, second] = &*ROOTS;
    let no_base64 = second.replacen("MII", "!!!", 1);
    let no_certificate =
        "-----BEGIN CERTIFICATE-----\nPGh0bWw+PC9odG1sPg==\n-----END CERTIFICATE-----\n";
    for (what, block) in [
        ("has a character that is not base64", no_base64.as_str()),
        ("holds a web page", no_certificate),
    ] {
        let found = found(format!("{first}{block}"));
        assert!(
            found.is_err(),
            "The second block {what}, and the answer is {found:?}: an anchor fewer than the file was meant to hold. Its clients are turned away, and \
             no log says why. What does not parse is a reason to keep the file of before."
        );
    }
}

/// A file that a writer has not finished is not whole, wherever it is cut.
pub fn a_cut_anywhere_in_the_second_block_is_found() {
    let whole = both();
    let second = ROOTS[0].len();
    let line = "-----BEGIN CERTIFICATE-----".len();
    let end = whole.rfind("-----END").unwrap();
    let in_the_first_line = second + 1..=second + line;
    let in_the_rest = [second + line + 1, second + 200, end, end + 1, end + 9];
    for cut in in_the_first_line
        .chain(in_the_rest)
        .chain([whole.trim_end().len() - 1])
    {
        let found = found(&whole[..cut]);
        let last = whole[..cut].lines().last().unwrap_or_default();
        assert!(
            found.is_err(),
            "A writer has come as far as `{last}` in the second block, and the answer is {found:?}. To a parser, a line that is half a mark is text outside of \
             blocks, which it passes over. Nothing that looks like a part of a block may stand outside of one."
        );
    }
    a_block_without_its_first_line_is_found();
}

/// What an editor, or a download that began late, leaves of a block.
fn a_block_without_its_first_line_is_found() {
    let [first, second] = &*ROOTS;
    let without = |block: &str, mark: &str| {
        let lines = block.lines().filter(|line| !line.contains(mark));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    for (what, pem) in [
        (
            "The first line of the first block is gone",
            without(first, "-----BEGIN") + second,
        ),
        (
            "The first line of the second block is gone",
            first.clone() + &without(second, "-----BEGIN"),
        ),
        (
            "The last line of the first block is gone",
            without(first, "-----END") + second,
        ),
        ("The first byte of the file is gone", both()[1..].to_owned()),
        (
            "The first 100 bytes of the file are gone",
            both()[100..].to_owned(),
        ),
    ] {
        let found = found(&pem);
        assert!(
            found.is_err(),
            "{what}, and the answer is {found:?}: an anchor is lost. A block has two lines that mark it, and a file is cut at its beginning as well as at its end. Each mark needs the \
             other one, and each pair of them an anchor."
        );
    }
}

/// Two files that were joined without a line break are not one file.
pub fn files_that_were_joined_without_a_line_break_are_refused() {
    let [first, second] = &*ROOTS;
    let found = found(format!("{}{second}", first.trim_end()));
    assert!(
        found.is_err(),
        "`cat` has joined two files, the first of which had no line break at its end, so that one line reads `-----END \
         CERTIFICATE----------BEGIN CERTIFICATE-----`. The answer is {found:?}, and the second anchor is lost."
    );
}

/// A block of another kind is not passed over.
pub fn a_block_of_another_kind_is_refused() {
    let block = |kind: &str| format!("-----BEGIN {kind}-----\nMAA=\n-----END {kind}-----\n");
    let list = block("X509 CRL");
    let [first, second] = &*ROOTS;
    for (place, pem) in [
        ("Behind", format!("{first}{second}{list}")),
        ("Between", format!("{first}{list}{second}")),
    ] {
        let found = found(&pem);
        assert!(
            found.is_err(),
            "{place} its anchors the file holds a list of revoked certificates, and the answer is {found:?}. The operator who put it there believes that it revokes \
         something."
        );
    }
    for kind in ["TRUSTED CERTIFICATE", "PKCS7"] {
        let found = found(format!("{first}{second}{}", block(kind)));
        assert!(
            found.is_err(),
            "Behind its anchors the file holds a block that begins with `-----BEGIN {kind}-----`, and the answer is {found:?}. Tools write anchors in such blocks too, and this one is \
             lost. Refuse every kind but `CERTIFICATE`, rather than the kinds that you know."
        );
    }
}

/// A file without an anchor is rejected.
pub fn a_file_without_an_anchor_is_rejected() {
    for pem in ["", "# to be filled\n"] {
        let found = found(pem);
        assert!(
            found.is_err(),
            "The file holds no anchor, and the answer is {found:?}: a server that takes it lets no client in."
        );
    }
}

/// A comment is bytes, and need not be UTF-8.
pub fn a_comment_need_not_be_utf_8() {
    let [first, second] = &*ROOTS;
    let pem = [
        first.as_bytes(),
        b"# von Herrn M\xfcller\n",
        second.as_bytes(),
    ]
    .concat();
    let _ = self::found(both());
    let found = panic::catch_unwind(|| found(pem));
    assert!(
        matches!(found, Ok(Ok(2))),
        "A file with two anchors has a comment in Latin-1 between them, as bundles of some age do. `anchors` {}. A file that another program writes can hold any \
         bytes: read it as bytes, or with `String::from_utf8_lossy`.",
        match &found {
            Ok(found) => format!("returned {found:?} in place of 2"),
            Err(_) => "panicked, and ended the server".into(),
        }
    );
}

/// A block that is indented is not passed over.
pub fn a_block_that_is_indented_is_not_passed_over() {
    let [first, second] = &*ROOTS;
    let indented = second.lines().map(|line| format!("  {line}\n"));
    let found = found(first.clone() + &indented.collect::<String>());
    assert!(
        found.is_err() || found == Ok(2),
        "The second block was copied out of a file in YAML, with two spaces before each line. The parser passes over it, and the answer is {found:?}: an anchor \
         is lost. Its marks do not stand at the beginning of a line, and are marks all the same."
    );
    for prefix in ["> ", "ca.crt:"] {
        let quoted = second.lines().map(|line| format!("{prefix}{line}\n"));
        let found = self::found(first.clone() + &quoted.collect::<String>());
        assert!(
            found.is_err() || found == Ok(2),
            "The second block was copied out of a mail, or out of what `grep` printed: each of its lines begins with `{prefix}`. The parser passes over it, and the answer is {found:?}: an anchor is lost. A mark can have anything before \
             it, and not blanks alone."
        );
    }
}
