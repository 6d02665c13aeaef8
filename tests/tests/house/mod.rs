//! The house is as it was drawn: what is large is divided, and arrows go one way.
//!
//! Each rule is checked on the sources themselves. `checker.rs` shows that each can be broken.

mod checker;
mod circle;
mod closed;
pub mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::circle::{Tree, Uses, circles};
use self::source::functions;
use walkdir::WalkDir;

/// The most lines that a file may have.
const FILE: usize = 450;
/// The most lines that a function may have.
const FUNCTION: usize = 60;
/// The most times that an error may be made one of the operating system's, in all listings.
const OTHER: usize = 20;

/// Chapter 11 is a listing, to be read whole. It has fewer lines than this, comments included; what more a
/// tool needs is in `zdr`.
const LISTING: usize = 900;

/// The parts of `zdr`, each of which may use those before it.
const ZDR: &[&str] = &[
    "attempt",
    "gate",
    "server",
    "load",
    "report",
    "compare",
    "error",
    "watch",
    "client",
    "testbed",
    "judge",
    "scenarios",
    "check",
    "course",
    "benchmark",
];

/// What breaks a rule today: nothing. An entry that is no longer needed fails the test.
mod exempt {
    pub const FILES: &[&str] = &[];
    pub const FUNCTIONS: &[&str] = &[];
    pub const CIRCLES: &[&[&str]] = &[];
    pub const FOLDERS: &[&str] = &[];
    /// In place of [`OTHER`](super::OTHER), or nothing.
    pub const OTHERS: Option<usize> = None;
}

fn root() -> PathBuf {
    scripts::root().unwrap()
}

/// The crates of the workspace: the folders of their manifests.
fn crates() -> Vec<PathBuf> {
    let apart = [
        "scripts",
        "scripts/exercise",
        "scripts/exercise-bench",
        "scripts/homework",
        "tests",
    ];
    let mut found: Vec<_> = apart.iter().map(|folder| root().join(folder)).collect();
    for entry in fs::read_dir(root().join("listings")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("Cargo.toml").is_file() {
            found.push(folder);
        }
    }
    found.sort();
    found
}

/// The sources of a crate: what is built into a library or a program.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let parts = ["src", "broken", "broken-client"]
        .map(|part| WalkDir::new(folder.join(part)).sort_by_file_name());
    let entries = parts.into_iter().flatten().filter_map(Result::ok);
    let paths = entries.map(walkdir::DirEntry::into_path);
    paths
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect()
}

/// The root files of a crate's library and programs.
fn targets(folder: &Path) -> Vec<PathBuf> {
    let named = [
        "src/lib.rs",
        "src/main.rs",
        "broken/main.rs",
        "broken-client/main.rs",
    ];
    let named = named.map(|name| folder.join(name));
    let mut found: Vec<_> = named.into_iter().filter(|path| path.is_file()).collect();
    for entry in fs::read_dir(folder.join("src/bin")).into_iter().flatten() {
        let path = entry.unwrap().path();
        found.push(match path.is_dir() {
            true => path.join("main.rs"),
            false => path,
        });
    }
    found
}

fn shown(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.to_str().unwrap().to_owned()
}

/// Fails with what breaks a rule and is not exempt, and with what is exempt and breaks none.
#[track_caller]
fn only_exempt(rule: &str, broken: &BTreeSet<String>, exempt: BTreeSet<String>) {
    let new: Vec<_> = broken.difference(&exempt).collect();
    let mended: Vec<_> = exempt.difference(broken).collect();
    assert!(
        new.is_empty() && mended.is_empty(),
        "{rule}\nbroken by: {new:#?}\nno longer broken by, so no longer exempt: {mended:#?}"
    );
}

fn all(exempt: &[&str]) -> BTreeSet<String> {
    exempt.iter().map(ToString::to_string).collect()
}

/// Every source by its name, as text.
fn every_source() -> impl Iterator<Item = (String, String)> {
    let files = crates().into_iter().flat_map(|folder| sources(&folder));
    files.map(|file| (shown(&file), fs::read_to_string(&file).unwrap()))
}

#[test]
fn no_file_is_too_long() {
    let long = every_source().filter(|(_, text)| text.lines().count() > FILE);
    let rule = format!("a file has {FILE} lines at the most");
    let long = long.map(|(file, _)| file).collect();
    only_exempt(&rule, &long, all(exempt::FILES));
}

