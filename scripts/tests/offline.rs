//! What a room without network needs is in it, and nothing of anybody's is written over.

use std::fs;
use std::path::Path;

use scripts::offline::{furnish, missing, tell_cargo};

const LOCK: &str = r#"
version = 4
[[package]]
name = "ours"
version = "0.1.0"

[[package]]
name = "theirs"
version = "1.2.3"
source = "registry+https://example.org/index"
"#;

fn checkout() -> tempfile::TempDir {
    let book = tempfile::tempdir().unwrap();
    fs::write(book.path().join("Cargo.lock"), LOCK).unwrap();
    fs::create_dir(book.path().join(".cargo")).unwrap();
    let aliases = "[alias]\nbook = \"run --bin book --\"\n";
    fs::write(book.path().join(".cargo/config.toml"), aliases).unwrap();
    book
}

#[test]
fn each_crate_of_the_lock_file_has_to_be_there() {
    let book = checkout();
    assert_eq!(missing(book.path()).unwrap(), ["theirs-1.2.3"]);
    let folder = book.path().join("vendor/theirs-1.2.3");
    fs::create_dir_all(&folder).unwrap();
    assert_eq!(
        missing(book.path()).unwrap(),
        ["theirs-1.2.3"],
        "a folder alone is no crate"
    );
    fs::write(folder.join(".cargo-checksum.json"), "{}").unwrap();
    assert_eq!(missing(book.path()).unwrap(), [""; 0]);
}

#[test]
fn cargo_keeps_its_aliases_and_is_told_where_the_sources_are() {
    let book = checkout();
    tell_cargo(book.path()).unwrap();
    let text = fs::read_to_string(book.path().join(".cargo/config.toml")).unwrap();
    let config: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(config["alias"]["book"].as_str(), Some("run --bin book --"));
    assert_eq!(
        config["source"]["vendored"]["directory"].as_str(),
        Some("vendor")
    );
    assert_eq!(
        config["source"]["crates-io"]["replace-with"].as_str(),
        Some("vendored")
    );
    assert_eq!(config["net"]["offline"].as_bool(), Some(true));
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let room = tempfile::tempdir().unwrap();
    fs::write(room.path().join("tls.key"), "precious").unwrap();
    let said = furnish(Path::new("."), room.path())
        .unwrap_err()
        .to_string();
    assert!(said.contains("it holds tls.key"), "{said}");
    let left: Vec<_> = fs::read_dir(room.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
}

/// The book's own configuration takes what is added to it: none of its tables is there twice.
#[test]
fn the_configuration_of_the_book_takes_it() {
    let book = checkout();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = here.join("../.cargo/config.toml");
    fs::copy(ours, book.path().join(".cargo/config.toml")).unwrap();
    tell_cargo(book.path()).unwrap();
    let text = fs::read_to_string(book.path().join(".cargo/config.toml")).unwrap();
    assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{text}");
}
