//! The checker catches what is wrong, and lets pass what only looks so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::circle::{Tree, Uses, circles};
use super::source::functions;
use super::{backwards, manifest, only_exempt, others};

/// The circles of a crate of these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let name = |file: &Path| {
        let name = file.strip_prefix(folder.path()).unwrap();
        name.to_str().unwrap().to_owned()
    };
    let found = circles(&Tree::read(&folder.path().join("lib.rs")).uses());
    found
        .iter()
        .map(|circle| circle.iter().map(|file| name(file)).collect())
        .collect()
}

#[test]
fn two_files_that_use_each_other() {
    let by_crate = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use crate::a::A; pub struct B(Option<Box<A>>);"),
    ];
    assert_eq!(circles_of(&by_crate), [["a.rs", "b.rs"]]);
    let by_super = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub fn a() { super::b::b() }"),
        ("b.rs", "use super::a; pub fn b() { a::a() }"),
    ];
    assert_eq!(circles_of(&by_super), [["a.rs", "b.rs"]]);
    let by_macro = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub fn a() { println!(\"{}\", crate::b::b()) }"),
        ("b.rs", "pub fn b() -> bool { matches!(crate::a::C, 1) }"),
    ];
    assert_eq!(circles_of(&by_macro), [["a.rs", "b.rs"]]);
}

#[test]
fn a_circle_of_three_and_one_by_way_of_a_folder() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::{self, B};"),
        ("b.rs", "use crate::c::deep::*;"),
        ("c/mod.rs", "pub mod deep; mod other;"),
        ("c/deep.rs", "use super::super::a as first;"),
        ("c/other.rs", "use super::deep::D;"),
    ];
    assert_eq!(circles_of(&files), [["a.rs", "b.rs", "c/deep.rs"]]);
}

#[test]
fn a_parent_and_its_child() {
    let files = [
        ("lib.rs", "mod a; use a::A; pub struct Root(A);"),
        ("a.rs", "use crate::Root; pub struct A(Option<Box<Root>>);"),
    ];
    assert_eq!(circles_of(&files), [["a.rs", "lib.rs"]]);
}

/// What the root passes on comes from where it is.
#[test]
fn a_circle_by_way_of_what_the_root_passes_on() {
    let files = [
        (
            "lib.rs",
            "mod a; mod b; pub use a::A; pub use b::B as Other;",
        ),
        ("a.rs", "use crate::Other; pub struct A(Other);"),
        ("b.rs", "use crate::A; pub struct B(Option<Box<A>>);"),
    ];
    assert_eq!(circles_of(&files), [["a.rs", "b.rs"]]);
}

#[test]
fn what_only_looks_like_a_circle_passes() {
    let files = [
        // To declare, and to pass on, is not to use.
        (
            "lib.rs",
            "//! [`a::A`], [`b`]\nmod a; mod b; pub use a::A; pub struct Root;",
        ),
        // A variable that is called as a module, a comment, a string, a longer name.
        (
            "a.rs",
            "use crate::Root; pub struct A(Root); fn f(b: u8) -> u8 { /* crate::b::B */ b }\n\
             const S: &str = \"crate::b::B\"; use std::mem as b;",
        ),
        (
            "b.rs",
            "use crate::A; pub struct B(A); fn g() { vec![S { a: crate::Root }]; }",
        ),
        // A test within a file is a test.
        ("c.rs", ""),
    ];
    assert_eq!(circles_of(&files), Vec::<Vec<String>>::new());
    let tested = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }",
        ),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
    ];
    assert_eq!(circles_of(&tested), Vec::<Vec<String>>::new());
    let inner = [(
        "lib.rs",
        "mod a { use super::b::B; } mod b { use super::a::A; }",
    )];
    assert_eq!(circles_of(&inner), Vec::<Vec<String>>::new());
}

#[test]
fn a_folder_that_uses_a_later_one() {
    let uses = [("a.rs", "a/x.rs"), ("a/x.rs", "c.rs"), ("c.rs", "a.rs")];
    let uses: Uses<_> = uses
        .map(|(from, to)| (from.into(), BTreeSet::from([to.into()])))
        .into();
    let found = |order: &[&str]| backwards(&uses, Path::new(""), order);
    assert_eq!(found(&["a", "c"]), BTreeSet::from(["a: c".into()]));
    assert_eq!(found(&["c", "a"]), BTreeSet::from(["c: a".into()]));
    let unknown = "a has no place in the order";
    assert_eq!(
        found(&["c"]),
        BTreeSet::from([unknown.into(), "c: a".into()])
    );
}

#[test]
fn crates_that_use_each_other() {
    let bench = "[package]\nname = \"a\"\n[dev-dependencies]\nb.workspace = true\n";
    let server = "[package]\nname = \"b\"\n[dependencies]\na.workspace = true\n";
    let uses: Uses<_> = [bench, server].map(manifest).into();
    assert_eq!(
        circles(&uses),
        BTreeSet::from([vec!["a".into(), "b".into()]])
    );
    let uses: Uses<_> = [server].map(manifest).into();
    assert!(circles(&uses).is_empty());
}

#[test]
fn lines_are_counted_from_the_first_word_to_the_last_brace() {
    let text = "/// Documented.\n#[inline]\npub fn one() {}\n\nimpl S {\n    fn three(\n    ) {\n    }\n}\n\
         trait T {\n    fn two() {\n    }\n    fn none();\n}\nfn outer() {\n    fn inner() {}\n}\n";
    let found = functions(text);
    let found: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.lines)).collect();
    let expected = [
        ("one", 1),
        ("three", 3),
        ("two", 2),
        ("outer", 3),
        ("inner", 1),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_error_is_made_the_systems_also_over_two_lines() {
    let text =
        "a.map_err(io::Error::other)?; b\n    .map_err(\n io::Error::other)?; c.map_err(E::from)";
    assert_eq!(others(text), 2);
}

#[test]
#[should_panic(expected = "broken by: [\n    \"b\"")]
fn what_is_not_exempt_fails() {
    let broken = ["a", "b"].map(String::from).into();
    only_exempt("", &broken, ["a"].map(String::from).into());
}

#[test]
#[should_panic(expected = "no longer exempt: [\n    \"b\"")]
fn what_is_exempt_and_whole_fails() {
    let broken = ["a"].map(String::from).into();
    only_exempt("", &broken, ["a", "b"].map(String::from).into());
}