#[test]
fn no_function_is_too_long() {
    let mut long = BTreeSet::new();
    for (file, text) in every_source() {
        let functions = functions(&text).into_iter().filter(|f| f.lines > FUNCTION);
        long.extend(functions.map(|f| format!("{file}: {}", f.name)));
    }
    let rule = format!("a function has {FUNCTION} lines at the most");
    only_exempt(&rule, &long, all(exempt::FUNCTIONS));
}

#[test]
fn no_files_use_each_other() {
    let mut found = BTreeSet::new();
    for target in crates().iter().flat_map(|folder| targets(folder)) {
        let circles = circles(&Tree::read(&target).uses());
        found.extend(circles.iter().map(|circle| {
            let files = circle.iter().map(|file| shown(file));
            files.collect::<Vec<_>>().join(" ")
        }));
    }
    let exempt = exempt::CIRCLES.iter().map(|files| files.join(" "));
    only_exempt("no files use each other", &found, exempt.collect());
}

#[test]
fn chapter_11_is_a_listing() {
    let lines = every_source().filter(|(file, _)| file.starts_with("listings/ch11-verification/"));
    let lines: usize = lines.map(|(_, text)| text.lines().count()).sum();
    assert!((1..LISTING).contains(&lines), "{lines} lines");
    let manifest_of = root().join("listings/ch11-verification/Cargo.toml");
    let (_, uses) = manifest(&fs::read_to_string(manifest_of).unwrap());
    assert!(!uses.contains("zdr"), "{uses:?}");
}

/// Cargo allows a circle by way of a test.
#[test]
fn no_crates_use_each_other() {
    let mut uses = Uses::new();
    for folder in crates() {
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let (name, used) = manifest(&text);
        uses.insert(name, used);
    }
    assert!(uses.contains_key("lab") && uses["ch03-handshake-hook"].contains("lab"));
    assert_eq!(circles(&uses), BTreeSet::new());
}

/// A crate's name, and those of its dependencies of all kinds.
fn manifest(text: &str) -> (String, BTreeSet<String>) {
    let manifest: toml::Table = toml::from_str(text).unwrap();
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = kinds
        .iter()
        .filter_map(|kind| manifest.get(*kind)?.as_table());
    let used = tables.flat_map(|table| table.keys().cloned()).collect();
    let name = manifest["package"]["name"].as_str().unwrap();
    (name.to_owned(), used)
}

#[test]
fn errors_are_not_all_made_the_systems() {
    let listings = every_source().filter(|(file, _)| file.starts_with("listings/"));
    let count: usize = listings.map(|(_, text)| others(&text)).sum();
    let most = exempt::OTHERS.unwrap_or(OTHER);
    assert!(
        count <= most,
        "map_err(io::Error::other) {count} times, and {most} are allowed"
    );
    if exempt::OTHERS.is_some() {
        assert!(count > OTHER, "{count} times: no exemption is needed");
    }
}

fn others(text: &str) -> usize {
    let dense: String = text.split_whitespace().collect();
    dense.matches("map_err(io::Error::other)").count()
        + dense.matches("map_err(std::io::Error::other)").count()
}

#[test]
fn folders_of_zdr_go_one_way() {
    let sources = root().join("listings/zdr/src");
    let uses = Tree::read(&sources.join("lib.rs")).uses();
    let found = backwards(&uses, &sources, ZDR);
    only_exempt(
        "a folder of zdr uses earlier ones",
        &found,
        all(exempt::FOLDERS),
    );
}

/// Each use of a later part by an earlier one, and each part without a place. A part is a folder, with
/// the file that is named as it.
fn backwards(uses: &Uses<PathBuf>, folder: &Path, order: &[&str]) -> BTreeSet<String> {
    let part = |file: &Path| {
        let name = file.strip_prefix(folder).unwrap().components().next();
        let name = name.unwrap().as_os_str().to_str().unwrap();
        name.trim_end_matches(".rs").to_owned()
    };
    let place = |part: &str| order.iter().position(|known| *known == part);
    let mut found = BTreeSet::new();
    for (file, used) in uses {
        let from = part(file);
        if from == "lib" {
            continue;
        }
        let Some(own) = place(&from) else {
            found.insert(format!("{from} has no place in the order"));
            continue;
        };
        let parts = used.iter().map(|file| part(file));
        let later = parts.filter(|to| place(to).is_none_or(|place| place > own));
        found.extend(later.map(|to| format!("{from}: {to}")));
    }
    found
}
