//! The page of errata: sorted by chapter, and each entry with what shows it.

use scripts::errata::render;

const LATER: &str = r#"
[[erratum]]
page = "ch05-race-conditions"
was = "Later."
right = "Right."
since = "2026-11-27"
source = "[somewhere](https://example.org)"
"#;

const FIRST: &str = r#"
[[erratum]]
page = "challenge"
was = "First."
right = "Right."
since = "2026-11-27"
tests = ["scripts/tests/errata.rs::entries_are_sorted_by_page"]
"#;

fn why(entry: &str) -> String {
    render(&scripts::root().unwrap(), entry)
        .unwrap_err()
        .to_string()
}

#[test]
fn entries_are_sorted_by_page() {
    let page = render(&scripts::root().unwrap(), &format!("{LATER}{FIRST}{LATER}")).unwrap();
    let at = |words: &str| {
        page.find(words)
            .unwrap_or_else(|| panic!("no {words} in\n{page}"))
    };
    assert!(
        at("The engineering challenge") < at("File system race conditions"),
        "{page}"
    );
    assert_eq!(page.matches("### ").count(), 2, "{page}");
    // A path may be broken after each of its parts.
    let shown = "<code>scripts/<wbr>tests/<wbr>errata.rs::<wbr>entries_<wbr>are_<wbr>sorted_<wbr>by_<wbr>page</code>";
    let row = format!("| First. | Right. | {shown} (since 2026-11-27) |");
    assert!(page.contains(&row), "{page}");
}

#[test]
fn an_entry_without_proof_is_an_error() {
    let no_test = FIRST.replace("entries_are_sorted_by_page", "nobody_wrote_this");
    assert!(why(&no_test).contains("has no test `nobody_wrote_this`"));
    let nothing = LATER.replace("source = \"[somewhere](https://example.org)\"", "");
    assert!(why(&nothing).contains("neither a source nor a test"));
    assert!(why(&LATER.replace("ch05-race-conditions", "ch99-none")).contains("ch99-none.md"));
    assert!(why(&LATER.replace("Later.", "a | b")).contains("no cell"));
    assert!(why(&LATER.replace("Later.", "")).contains("empty"));
    assert!(why("erratum = []").contains("no erratum"));
}
