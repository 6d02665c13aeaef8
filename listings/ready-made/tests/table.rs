//! The page's table is made from `verdicts.toml`, and speaks of what is locked.

use std::collections::BTreeSet;

use snapbox::{Assert, Data};

use crate::verdicts::{Known, here, read, verdicts};

fn row(known: &Known) -> String {
    let verdict = match (known.passes(), known.may.is_empty()) {
        (true, true) => "**passed**",
        (true, false) => "may fail",
        (false, _) => "failed",
    };
    let Known {
        title,
        version,
        told,
        lost,
        instead,
        ..
    } = known;
    let instead = match instead.as_str() {
        "–" => String::new(),
        instead => format!(" *Instead:* {instead}."),
    };
    format!("| {title} ({version}; {told}) | {verdict} | *Lost:* {lost}.{instead} |\n")
}

fn table() -> String {
    let rows: String = verdicts().iter().map(row).collect();
    let head =
        "| program (release; how it learns of new files) | while all is well | what is lost |\n";
    format!("{head}|---|---|---|\n{rows}")
}

/// `SNAPSHOTS=overwrite` writes it.
#[test]
fn the_table_is_made_from_what_is_known() {
    let path = here().join("verdicts.md");
    let file = Data::read_from(&path, None);
    Assert::new().action_env("SNAPSHOTS").eq(table(), file);
}

#[test]
fn the_page_shows_the_table() {
    let page = read("../../src/ready-made.md");
    assert!(page.contains("{{#include ../listings/ready-made/verdicts.md}}"));
}

#[test]
fn each_description_is_judged_and_each_verdict_has_a_description() {
    let files = std::fs::read_dir(here().join("servers")).unwrap();
    let files: BTreeSet<_> = files
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let known: Vec<_> = verdicts().into_iter().map(|known| known.name).collect();
    assert_eq!(known.len(), files.len(), "a program is there twice");
    assert_eq!(known.into_iter().collect::<BTreeSet<_>>(), files);
}

/// What a lock file has of each kind of package.
fn locked(known: &Known) -> bool {
    let Known {
        package, version, ..
    } = known;
    match package.split_once(':').expect("REGISTRY:PACKAGE") {
        ("crate", name) => read("../../Cargo.lock")
            .contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")),
        ("pypi", name) => read("python/requirements.txt").contains(&format!("{name}=={version} ")),
        ("npm", name) => read("npm/package-lock.json").contains(&format!(
            "\"node_modules/{name}\": {{\n      \"version\": \"{version}\""
        )),
        // The program that runs is what `.ci/requirements.txt` names.
        ("node", name) => {
            read("../../.ci/requirements.txt").contains(&format!("{name}=={version}\n"))
        }
        (registry, _) => panic!("{}: no registry {registry}", known.name),
    }
}

#[test]
fn each_version_is_the_one_that_is_locked() {
    for known in verdicts() {
        assert!(locked(&known), "{} {}", known.package, known.version);
        let other = Known {
            version: "0.0.1".into(),
            ..known
        };
        assert!(!locked(&other), "{}: any version would do", other.package);
    }
}
