//! The rules of the list: what breaks one is refused, and what only looks odd is not.

use std::fs;

use symptoms::{Error, Index, Piece, Words};

use crate::capture::{index, root};

const LIST: &str = r#"
[[step]]
id = "look"
says = "Look:"
command = "openssl version"

[[kind]]
id = "expired"
title = "It has expired"
means = "It is over."
entries = [1]
chapter = "ch01.md#place"
step = "look"

[[program]]
id = "server"
name = "Server"
about = "In its log."
tool = "server"
test = "tests/servers.rs::server"

[[program.symptom]]
id = "server-expired"
kind = "expired"
words = "‹time› the certificate has expired on ‹day›"
scene = "expired"

[[program.symptom]]
id = "server-late"
kind = "expired"
words = "certificate is late"
source = "owner/name@0123456789012345678901234567890123456789:src/a.c"
read = "2026-11-27"
"#;

#[test]
fn the_list_holds() {
    let index = index();
    let (captured, cited) = index.counts();
    assert!(
        captured + cited >= 120,
        "{captured} captured, {cited} cited"
    );
    for kind in &index.kinds {
        let (page, place) = kind.chapter.split_once('#').unwrap();
        let page = fs::read_to_string(root().join("src").join(page));
        // The place itself is looked for on the site as it is built.
        assert!(
            page.is_ok() && !place.is_empty(),
            "{}: {}",
            kind.id,
            kind.chapter
        );
    }
}

#[test]
fn a_small_list_is_read() {
    let index = Index::parse(LIST, 1).unwrap();
    assert_eq!(index.counts(), (1, 1));
    assert_eq!(index.kind("expired").unwrap().step, "look");
}

#[track_caller]
fn refused(from: &str, to: &str, why: &str) {
    assert!(LIST.contains(from), "`{from}` is not in the list");
    let error = Index::parse(&LIST.replacen(from, to, 1), 1).unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn what_nobody_can_follow_is_refused() {
    refused("words =", "word =", "unknown field `word`");
    refused(
        "entries = [1]",
        "entries = [2]",
        "expired: no entry of the catalogue is called `2`",
    );
    refused(
        "entries = [1]",
        "entries = [0]",
        "no entry of the catalogue is called `0`",
    );
    refused(
        "step = \"look\"",
        "step = \"see\"",
        "expired: no step is called `see`",
    );
    refused(
        "kind = \"expired\"",
        "kind = \"gone\"",
        "server-expired: no kind is called `gone`",
    );
    refused(
        "id = \"server-late\"",
        "id = \"late\"",
        "it begins with the name of its program",
    );
    refused(
        "id = \"server-late\"",
        "id = \"server Late\"",
        "no name of a place",
    );
    refused(
        "id = \"server-late\"",
        "id = \"server-expired\"",
        "`server-expired` stands twice",
    );
    let twice = "[[program.symptom]]\nid = \"server-again\"\nkind = \"expired\"\nwords = \"certificate is late\"\nscene = \"late\"\n\n[[program.symptom]]\nid = \"server-late\"";
    refused(
        "[[program.symptom]]\nid = \"server-late\"",
        twice,
        "server: line `certificate is late` stands twice",
    );
    let more = "[[step]]\nid = \"unused\"\nsays = \"No:\"\ncommand = \"true\"\n\n[[kind]]";
    refused("[[kind]]", more, "no symptom is of the step `unused`");
    let kind = "[[kind]]\nid = \"unused\"\ntitle = \"No\"\nmeans = \"No.\"\nentries = [1]\nchapter = \"ch01.md#no\"\nstep = \"look\"\n\n[[program]]";
    refused("[[program]]", kind, "no symptom is of the kind `unused`");
}

#[test]
fn what_nobody_proves_is_refused() {
    let source = "source = \"owner/name@0123456789012345678901234567890123456789:src/a.c\"";
    refused(
        "scene = \"expired\"",
        "",
        "server-expired: it needs a scene",
    );
    refused(source, "", "server-late: it needs a scene");
    refused("read = \"2026-11-27\"", "", "it needs a scene");
    refused(
        "read = \"2026-11-27\"",
        "read = \"lately\"",
        "`lately`: no day",
    );
    refused(
        source,
        &format!("{source}\nscene = \"late\""),
        "it needs a scene",
    );
    refused(source, "source = \"a friend\"", "neither an address");
    refused(
        source,
        "source = \"owner/name@main:src/a.c\"",
        "neither an address",
    );
    refused("tool = \"server\"", "", "names no test and no version");
    refused(
        "test = \"tests/servers.rs::server\"",
        "",
        "names no test and no version",
    );
}

#[test]
fn words_are_found_where_they_were_printed() {
    let words = Words::parse("a.c:‹line›: it (really) failed for ‹file›").unwrap();
    let pattern = words.pattern();
    assert!(pattern.is_match("12:00 a.c:7: it (really) failed for /tls.crt\nmore"));
    for other in [
        "a.c:: it (really) failed for /tls.crt",
        "abc:7: it (really) failed for /tls.crt",
        "a.c:7: it really failed for /tls.crt",
        "a.c:\n7: it (really) failed for /tls.crt",
        "a.c:7: it (really) failed for ",
    ] {
        assert!(!pattern.is_match(other), "{other}");
    }
    assert_eq!(words.pieces()[1], Piece::Variable("line".into()));
    assert_eq!(words.filled("x"), "a.c:x: it (really) failed for x");
    let html = Words::parse("<error> & then ‹the rest› of it")
        .unwrap()
        .html();
    assert_eq!(html, "&#60;error&#62; &#38; then <var>the rest</var> of it");
}

#[test]
fn words_that_are_none_are_refused() {
    for marked in [
        "the certificate of ‹somebody has expired",
        "the certificate of somebody› has expired",
        "the certificate of ‹› has expired",
        "the certificate of ‹some‹body›› has expired",
        "‹program›: error ‹number›",
        "two lines:\nthe certificate has expired",
        " the certificate has expired",
        "",
    ] {
        let refused = Words::parse(marked);
        assert!(
            matches!(refused, Err(Error::Words(..))),
            "{marked}: {refused:?}"
        );
    }
}
