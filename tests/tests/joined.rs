//! No test is left out. A crate's tests are one program, which cargo does not put together by itself:
//! a file that its `main.rs` does not name would never run. Nor would an example that its crate leaves to
//! this one, nor a unit test of a library or program whose manifest says that it has none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::Value;
use walkdir::WalkDir;

use crate::house::source::file_of;

/// The files and folders of tests that neither `main.rs` nor the manifest names.
fn left_out(package: &Path) -> Vec<String> {
    let read = |name: &str| fs::read_to_string(package.join(name)).unwrap_or_default();
    let (manifest, main) = (read("Cargo.toml"), read("tests/main.rs"));
    if !manifest.contains("autotests = false") {
        return Vec::new();
    }
    let joined = main.lines().filter_map(|line| line.strip_prefix("mod "));
    let joined = joined.map(|name| name.trim_end_matches(';').to_owned());
    let apart = manifest.split("[[test]]").skip(1);
    let apart = apart.filter_map(|table| table.split('"').nth(1).map(str::to_owned));
    let named: BTreeSet<String> = joined.chain(apart).chain(["main".into()]).collect();
    let entries = fs::read_dir(package.join("tests")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let tests = paths.filter(|path| {
        path.extension().is_some_and(|extension| extension == "rs")
            || path.join("mod.rs").is_file()
            || path.join("main.rs").is_file()
    });
    let stems = tests.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    stems.filter(|stem| !named.contains(stem)).collect()
}

#[test]
fn every_file_of_tests_is_in_a_program() {
    let root = scripts::root().unwrap();
    let mut packages = 0;
    let skip = ["target", ".git", "node_modules"];
    let entries = WalkDir::new(&root).max_depth(3).into_iter();
    let entries = entries.filter_entry(|entry| {
        entry.depth() == 0 || !skip.iter().any(|name| entry.file_name() == *name)
    });
    for entry in entries.map(Result::unwrap) {
        if entry.file_name() != "Cargo.toml" || !entry.path().with_file_name("tests").is_dir() {
            continue;
        }
        packages += 1;
        let package = entry.path().parent().unwrap();
        let none: [&str; 0] = [];
        assert_eq!(left_out(package), none, "{}", package.display());
    }
    assert!(packages >= 14, "{packages} packages with tests");
}

#[test]
fn a_file_that_is_in_none_is_found() {
    let package = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(package.path().join(name), text).unwrap();
    fs::create_dir_all(package.path().join("tests/folder")).unwrap();
    let manifest = "autotests = false\n[[test]]\nname = \"it\"\n[[test]]\nname = \"apart\"\n";
    write("Cargo.toml", manifest);
    write("tests/main.rs", "mod joined;\nmod folder;\n");
    for name in ["joined", "apart", "forgotten", "folder/mod"] {
        write(&format!("tests/{name}.rs"), "");
    }
    assert_eq!(left_out(package.path()), ["forgotten"]);
}

/// A crate that says `doctest = false` leaves the examples in its documentation to this crate.
#[test]
fn every_example_is_run() {
    let here = include_str!(concat!(env!("OUT_DIR"), "/examples.rs"));
    let root = scripts::root().unwrap();
    let mut fences = 0;
    for entry in WalkDir::new(&root).max_depth(3) {
        let manifest = entry.unwrap().into_path();
        let text = match manifest.ends_with("Cargo.toml") {
            true => fs::read_to_string(&manifest).unwrap(),
            false => continue,
        };
        if text.contains("\ndoctest = false\n") {
            let sources = WalkDir::new(manifest.with_file_name("src"));
            let sources = sources.into_iter().map(|entry| entry.unwrap().into_path());
            let sources = sources.filter(|path| path.extension().is_some_and(|e| e == "rs"));
            let texts = sources.map(|path| fs::read_to_string(path).unwrap());
            fences += texts.map(|text| fences_in_comments(&text)).sum::<usize>();
        }
    }
    let modules = here.lines().filter(|line| line.starts_with("pub mod "));
    assert_eq!(modules.count() * 2, fences, "{here}");
    assert!(fences >= 2 * 13, "{fences} fences");
}

fn fences_in_comments(text: &str) -> usize {
    let comment = |line: &str| {
        let line = line.trim_start();
        line.starts_with("//! ```") || line.starts_with("/// ```")
    };
    text.lines().filter(|line| comment(line)).count()
}

/// Whether the file, or a module of it, has a unit test.
fn has_tests(file: &Path, is_root: bool) -> bool {
    let text = fs::read_to_string(file);
    let text = text.unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    let test = Regex::new(r"(?m)^\s*#\[(?:\w+::)*test\b|^\s*proptest! \{").unwrap();
    let module = Regex::new(r"(?m)^\s*(?:pub(?:\(.*\))? )?mod (\w+);").unwrap();
    let mut modules = module.captures_iter(&text);
    test.is_match(&text) || modules.any(|name| has_tests(&file_of(file, is_root, &name[1]), false))
}

/// What is wrong with a library or program, as cargo describes it.
fn misjudged(target: &Value) -> Option<String> {
    if !matches!(target["kind"][0].as_str()?, "lib" | "bin") {
        return None;
    }
    let file = PathBuf::from(target["src_path"].as_str()?);
    let wrong = match (has_tests(&file, true), target["test"].as_bool()?) {
        (true, false) => "has unit tests that never run: `test = false` is to go",
        (false, true) => "has no unit test: `test = false` saves building it twice",
        _ => return None,
    };
    Some(format!("{}: {wrong}", file.display()))
}

/// Without `test = false` cargo builds and links a library or program once more, to run nothing. With it, a unit
/// test that is added there would never run.
#[test]
fn a_library_or_program_is_built_for_unit_tests_where_it_has_some() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    cargo.current_dir(scripts::root().unwrap());
    let found: Value = serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap();
    let packages = found["packages"].as_array().unwrap();
    let targets = packages
        .iter()
        .flat_map(|package| package["targets"].as_array().unwrap());
    let none: [String; 0] = [];
    assert!(targets.clone().count() > 60, "{found}");
    assert_eq!(targets.filter_map(misjudged).collect::<Vec<_>>(), none);
}

#[test]
fn a_unit_test_in_a_module_is_found() {
    let crate_ = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = crate_.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let root = write("lib.rs", "pub mod one;\n");
    write("one.rs", "#[cfg(test)]\nmod within;\n");
    let target = |tested| serde_json::json!({"kind": ["lib"], "src_path": root, "test": tested});
    write(
        "one/within.rs",
        "// #[test] is said here, and none is there.\n",
    );
    assert!(misjudged(&target(true)).unwrap().contains("no unit test"));
    assert_eq!(misjudged(&target(false)), None);
    for text in [
        "#[test]\nfn it() {}\n",
        "#[tokio::test(start_paused = true)]\nasync fn it() {}\n",
    ] {
        write("one/within.rs", text);
        assert!(
            misjudged(&target(false)).unwrap().contains("never run"),
            "{text}"
        );
        assert_eq!(misjudged(&target(true)), None, "{text}");
    }
}
