//! What `cargo book build` may delete: what a build of it wrote, and nothing else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use scripts::copy::use_preprocessor;
use tempfile::TempDir;

/// A book of one page.
fn book() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let config = "[book]\ntitle = \"A book\"\n[preprocessor.executable]\n\
         command = \"cargo run \"\n";
    fs::write(root.path().join("book.toml"), config).unwrap();
    use_preprocessor(root.path(), &[env!("CARGO_BIN_EXE_preprocess")]).unwrap();
    fs::create_dir(root.path().join("src")).unwrap();
    fs::create_dir(root.path().join("listings")).unwrap();
    fs::write(root.path().join("src/SUMMARY.md"), "- [One](one.md)\n").unwrap();
    page(root.path(), "The text.");
    root
}

fn page(root: &Path, text: &str) {
    fs::write(root.join("src/one.md"), format!("# One\n\n{text}\n")).unwrap();
}

/// `cargo book build -d TO`, in the book's folder.
fn build(root: &Path, to: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_book"))
        .args(["build", "--root", ".", "-d"])
        .arg(to)
        .current_dir(root)
        .output()
        .unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn built(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_folder_with_a_key_in_it_is_left_alone() {
    let book = book();
    let site = book.path().join("site");
    fs::create_dir(&site).unwrap();
    fs::write(site.join("tls.key"), "precious").unwrap();
    let said = refused(&build(book.path(), &site));
    assert!(
        said.contains("site: it holds tls.key, which no build of the book has finished"),
        "{said}"
    );
    assert!(said.contains("Name another folder"), "{said}");
    assert_eq!(
        fs::read_to_string(site.join("tls.key")).unwrap(),
        "precious"
    );
    assert_eq!(fs::read_dir(&site).unwrap().count(), 1);
}

/// A build's folder is a build's folder until something else is put into it.
#[test]
fn a_build_follows_a_build_until_there_is_something_else() {
    let book = book();
    let site = book.path().join("site");
    built(&build(book.path(), Path::new("site")));
    page(book.path(), "The second text.");
    built(&build(book.path(), Path::new("site")));
    let shown = fs::read_to_string(site.join("one.html")).unwrap();
    assert!(shown.contains("The second text."), "{shown}");

    fs::create_dir_all(site.join("live/service")).unwrap();
    fs::write(site.join("live/service/privkey.pem"), "precious").unwrap();
    let said = refused(&build(book.path(), &site));
    assert!(said.contains("it holds live/service/privkey.pem"), "{said}");
    fs::remove_dir_all(site.join("live")).unwrap();

    // A link is not looked behind, and is somebody's, too.
    symlink("/nowhere", site.join("link")).unwrap();
    let said = refused(&build(book.path(), &site));
    assert!(said.contains("it holds link,"), "{said}");
    fs::remove_file(site.join("link")).unwrap();
    built(&build(book.path(), &site));
}

/// A page that somebody has written in the place of one of ours is lost as a key would be.
#[test]
fn what_was_edited_since_is_somebodys() {
    let book = book();
    let site = book.path().join("site");
    built(&build(book.path(), &site));
    let written = fs::read_to_string(site.join("index.html")).unwrap();
    fs::write(site.join("index.html"), "precious").unwrap();
    let said = refused(&build(book.path(), &site));
    assert!(
        said.contains("it holds index.html, which was changed"),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(site.join("index.html")).unwrap(),
        "precious"
    );
    fs::write(site.join("index.html"), written).unwrap();
    built(&build(book.path(), &site));

    // A list of an earlier version has names alone.
    let list = site.join(".zero-downtime-book");
    let names = fs::read_to_string(&list).unwrap();
    let names: String = names
        .lines()
        .map(|line| format!("{}\n", &line[10..]))
        .collect();
    assert!(names.lines().any(|name| name == "index.html"), "{names}");
    fs::write(&list, names).unwrap();
    built(&build(book.path(), &site));
}

/// A build that fails leaves a folder that the next one may use; one that is not there stays so.
#[test]
fn a_failed_build_claims_nothing_and_blocks_nothing() {
    let book = book();
    let site = book.path().join("site");
    page(book.path(), "{{#include gone.rs}}");
    refused(&build(book.path(), &site));
    assert!(!site.exists());
    fs::create_dir(&site).unwrap();
    refused(&build(book.path(), &site));
    assert_eq!(fs::read_dir(&site).unwrap().count(), 0);

    page(book.path(), "The text.");
    built(&build(book.path(), &site));
    page(book.path(), "{{#include gone.rs}}");
    refused(&build(book.path(), &site));
    assert!(site.join("one.html").is_file());
    page(book.path(), "The mended text.");
    built(&build(book.path(), &site));
}

#[test]
fn the_folder_of_the_book_itself_is_no_destination() {
    let book = book();
    for to in [".", "src", "book.toml"] {
        refused(&build(book.path(), Path::new(to)));
    }
    symlink("src", book.path().join("link")).unwrap();
    for to in ["src/site", "src/a/b", "../one/src/site", "link/site"] {
        // The book has no name that is known before, and `..` is looked through.
        let to = to.replace("one", &book.path().file_name().unwrap().to_string_lossy());
        let said = refused(&build(book.path(), Path::new(&to)));
        assert!(said.contains("among the book's sources"), "{said}");
    }
    assert_eq!(fs::read_dir(book.path().join("src")).unwrap().count(), 2);
    // A name that only begins like that of the sources.
    built(&build(book.path(), Path::new("src-built")));
    assert!(book.path().join("src/one.md").is_file());
    assert!(book.path().join("book.toml").is_file());
}

/// The template of translations is written by a script, which needs mdBook only for what comes after this.
#[test]
fn a_translation_that_was_begun_is_left_alone() {
    let script = scripts::root().unwrap().join(".ci/translation");
    let folder = tempfile::tempdir().unwrap();
    for file in ["tls.key", "po/de.po", "po/.hidden"] {
        let to = folder.path().join("it's a folder");
        fs::create_dir_all(to.join("po")).unwrap();
        fs::create_dir_all(to.join("site")).unwrap();
        fs::write(to.join("po/messages.pot"), "").unwrap();
        fs::write(to.join(file), "precious").unwrap();
        // It is found from where the caller is.
        let mut command = Command::new(&script);
        let run = command.arg("it's a folder").current_dir(&folder).output();
        let said = refused(&run.unwrap());
        let name = Path::new(file).file_name().unwrap().to_string_lossy();
        assert!(
            said.contains(&format!("it holds {name}, which no")),
            "{said}"
        );
        assert_eq!(fs::read_to_string(to.join(file)).unwrap(), "precious");
        fs::remove_dir_all(&to).unwrap();
    }
}
