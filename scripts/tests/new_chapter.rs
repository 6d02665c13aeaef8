//! `cargo new-chapter` begins a chapter that the book accepts, and destroys nothing.
//!
//! The crate that it begins with is one of the workspace, `chapter-skeleton`: that it compiles, that
//! its test passes and that its transcript is what it prints, is tested there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use scripts::check::check;
use scripts::copy::{copy, use_preprocessor};
use tempfile::TempDir;
use walkdir::WalkDir;

use super::once;

fn book() -> TempDir {
    let book = tempfile::tempdir().unwrap();
    copy(&scripts::root().unwrap(), book.path()).unwrap();
    use_preprocessor(book.path(), &[env!("CARGO_BIN_EXE_preprocess")]).unwrap();
    book
}

fn begin(book: &Path, name: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_new-chapter"))
        .args([name, "--no-record"])
        .current_dir(book.join("src"))
        .output()
        .unwrap()
}

fn files(book: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = WalkDir::new(book).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|file| (file.path().to_owned(), fs::read(file.path()).unwrap()))
        .collect()
}

#[test]
fn a_new_chapter_passes_the_checks_of_the_book() {
    once("a new chapter", begins_a_chapter);
}

fn begins_a_chapter() {
    let book = book();
    let name = "ch98-moving-house";
    let begun = begin(book.path(), name);
    let said = String::from_utf8_lossy(&begun.stderr);
    assert!(begun.status.success(), "{said}");
    assert_eq!(check(book.path()).unwrap(), []);

    let site = book.path().join("site");
    scripts::site::build(book.path(), Some(&site), None).unwrap();
    let page = fs::read_to_string(site.join(format!("{name}.html"))).unwrap();
    assert!(page.contains(">Moving house</a></h1>"), "{page}");
    assert!(
        page.contains("fn") && page.contains("on disk: 1003"),
        "{page}"
    );
    assert!(page.contains("figure class=\"timeline\""), "{page}");

    // It is the last chapter, and no page of another one has become its own.
    let summary = fs::read_to_string(book.path().join("src/SUMMARY.md")).unwrap();
    let behind = summary.split_once("(ch98-moving-house.md)\n").unwrap().1;
    assert!(!behind.starts_with(' '), "{summary}");
    assert!(
        !behind.contains("(ch0") && !behind.contains("(ch1"),
        "{summary}"
    );

    // Nothing of the skeleton's name is left, and cargo finds the crate, its program and its tests.
    let listing = book.path().join("listings").join(name);
    for (path, text) in files(&listing) {
        let text = String::from_utf8(text).unwrap();
        assert!(
            !text.to_lowercase().contains("skeleton"),
            "{}",
            path.display()
        );
    }
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(book.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&metadata.stderr);
    assert!(metadata.status.success(), "{said}");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == name);
    let targets = package.unwrap()["targets"].as_array().unwrap().iter();
    let mut targets: Vec<_> = targets
        .map(|target| target["name"].as_str().unwrap())
        .collect();
    targets.sort_unstable();
    assert_eq!(targets, [name, "ch98_moving_house", "it"]);

    // Once more, and by another name with the same number: nothing is overwritten.
    let before = files(book.path());
    for name in [name, "ch98-other", "ch03-another-hook"] {
        let again = begin(book.path(), name);
        assert_eq!(again.status.code(), Some(1));
        let said = String::from_utf8_lossy(&again.stderr);
        assert!(
            said.contains("has that number, and nothing is overwritten"),
            "{said}"
        );
    }
    assert_eq!(files(book.path()), before);
}

#[test]
fn a_name_that_is_none_is_refused_with_the_reason() {
    let book = tempfile::tempdir().unwrap();
    fs::create_dir(book.path().join("src")).unwrap();
    for (name, why) in [
        ("fleet", "it does not begin with `ch`, two digits"),
        ("ch1-fleet", "it does not begin with `ch`, two digits"),
        ("ch123-fleet", "it does not begin with `ch`, two digits"),
        ("ch00-fleet", "counted from 1"),
        ("ch12-", "its words are of small letters"),
        ("ch12-Fleet", "its words are of small letters"),
        ("ch12-a--b", "its words are of small letters"),
        ("ch12-../../../etc", "its words are of small letters"),
        ("ch12-größe", "its words are of small letters"),
    ] {
        let refused = begin(book.path(), name);
        assert_eq!(refused.status.code(), Some(2), "{name}");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            said.contains(why) && said.contains("ch03-handshake-hook"),
            "{said}"
        );
    }
}
