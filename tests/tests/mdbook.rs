//! Plain `mdbook`, as a reader may have it installed, builds a book that says what that of `cargo book` does.
//! Ours has colours in its code, and its style sheets in its pages.
//!
//! `Cargo.lock` holds elasticlunr-rs at the version that mdBook 0.5.4 is released with: another one
//! weighs words otherwise, and `searchindex.js` differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use lab_test::memo::{Key, Memo};
use scraper::{Html, Selector};

use crate::site::{of_the_checkout, site};

/// The words of every page by its name, and the search index, which keeps its fields in the order that the
/// builder's JSON library does: it is compared without it.
fn said(folder: &Path) -> (BTreeMap<String, String>, serde_json::Value) {
    let main = Selector::parse("main").unwrap();
    let (mut pages, mut index) = (BTreeMap::new(), None);
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("searchindex-") {
            let script = fs::read_to_string(entry.path()).unwrap();
            let begin = script.find("JSON.parse('").unwrap() + "JSON.parse('".len();
            let json = &script[begin..script.rfind("')").unwrap()];
            let json = json.replace("\\'", "'").replace("\\\\", "\\");
            index = Some(serde_json::from_str(&json).unwrap());
        } else if name.ends_with(".html") && name != "toc.html" {
            let html = Html::parse_document(&fs::read_to_string(entry.path()).unwrap());
            let text = html.select(&main).next();
            let text = text.map(|main| main.text().collect::<String>());
            // Words: a paragraph within a fold's title is none on our pages.
            let words = text.unwrap_or_default();
            let words: Vec<_> = words.split_whitespace().collect();
            pages.insert(name, words.join(" "));
        }
    }
    (pages, index.expect("a search index"))
}

#[test]
fn plain_mdbook_says_the_same() {
    let Some(mdbook) = lab_test::peer::find("mdbook") else {
        return;
    };
    let what = "what plain mdbook says";
    let key = || of_the_checkout(Key::of(what).program(&mdbook).this_program());
    let said = Memo::below(env!("CARGO_TARGET_TMPDIR")).once(what, key, || says_the_same(&mdbook));
    println!("{said}");
}

/// Compares both books, and tells how many pages there are.
fn says_the_same(mdbook: &Path) -> String {
    let plain = tempfile::tempdir().unwrap();
    let built = Command::new(mdbook)
        .args(["build", "--dest-dir"])
        .arg(plain.path())
        .current_dir(scripts::root().unwrap())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");

    let ((ours, our_index), (plain, plain_index)) = (said(site()), said(plain.path()));
    let length = |name: &str| ours[name].split_whitespace().count();
    assert!(length("introduction.html") > 100 && length("print.html") > 10_000);
    assert!(
        ours.keys().eq(plain.keys()),
        "{:?}\n{:?}",
        ours.keys(),
        plain.keys()
    );
    for (name, text) in &ours {
        assert!(plain[name] == *text, "{name} says something else");
    }
    assert!(our_index == plain_index, "the search index differs");
    format!("{} pages say the same", ours.len())
}
