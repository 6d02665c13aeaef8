//! The book is found when a program runs: in any folder, and where a checkout was moved to.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use scripts::copy::{copy, use_preprocessor};
use scripts::root::root_from;

use super::once;

/// The program of this name in a checkout, as cargo builds it there.
fn put_program(checkout: &Path, program: &str) -> std::path::PathBuf {
    let to = checkout.join("target/debug");
    fs::create_dir_all(&to).unwrap();
    let to = to.join(Path::new(program).file_name().unwrap());
    // By a process of its own: what another test starts meanwhile would hold a file open that is written here, and a
    // file that is open for writing cannot be run.
    let copied = Command::new("cp").arg(program).arg(&to).status();
    assert!(copied.unwrap().success(), "{program} is not copied");
    to
}

fn run(program: &Path, directory: &Path, to: &Path) -> Output {
    Command::new(program)
        .args(["build", "-d"])
        .arg(to)
        .current_dir(directory)
        .output()
        .unwrap()
}

/// A whole checkout, with what was compiled in it, in a folder of this name. It is run from
/// `directory`, below the checkout or anywhere.
fn builds_from(name: &str, directory: &str) {
    let above = tempfile::tempdir().unwrap();
    let checkout = above.path().join(name);
    copy(&scripts::root().unwrap(), &checkout).unwrap();
    let book = put_program(&checkout, env!("CARGO_BIN_EXE_book"));
    let preprocess = put_program(&checkout, env!("CARGO_BIN_EXE_preprocess"));
    use_preprocessor(&checkout, &[preprocess.to_str().unwrap()]).unwrap();
    let page = "# Glossary\n\nOf the moved checkout.\n";
    fs::write(checkout.join("src/glossary.md"), page).unwrap();

    let site = above.path().join("a site");
    let output = run(&book, &checkout.join(directory), &site);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    let page = fs::read_to_string(site.join("glossary.html")).unwrap();
    assert!(page.contains("Of the moved checkout."), "{name}: {page}");
}

#[test]
fn a_folder_named_as_what_is_built() {
    once("a book below `book`", || builds_from("book", "/"));
}

#[test]
fn a_folder_with_a_blank_quotes_and_another_alphabet() {
    let name = "it's \"the\" Bücher $HOME; 本";
    once("a book below another name", || {
        builds_from(name, "listings/lab")
    });
}

#[test]
fn a_copy_leaves_out_what_is_built_and_nothing_else() {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().join("target");
    let files = [
        "book.toml",
        "src/book/one.md",
        "target/x",
        "book/x",
        ".git/x",
        "a/node_modules/x",
    ];
    for file in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let to = above.path().join("copy");
    copy(&root, &to).unwrap();
    let is_there: Vec<_> = files
        .into_iter()
        .filter(|file| to.join(file).exists())
        .collect();
    assert_eq!(is_there, ["book.toml", "src/book/one.md"]);
}

#[test]
fn where_there_is_no_book_it_is_said_where_one_was_looked_for() {
    let elsewhere = tempfile::tempdir().unwrap();
    let program = put_program(elsewhere.path(), env!("CARGO_BIN_EXE_book"));
    let output = run(&program, Path::new("/"), Path::new("/nowhere/site"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    let folder = program.parent().unwrap().display();
    let begin = "error: no folder with book.toml and Cargo.toml in /, in ";
    assert!(said.starts_with(&format!("{begin}{folder} or")), "{said}");
}

#[test]
fn the_nearest_root_counts_and_the_first_start_before_the_second() {
    let outer = tempfile::tempdir().unwrap();
    let inner = outer.path().join("a/inner");
    fs::create_dir_all(inner.join("src")).unwrap();
    for root in [outer.path(), &inner] {
        fs::write(root.join("book.toml"), "").unwrap();
        fs::write(root.join("Cargo.toml"), "").unwrap();
    }
    // A crate below the root is none.
    fs::write(outer.path().join("a/Cargo.toml"), "").unwrap();
    let found = |starts: &[&Path]| root_from(starts).unwrap();
    assert_eq!(found(&[&inner.join("src")]), inner);
    assert_eq!(found(&[&outer.path().join("a")]), outer.path());
    assert_eq!(found(&[Path::new("/"), &inner]), inner);
    assert_eq!(found(&[outer.path(), &inner]), outer.path());
}
