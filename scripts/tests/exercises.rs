//! The page of the exercises says what each exercise says of itself.

use std::fs;
use std::path::Path;

use scripts::exercises::render;
use tempfile::TempDir;

const ABOUT: &str = r#"
title = "Count to two"
skill = "One comes before two."
minutes = 10
read = "ch01-counting.md#one"
task = "Write `two`."
starter = "this is the starter"
hints = ["Begin with one.", "Then two."]
[[wrong]]
file = "three"
words = "It goes on."
caught_by = "it_ends_at_two"
says = "three"
"#;
const CHECKS: &str = "/// It ends at two.\npub fn it_ends_at_two() {}\n";
const SOLUTION: &str = "use x;\n// ANCHOR: solution\nfn two() {}\n// ANCHOR_END: solution\n";

/// A book with one listing, and these files in its one exercise.
fn book(about: &str) -> TempDir {
    let book = tempfile::tempdir().unwrap();
    let folder = book.path().join("listings/ch01-counting/exercises/1-two");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir(book.path().join("listings/ch02-empty")).unwrap();
    let files = [
        ("exercise.toml", about),
        ("test.rs", CHECKS),
        ("solution.rs", SOLUTION),
    ];
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap();
    }
    book
}

fn rendered(book: &Path, of: &str) -> Result<String, String> {
    render(book, &book.join(of)).map_err(|error| error.to_string())
}

#[test]
fn the_table_has_each_exercise_and_the_sum_of_minutes() {
    let book = book(ABOUT);
    let table = rendered(book.path(), "listings").unwrap();
    let row = "| [Count to two](exercises-ch01.md#exercise-two) | 1 | <span class=\"sentence\">One comes before two.</span> | 10 |\n";
    assert!(table.contains(row), "{table}");
    assert!(table.ends_with("\n1 exercise, 10 minutes.\n"), "{table}");
}

/// What a track has is read from its folders.
#[test]
fn other_tracks_are_named() {
    let book = book(ABOUT);
    let without = rendered(book.path(), "listings").unwrap();
    assert!(!without.contains("--track"), "{without}");
    let exercise = book.path().join("listings/ch01-counting/exercises/1-two");
    let python = exercise.join("python");
    fs::create_dir(&python).unwrap();
    // A track that is not whole is refused, and not left out.
    let refused = rendered(book.path(), "listings").unwrap_err();
    assert!(refused.contains("python/exercise.toml"), "{refused}");
    fs::write(python.join("exercise.toml"), ABOUT).unwrap();
    let solution = "# ANCHOR: solution\ndef two():\n    return 2\n\n\n# ANCHOR_END: solution\n";
    fs::write(python.join("solution.py"), solution).unwrap();
    let table = rendered(book.path(), "listings").unwrap();
    let line =
        "\nIn Python as well, with `--track python`: [`two`](exercises-ch01.md#exercise-two).\n";
    assert!(table.ends_with(line), "{table}");
    let page = rendered(book.path(), "listings/ch01-counting").unwrap();
    let words = "In Python, with `cargo exercise next two --track python`.";
    assert!(page.contains(words) && !page.contains("In Go"), "{page}");
    let solution = "<summary>Solution in Python</summary>\n\n```python\ndef two():\n    return 2\n```\n\n</details>";
    assert!(page.contains(solution), "{page}");
}

#[test]
fn hints_and_the_solution_are_folded() {
    let book = book(ABOUT);
    let page = rendered(book.path(), "listings/ch01-counting").unwrap();
    for part in [
        "### Count to two {#exercise-two}\n",
        "(ch01-counting.md#one)",
        "`cargo exercise next two`",
        "<summary>Hint 1 of 2</summary>\n\nBegin with one.\n\n</details>",
        "<summary>Solution</summary>\n\n```rust\nfn two() {}\n```\n\n</details>",
        "- It goes on. It is caught by the check: *It ends at two.*",
    ] {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
    assert!(
        !page.contains("ANCHOR") && !page.contains("use x;"),
        "{page}"
    );
}

#[test]
fn what_cannot_be_shown_is_refused_with_its_place() {
    let with = |from: &str, to: &str| ABOUT.replace(from, to);
    for (about, of, why) in [
        (
            with("minutes", "hours"),
            "listings",
            "1-two/exercise.toml: ",
        ),
        (
            with("One comes", "One | comes"),
            "listings",
            "is no cell of a table",
        ),
        (
            with("it_ends_at_two", "it_ends"),
            "listings/ch01-counting",
            "two has no check `it_ends`",
        ),
        (ABOUT.into(), "listings/ch02-empty", "has no exercises"),
    ] {
        let book = book(&about);
        let refused = rendered(book.path(), of).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
}
