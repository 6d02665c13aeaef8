//! The catalogue says what its list says, and only what a test proves.

use std::fs;

use scripts::catalogue::render;
use scripts::error::Error;

const ENTRY: &str = r#"
[[failure]]
number = 1
symptom = "The first renewal is seen, and no later one"
cause = "A watch dies with its inode."
defence = "Watch the directory."
chapter = "ch03.md#watch"
tests = ["tests/watch.rs::a_rename"]
"#;

/// Renders a list beside a file with one test in each way of writing.
fn rendered(list: &str) -> Result<String, Error> {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("tests")).unwrap();
    let tests =
        "fn a_rename() {}\nfunc ARename() {}\n    def a_python(self):\n    by_macro: Bundle,\n";
    fs::write(root.path().join("tests/watch.rs"), tests).unwrap();
    render(root.path(), list)
}

#[test]
fn an_entry_in_full() {
    let page = rendered(ENTRY).unwrap();
    let expected = "## 1. The first renewal is seen, and no later one {#entry-1}

A watch dies with its inode.

**Defence.** Watch the directory. [Chapter 3](ch03.md#watch).

Shown by `tests/watch.rs::a_rename`.

";
    assert_eq!(page, expected);
}

#[test]
fn a_test_in_each_language_is_found() {
    for name in ["ARename", "a_python", "by_macro"] {
        rendered(&ENTRY.replace("a_rename", name)).unwrap();
    }
}

#[track_caller]
fn refused(list: &str, error: &str) {
    let said = rendered(list).unwrap_err().to_string();
    assert!(said.contains(error), "{said}");
}

#[test]
fn what_nobody_proves_is_refused() {
    refused(
        &ENTRY.replace("a_rename", "a_ren"),
        "failure 1: tests/watch.rs has no test `a_ren`",
    );
    refused(
        &ENTRY.replace("watch.rs", "gone.rs"),
        "failure 1: tests/gone.rs: ",
    );
    refused(&ENTRY.replace("::", " "), "is not `file::function`");
    refused(
        &ENTRY.replace("\"tests/watch.rs::a_rename\"", ""),
        "belong together",
    );
    refused(&ENTRY.replace("chapter =", "#"), "belong together");
}

#[test]
fn what_is_lost_is_noticed() {
    refused(
        &ENTRY.replace("number = 1", "number = 2"),
        "failure 2: stands in place 1",
    );
    refused("failure = []", "no failure in it");
    refused(&ENTRY.replace("defence", "defense"), "defence");
}
