//! The files to copy can be copied: they are short, and use nothing of this repository.

use std::fs;
use std::path::Path;

/// What a reader takes home at once, and the most lines of it. In Rust, what clients of other libraries ask is a file
/// of its own.
const FILES: [(&str, usize); 4] = [
    ("src/rotating.rs", 150),
    ("src/clients.rs", 91),
    ("go/rotating.go", 217),
    ("python/rotating.py", 270),
];
/// What `src/rotating.rs` may use beside the standard library.
const CRATES: [&str; 4] = ["arc_swap", "libc", "notify", "rustls"];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn each_file_to_copy_is_short_as_the_formatter_leaves_it() {
    for (name, most) in FILES {
        let text = read(name);
        let lines = text.lines().count();
        assert!(lines <= most, "{name} has {lines} lines");
        // As wide as the page shows it.
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 110, "{name} has a line of {longest} characters");
    }
}

/// The crates that a file of Rust names: by `use`, or by a path that begins with one.
fn crates_of(text: &str) -> Vec<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let first = |line: &str| {
        let path = line
            .trim_start()
            .trim_start_matches("pub ")
            .strip_prefix("use ")?;
        let end = path.find([':', ';', ' ']).unwrap_or(path.len());
        Some(path[..end].to_owned())
    };
    code.filter_map(first).collect()
}

#[test]
fn the_rust_file_uses_the_standard_library_and_four_crates() {
    let text = read("src/rotating.rs");
    let mut used = crates_of(&text);
    for name in CRATES
        .iter()
        .chain(&["crate", "super", "lab", "zdr", "recipes"])
    {
        if text.contains(&format!("{name}::")) {
            used.push((*name).to_owned());
        }
    }
    used.retain(|name| name != "std");
    used.sort();
    used.dedup();
    assert_eq!(used, CRATES);
}

#[test]
fn a_crate_of_ours_would_be_seen() {
    assert_eq!(
        crates_of("//! use lab::a;\nuse std::fs;\npub use lab::chain;\n"),
        ["std", "lab"]
    );
}

/// What is declared for the file is there, and the library needs no crate of this repository.
#[test]
fn the_manifest_has_no_crate_of_ours_but_one_without_code() {
    let manifest = read("Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap();
    let dependencies = dependencies.split("[dev-dependencies]").next().unwrap();
    let names = dependencies
        .lines()
        .filter_map(|line| line.split_once(".workspace"));
    let names: Vec<_> = names.map(|(name, _)| name.replace('-', "_")).collect();
    for name in CRATES {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
    let root = read("../../Cargo.toml");
    let ours = names.iter().filter(|name| {
        let declared = format!("\n{} = {{ path", name.replace('_', "-"));
        root.contains(&declared)
    });
    assert_eq!(ours.collect::<Vec<_>>(), ["workspace_features"]);
}

#[test]
fn the_go_and_the_python_file_use_their_standard_libraries_alone() {
    // Go's standard library is what has no dot in its first part, and go.mod requires nothing.
    assert!(!read("go/go.mod").contains("require"));
    for name in ["go/rotating.go", "go/main.go"] {
        let text = read(name);
        let imports = text
            .split("import (")
            .nth(1)
            .unwrap()
            .split(')')
            .next()
            .unwrap();
        assert!(!imports.contains('.'), "{name}: {imports}");
    }
    const PYTHON: [&str; 8] = [
        "contextlib",
        "os",
        "re",
        "ssl",
        "stat",
        "tempfile",
        "threading",
        "time",
    ];
    let text = read("python/rotating.py");
    let imports = text.lines().filter_map(|line| line.strip_prefix("import "));
    assert_eq!(imports.collect::<Vec<_>>(), PYTHON);
    assert!(!text.lines().any(|line| line.starts_with("from ")));
}
