//! The examples in the documentation of the workspace's crates, put together. rustdoc compiles what it
//! finds in one crate as one program; so all are one, instead of one for each crate.
//!
//! A crate takes part by `doctest = false` in its manifest: rustdoc leaves its examples to this crate.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// An example: the block with its fences, without the slashes of the comment.
struct Example {
    /// A name for it, which says where it stands.
    name: String,
    block: String,
}

/// The crates whose examples are run here: the folders of their manifests, in order.
pub fn crates(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for parent in ["listings", "scripts"] {
        for entry in fs::read_dir(root.join(parent))? {
            found.push(entry?.path());
        }
        found.push(root.join(parent));
    }
    found.retain(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line == "doctest = false")
    });
    found.sort();
    Ok(found)
}

/// All of them as Rust: modules whose documentation they are.
pub fn modules(root: &Path) -> io::Result<String> {
    let mut text = String::new();
    for folder in crates(root)? {
        for entry in WalkDir::new(folder.join("src")).sort_by_file_name() {
            let path = entry?.into_path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
                for Example { name, block } in examples(&name, &fs::read_to_string(&path)?) {
                    text += &format!("#[doc = {block:?}]\npub mod {name} {{}}\n");
                }
            }
        }
    }
    Ok(text)
}

/// The blocks of code in the documentation of one file.
fn examples(file: &str, source: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut inside = false;
    for (line, number) in source.lines().map(str::trim_start).zip(1..) {
        let comment = line.strip_prefix("//!").or(line.strip_prefix("///"));
        let Some(comment) = comment else {
            inside = false;
            continue;
        };
        let words = comment.strip_prefix(' ').unwrap_or(comment);
        let is_fence = words.starts_with("```");
        if is_fence && !inside {
            let place = file.trim_end_matches(".rs");
            let place = place.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            found.push(Example {
                name: format!("{place}_line_{number}"),
                block: String::new(),
            });
        }
        if let Some(example) = found.last_mut().filter(|_| inside || is_fence) {
            example.block += words;
            example.block += "\n";
        }
        inside ^= is_fence;
    }
    found
}
