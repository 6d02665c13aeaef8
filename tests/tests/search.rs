//! A line that is pasted into the search is found.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use symptoms::Index;

use crate::site::site;

/// So far below the best result may the line itself stand: among those that say the same.
const NEAR: usize = 5;

/// With anything in its variable pieces, and without them: its own entry is near the top. So it is by what the
/// page says to search for, where the line itself is no word that the search knows.
#[test]
fn a_pasted_line_finds_its_entry() {
    let Some(node) = lab_test::peer::find("node") else {
        return;
    };
    let root = scripts::root().unwrap();
    let list = fs::read_to_string(root.join("tests/symptoms.toml")).unwrap();
    let index = Index::parse(&list, usize::MAX).unwrap();
    let symptoms: Vec<_> = index.symptoms().collect();
    let texts = symptoms.iter().flat_map(|symptom| {
        let words = symptom.words().unwrap();
        match &symptom.find {
            Some(find) => [find.clone(), find.clone()],
            None => [words.filled("qx7y31z"), words.filled("")],
        }
    });
    let texts: Vec<_> = texts.collect();
    let found = search(&node, &texts);
    let mut wrong = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let symptom = symptoms[at / 2];
        let place = format!("symptoms.html#{}", symptom.id);
        let rank = found[at].iter().position(|url| *url == place);
        if rank.is_none_or(|rank| rank >= NEAR) {
            let first = found[at].first();
            wrong.push(format!(
                "{}: `{text}` is found at {rank:?}; first is {first:?}",
                symptom.id
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The test above would not see an index that finds everything first.
#[test]
fn another_line_finds_another_entry() {
    let Some(node) = lab_test::peer::find("node") else {
        return;
    };
    let texts = ["a download is severed".to_owned()];
    let found = search(&node, &texts);
    assert!(
        !found[0].is_empty() && !found[0][0].starts_with("symptoms.html"),
        "{found:?}"
    );
}

fn search(node: &std::path::Path, texts: &[String]) -> Vec<Vec<String>> {
    let script = scripts::root().unwrap().join("tests/browser/search.mjs");
    let mut child = Command::new(node)
        .arg(script)
        .arg(site())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = serde_json::to_string(texts).unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(asked.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
