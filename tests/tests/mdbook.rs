//! Plain `mdbook`, as a reader may have it installed, builds what `cargo book` builds.
//!
//! `Cargo.lock` holds elasticlunr-rs at the version that mdBook 0.5.4 is released with: another one
//! weighs words otherwise, and `searchindex.js` differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

/// Every file below a folder. The search index is named by its hash, and keeps its fields in the
/// order that the builder's JSON library does: it is named and compared without these.
fn files(folder: &Path) -> BTreeMap<PathBuf, Content> {
    let index = fs::read_dir(folder).unwrap().find_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.starts_with("searchindex-").then_some(name)
    });
    let index = index.expect("a search index");
    let mut found = BTreeMap::new();
    for entry in WalkDir::new(folder) {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(folder).unwrap();
        let content = match entry.file_type().is_file() {
            true => fs::read(entry.path()).unwrap(),
            false => continue,
        };
        if name == Path::new(scripts::destination::LIST) {
            // For the next build of ours. Plain mdbook writes no such list.
            continue;
        }
        if name == Path::new(&index) {
            let script = String::from_utf8(content).unwrap();
            let begin = script.find("JSON.parse('").unwrap() + "JSON.parse('".len();
            let json = &script[begin..script.rfind("')").unwrap()];
            let json = json.replace("\\'", "'").replace("\\\\", "\\");
            let value = serde_json::from_str(&json).unwrap();
            found.insert("searchindex.js".into(), Content::Index(value));
        } else if let Ok(text) = str::from_utf8(&content) {
            let text = text.replace(&index, "searchindex.js");
            found.insert(name.to_owned(), Content::Bytes(text.into_bytes()));
        } else {
            found.insert(name.to_owned(), Content::Bytes(content));
        }
    }
    found
}

#[derive(PartialEq)]
enum Content {
    Bytes(Vec<u8>),
    Index(serde_json::Value),
}

#[test]
fn plain_mdbook_builds_the_same() {
    let Some(mdbook) = lab_test::peer::find("mdbook") else {
        return;
    };
    let (ours, plain) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    scripts::site::build(&scripts::root().unwrap(), Some(ours.path()), None).unwrap();
    let built = Command::new(mdbook)
        .args(["build", "--dest-dir"])
        .arg(plain.path())
        .current_dir(scripts::root().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");

    let (ours, plain) = (files(ours.path()), files(plain.path()));
    assert!(ours.contains_key(Path::new("introduction.html")));
    assert!(
        ours.keys().eq(plain.keys()),
        "{:?}\n{:?}",
        ours.keys(),
        plain.keys()
    );
    for (name, content) in &ours {
        assert!(plain[name] == *content, "{} differs", name.display());
    }
}
