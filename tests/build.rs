//! Hands the Rust that stands in chapters to skeptic, which makes a test of each block.
//!
//! Included code is left out: it is compiled and tested where it lives. And puts the examples of all
//! crates together, for rustdoc.

#[path = "build/examples.rs"]
mod examples;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use scripts::{check, fence};

fn main() -> Result<(), Box<dyn Error>> {
    let root = scripts::root()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let mut snippets = Vec::new();
    for folder in [root.join("src"), root.join("tests/snippets")] {
        println!("cargo::rerun-if-changed={}", folder.display());
        for chapter in check::markdown(&folder)? {
            snippets.extend(write_snippets(&chapter, &folder, &out)?);
        }
    }
    skeptic::generate_doc_tests(&snippets);
    for folder in examples::crates(&root)? {
        println!("cargo::rerun-if-changed={}", folder.join("src").display());
        println!(
            "cargo::rerun-if-changed={}",
            folder.join("Cargo.toml").display()
        );
    }
    fs::write(out.join("examples.rs"), examples::modules(&root)?)?;
    // skeptic knows editions up to 2021. The shim puts the one in that the book is written in; it
    // is set for this crate's tests alone.
    let shim = root.join("scripts/rustc-2024");
    println!("cargo::rerun-if-changed={}", shim.display());
    println!("cargo::rustc-env=RUSTC={}", shim.display());
    println!("cargo::rustc-env=TARGET={}", env::var("TARGET")?);
    Ok(())
}

/// Writes the inline Rust of a chapter to a file of its own. skeptic names its tests by the
/// file's stem, so the folder becomes part of it.
fn write_snippets(
    chapter: &Path,
    folder: &Path,
    out: &Path,
) -> Result<Option<PathBuf>, Box<dyn Error>> {
    let text = fs::read_to_string(chapter)?;
    let mut inline = String::new();
    for fence in fence::fences(&text)
        .iter()
        .filter(|fence| fence.is_inline_rust())
    {
        // On the line where it stands in the chapter: skeptic puts the line into the test's name.
        let line = inline.matches('\n').count() + 1;
        inline += &"\n".repeat(fence.line.saturating_sub(line));
        inline += &format!("```{}\n{}```\n", fence.info, program(&fence.text));
    }
    if inline.is_empty() {
        return Ok(None);
    }
    let name = chapter
        .strip_prefix(folder)?
        .to_string_lossy()
        .replace(['/', '\\'], "-");
    let path = out.join(name);
    fs::write(&path, inline)?;
    Ok(Some(path))
}

/// A block as a program, by rustdoc's rules: `# ` hides a line from the reader only, and a block
/// without a `main` is the body of one.
fn program(block: &str) -> String {
    let shown = |line: &str| line.strip_prefix("# ").unwrap_or(line).to_owned() + "\n";
    let code: String = block.lines().map(shown).collect();
    match code.contains("fn main()") {
        true => code,
        false => format!("fn main() {{\n{code}}}\n"),
    }
}
