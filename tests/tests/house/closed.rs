//! A program ends with its work, whether or not its output is still read.

use std::collections::BTreeSet;

use super::source::{Module, Names, parse};
use super::{every_source, only_exempt};

const MACROS: [&str; 4] = ["eprint", "eprintln", "print", "println"];

/// What a test prints is kept for it by the standard library's macros alone, and these print within tests.
const WITHIN_TESTS: [&str; 3] = ["listings/lab-test/", "scripts/exercise-bench/", "tests/"];

/// The macros of the standard library that are called here. Each panics where stdout or stderr is closed. Those of
/// `events`, which `lab` passes on, do not.
fn panics(module: &Module) -> BTreeSet<&'static str> {
    let among = |all: &BTreeSet<Names>, path: &[&str]| all.iter().any(|names| *names == path);
    let ours = |name| ["lab", "events"].map(|home| among(&module.named, &[home, name]));
    let here = MACROS.into_iter().filter(|&name| {
        let bare = among(&module.called, &[name]) && ours(name) == [false; 2];
        bare || among(&module.called, &["std", name])
    });
    let within = module.inner.values().flat_map(panics);
    here.chain(within).collect()
}

#[test]
fn no_program_panics_where_its_output_is_read_no_more() {
    let mut found = BTreeSet::new();
    for (file, text) in every_source() {
        if WITHIN_TESTS.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        let module = parse(&text).unwrap_or_else(|why| panic!("{file}: {why}"));
        found.extend(
            panics(&module)
                .iter()
                .map(|name| format!("{file}: {name}!")),
        );
    }
    let rule = "a program says what it says by the macros of `events` or `lab`, or by `let _ = writeln!`: \
        those of the standard library panic where its output is read no more";
    only_exempt(rule, &found, BTreeSet::new());
}

#[test]
fn a_macro_of_the_standard_library_is_found_wherever_it_is_called() {
    for (text, found) in [
        ("fn f() { println!(); }", "println"),
        ("fn f() { if a { g(|| eprintln!(\"{b}\")); } }", "eprintln"),
        (
            "fn f() { tokio::select! { () = a => { eprint!(\"b\") } } }",
            "eprint",
        ),
        ("use lab::println; fn f() { std::println!(); }", "println"),
        (
            "use lab::eprintln; fn f() { print!(\"a\"); eprintln!(); }",
            "print",
        ),
        // What is used in a file is not used in a module within it.
        (
            "use lab::println; mod a { fn f() { println!(); } }",
            "println",
        ),
    ] {
        assert_eq!(
            panics(&parse(text).unwrap()),
            BTreeSet::from([found]),
            "{text}"
        );
    }
}

#[test]
fn what_does_not_panic_passes() {
    for text in [
        "use lab::println; fn f() { println!(); }",
        "use events::{eprint, eprintln}; fn f() { eprint!(\"a\"); eprintln!(); }",
        "fn f() { lab::println!(); }",
        "fn f() { let _ = writeln!(stdout(), \"println!\"); } // println!",
        "#[cfg(test)] mod tests { fn f() { println!(); } }",
        "fn print(a: &str) {} fn f() { print(\"a\"); select! { () = a => { print(b) } } }",
    ] {
        assert_eq!(panics(&parse(text).unwrap()), BTreeSet::new(), "{text}");
    }
}
