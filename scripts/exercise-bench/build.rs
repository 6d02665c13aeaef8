//! Puts all answers of the book together, so that one program tries them.

#[path = "../exercise/src/program.rs"]
#[allow(dead_code)]
mod program;

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no manifest")?);
    let root = here.ancestors().nth(2).ok_or("no root")?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    println!("cargo::rerun-if-changed=../exercise/src/program.rs");
    let (mut text, mut tried) = (String::new(), Vec::new());
    for listing in entries(&root.join("listings"))? {
        let folder = listing.join("exercises");
        if folder.is_dir() {
            println!("cargo::rerun-if-changed={}", folder.display());
            for exercise in entries(&folder)? {
                text += &answers(&name(&listing), &exercise)?;
                tried.push(name(&exercise));
            }
        }
    }
    // Cargo is told of the folders that are there: a chapter's first exercise is in none of them.
    writeln!(text, "const TRIED: &[&str] = &{tried:?};")?;
    fs::write(out.join("answers.rs"), text)?;
    Ok(())
}

/// A module for each answer to one exercise.
fn answers(listing: &str, exercise: &Path) -> Result<String, Box<dyn Error>> {
    let test = exercise.join("test.rs");
    let checks = program::checks(&fs::read_to_string(&test)?);
    let folder = name(exercise);
    let module = format!(
        "{}_{}",
        &listing[..4],
        rust(folder.split_once('-').ok_or("no number")?.1)
    );
    let mut text = format!("mod {module} {{\n");
    let files = ["starter.rs", "solution.rs"].map(|file| exercise.join(file));
    let others = ["wrong", "right"].map(|kind| exercise.join(kind));
    let others = others
        .iter()
        .filter(|kind| kind.is_dir())
        .map(|kind| entries(kind));
    let others: Vec<_> = others.collect::<Result<_, _>>()?;
    for answer in files.into_iter().chain(others.into_iter().flatten()) {
        let answer_of = answer.strip_prefix(exercise)?.with_extension("");
        let answer_of = answer_of.to_str().ok_or("not UTF-8")?;
        let around = program::around(&answer, &test, &checks)?;
        // What is not an answer to be proud of may leave a parameter unused, or a lock held too long.
        let proud = answer_of == "solution" || answer_of.starts_with("right");
        let allow = if proud {
            "dead_code"
        } else {
            "unused, clippy::all"
        };
        writeln!(
            text,
            "#[allow({allow})]\nmod {} {{\n{around}\n#[test]\nfn is_judged() {{\n    \
             crate::judge({listing:?}, {folder:?}, {answer_of:?}, CHECKS);\n}}\n}}",
            rust(answer_of)
        )?;
    }
    Ok(text + "}\n")
}

/// What lies in a folder, in order.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let found: Result<Vec<_>, _> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect();
    found.map(|mut found| {
        found.sort();
        found
    })
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn rust(name: &str) -> String {
    name.replace(['-', '/', '.'], "_")
}
