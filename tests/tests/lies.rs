//! The real book holds, and each kind of lie is found, where it stands.

use std::fs;
use std::path::Path;

use scripts::check::{Problem, check};
use tempfile::TempDir;

#[test]
fn the_book_holds() {
    let problems = check(&scripts::root().unwrap()).unwrap();
    let list: Vec<_> = problems.iter().map(Problem::to_string).collect();
    assert!(list.is_empty(), "\n{}", list.join("\n"));
}

const CHAPTER: &str = "# One

**You will** see it in {{#minutes}}.

**Predict.** What comes?

**Holds at the end.** It is one.

{{#listing The idea.}}

```rust
{{#include ../listings/ch01-one/src/lib.rs:idea}}
```

```console
{{#include ../listings/ch01-one/transcripts/demo.console}}
```

{{#timeline ../listings/ch01-one/transcripts/demo.events.jsonl}}

## Carry away

- One.
- Two.
- Three.

There is no more to it.
";

/// A page of a chapter that shows nothing.
const TWO: &str = "# Two

**You will** see it in {{#minutes}}.

**Predict.** What comes?

**Holds at the end.** It is two.

## Carry away

- One.
- Two.
- Three.
";

const LISTING: &str = "// ANCHOR: idea
fn idea() {}
// ANCHOR_END: idea
// ANCHOR: empty
// ANCHOR_END: empty
// ANCHOR: twice
fn once() {}
// ANCHOR_END: twice
// ANCHOR: twice
fn again() {}
// ANCHOR_END: twice
// ANCHOR: open
fn open() {}
";

/// A book of one chapter that holds.
fn book() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let event = r#"{"ts":"2026-11-24T10:00:00.000000000Z","event":"listening","port":1}"#;
    write("README.md", "```sh\ncargo book\n```\n");
    write("src/SUMMARY.md", "- [One](ch01-one.md)\n");
    write("src/ch01-one.md", CHAPTER);
    write("listings/ch01-one/src/lib.rs", LISTING);
    write(
        "listings/ch01-one/transcripts/demo.console",
        "$ cargo run\n",
    );
    write("listings/ch01-one/transcripts/demo.events.jsonl", event);
    root
}

fn problems(root: &Path) -> Vec<String> {
    let found = check(root).unwrap();
    // Paths of the machine are not the subject.
    let root = format!("{}/src/../", root.display());
    found
        .iter()
        .map(|problem| problem.to_string().replace(&root, ""))
        .collect()
}

/// The chapter with one more part has this one problem, on the line after the chapter's end.
#[track_caller]
fn lie(part: &str, what: &str) {
    let book = book();
    let line = CHAPTER.lines().count() + 2;
    let chapter = format!("{CHAPTER}\n{part}\n");
    fs::write(book.path().join("src/ch01-one.md"), chapter).unwrap();
    assert_eq!(
        problems(book.path()),
        [format!("src/ch01-one.md:{line}: {what}")]
    );
}

/// The same of a fence below a title, so that the lack of one is not what is wrong.
#[track_caller]
fn below_a_title(fence: &str, what: &str) {
    let book = book();
    let line = CHAPTER.lines().count() + 4;
    let chapter = format!("{CHAPTER}\n{{{{#fold It.}}}}\n\n{fence}\n");
    fs::write(book.path().join("src/ch01-one.md"), chapter).unwrap();
    assert_eq!(
        problems(book.path()),
        [format!("src/ch01-one.md:{line}: {what}")]
    );
}

/// The chapter with one more part is still right.
#[track_caller]
fn truth(part: &str) {
    let book = book();
    fs::write(
        book.path().join("src/ch01-one.md"),
        format!("{CHAPTER}\n{part}\n"),
    )
    .unwrap();
    assert_eq!(problems(book.path()), [""; 0]);
}

/// After this change the book has this one problem.
#[track_caller]
fn flaw(change: impl FnOnce(&Path), what: &str) {
    let book = book();
    change(book.path());
    assert_eq!(problems(book.path()), [what]);
}

#[test]
fn the_control_holds() {
    truth("A sentence.");
}

#[test]
fn a_missing_file() {
    let what = "cannot read listings/ch01-one/src/gone.rs: No such file or directory (os error 2)";
    lie("{{#include ../listings/ch01-one/src/gone.rs}}", what);
}

#[test]
fn an_unknown_anchor() {
    let what = "listings/ch01-one/src/lib.rs has no anchor `ideas`";
    lie("{{#include ../listings/ch01-one/src/lib.rs:ideas}}", what);
}

#[test]
fn an_empty_anchor() {
    let what = "anchor `empty` in listings/ch01-one/src/lib.rs is empty";
    lie("{{#include ../listings/ch01-one/src/lib.rs:empty}}", what);
}

#[test]
fn an_unclosed_anchor() {
    let what = "anchor `open` in listings/ch01-one/src/lib.rs does not end";
    lie("{{#include ../listings/ch01-one/src/lib.rs:open}}", what);
}

#[test]
fn an_anchor_that_begins_twice() {
    let what = "anchor `twice` begins twice in listings/ch01-one/src/lib.rs";
    lie("{{#include ../listings/ch01-one/src/lib.rs:twice}}", what);
}

#[test]
fn lines_by_number() {
    let what = "`../listings/ch01-one/src/lib.rs:2:3` names lines by number: name an anchor";
    lie("{{#include ../listings/ch01-one/src/lib.rs:2:3}}", what);
}

#[test]
fn an_unknown_directive() {
    lie(
        "{{#playground x.rs}}",
        "`{{#playground}}` is no directive of this book",
    );
    truth(r"\{{#playground x.rs}}");
}

#[test]
fn a_directive_without_its_path() {
    lie(
        "{{#changed ../README.md}}",
        "`changed` takes 2 paths, and has 1",
    );
}

#[test]
fn a_change_that_is_none() {
    let same = "{{#changed ../README.md ../README.md}}";
    lie(same, "README.md and README.md are the same");
}

#[test]
fn a_timeline_of_no_events() {
    let what = "listings/ch01-one/src/lib.rs:idea: line 1: expected ident at line 1 column 2";
    lie("{{#timeline ../listings/ch01-one/src/lib.rs:idea}}", what);
}

#[test]
fn rust_that_no_checker_sees() {
    lie(
        "```rs\nfn x() {}\n```",
        "`rs`: no checker sees this fence; say `rust`",
    );
    for info in [
        "rust,ignore",
        "rust,norun",
        "rust ignore",
        "Rust",
        "rust,compile_fail",
        "rust,",
    ] {
        let what = format!("`{info}`: no checker compiles this fence");
        lie(&format!("```{info}\nfn x() {{}}\n```"), &what);
    }
    lie(
        "~~~~rs\nfn x() {}\n~~~~",
        "`rs`: no checker sees this fence; say `rust`",
    );
    lie(
        "> ```rs\n> fn x() {}\n> ```",
        "`rs`: no checker sees this fence; say `rust`",
    );
    for info in ["rust", "rust,no_run", "rust,should_panic"] {
        truth(&format!("```{info}\nfn x() {{}}\n```"));
    }
}

#[test]
fn rust_from_elsewhere() {
    let elsewhere = "```rust\n{{#include ../README.md}}\n```";
    below_a_title(elsewhere, "Rust is included from a listing");
    let ignored = "```rust,ignore\n{{#include ../listings/ch01-one/src/lib.rs:idea}}\n```";
    let what = "`rust,ignore`: an include needs no attributes";
    below_a_title(ignored, what);
}

#[test]
fn a_listing_without_a_title() {
    let part = "```rust\n{{#include ../listings/ch01-one/src/lib.rs:idea}}\n```";
    lie(
        part,
        "a listing without a title: `{{#listing What it does.}}` before it",
    );
    truth(&format!("{{{{#listing The idea again.}}}}\n\n{part}"));
    truth(&format!("{{{{#fold The idea again.}}}}\n\n{part}"));
    // Output has its command, and a table is none.
    truth("```console\n{{#include ../listings/ch01-one/transcripts/demo.console}}\n```");
}

#[test]
fn a_title_without_a_listing() {
    let after = |part: &str, what: &str| {
        let line = CHAPTER.lines().count() + 2;
        let add = |root: &Path| {
            fs::write(root.join("src/ch01-one.md"), format!("{CHAPTER}\n{part}\n")).unwrap();
        };
        let what = format!("src/ch01-one.md: line {line}: the title of a listing {what}");
        flaw(add, &what);
    };
    let needs = "needs a fence that includes a file, with one empty line between";
    after("{{#listing The idea.}}", needs);
    after("{{#listing The idea.}}\n\n\n```rust\nfn x() {}\n```", needs);
    after("{{#fold The idea.}}\n\n```rust\nfn x() {}\n```", needs);
    let include = "```rust\n{{#include ../listings/ch01-one/src/lib.rs:idea}}\n```";
    let add = |root: &Path| {
        let page = format!("{CHAPTER}\n{{{{#listing}}}}\n\n{include}\n");
        fs::write(root.join("src/ch01-one.md"), page).unwrap();
    };
    let line = CHAPTER.lines().count() + 2;
    let words = "has no words: say what the listing does";
    flaw(
        add,
        &format!("src/ch01-one.md: line {line}: the title of a listing {words}"),
    );
}

#[test]
fn a_page_that_takes_too_long() {
    let longer = |words: usize, lines: usize| {
        let book = book();
        let (words, lines) = ("word ".repeat(words), "fn x() {}\n".repeat(lines));
        let chapter = format!("{CHAPTER}\n{words}\n\n```rust\n{lines}```\n");
        fs::write(book.path().join("src/ch01-one.md"), chapter).unwrap();
        problems(book.path())
    };
    assert_eq!(longer(2_000, 114), [""; 0]);
    let told = |minutes: usize| {
        [format!(
            "src/ch01-one.md: takes {minutes} minutes to read: 20 are the limit"
        )]
    };
    assert_eq!(longer(2_200, 114), told(21));
    assert_eq!(longer(2_000, 132), told(22));
}

#[test]
fn a_page_without_its_opening_or_its_end() {
    let without = |part: &str, what: &str| {
        let book = book();
        assert!(CHAPTER.contains(part), "{part}");
        fs::write(
            book.path().join("src/ch01-one.md"),
            CHAPTER.replace(part, ""),
        )
        .unwrap();
        assert_eq!(problems(book.path()), [format!("src/ch01-one.md: {what}")]);
    };
    without("**You will**", "does not open with `**You will**`");
    without("**Predict.**", "asks for no prediction: `**Predict.**`");
    without(
        "**Holds at the end.**",
        "states no invariants: `**Holds at the end.**`",
    );
    let end = "does not end with `## Carry away` and three to five points";
    without("## Carry away", end);
    without("- Three.\n", end);
    without(
        "{{#minutes}}",
        "says not once how long it takes: `{{#minutes}}`",
    );
}

#[test]
fn code_that_was_typed() {
    for language in ["go", "python", "json", "toml", "yaml", "java", "diff"] {
        let what = format!("`{language}` that is not included from a file");
        lie(&format!("```{language}\nx\n```"), &what);
    }
    lie(
        "```console\n$ cargo run\n```",
        "a console block is an included transcript",
    );
    lie(
        "```text\n$ cargo run\n```",
        "this `text` is code: include it from a listing",
    );
    lie("```\nx\n```", "a code block without a language: say `text`");
    lie(
        "    indented",
        "a code block without a language: say `text`",
    );
}

#[test]
fn a_command_that_nobody_runs() {
    let what = "`cargo frob` stands neither in README.md nor in .ci/run";
    lie("```sh\ncargo frob\n```", what);
    truth("```sh\n# a comment\ncargo book\n```");
}

#[test]
fn a_chapter_that_nobody_finds() {
    let lost = |root: &Path| fs::write(root.join("src/lost.md"), "# Lost\n").unwrap();
    flaw(lost, "src/lost.md: not in SUMMARY.md: nobody will find it");
}

#[test]
fn a_listing_without_a_chapter() {
    let add = |root: &Path| fs::create_dir(root.join("listings/ch02-two")).unwrap();
    flaw(
        add,
        "listings/ch02-two: no chapter src/ch02-two.md shows it",
    );
}

#[test]
fn a_chapter_without_a_listing() {
    let add = |root: &Path| {
        fs::write(root.join("src/ch02-two.md"), TWO).unwrap();
        fs::write(
            root.join("src/SUMMARY.md"),
            "- [1](ch01-one.md)\n- [2](ch02-two.md)\n",
        )
        .unwrap();
    };
    flaw(add, "src/ch02-two.md: no listings/ch02-two");
}

#[test]
fn a_chapter_that_shows_nothing_of_its_listing() {
    let add = |root: &Path| {
        fs::create_dir(root.join("listings/ch02-two")).unwrap();
        fs::write(root.join("src/ch02-two.md"), TWO).unwrap();
        fs::write(
            root.join("src/SUMMARY.md"),
            "- [1](ch01-one.md)\n- [2](ch02-two.md)\n",
        )
        .unwrap();
    };
    flaw(add, "src/ch02-two.md: shows nothing of its own listing");
}

#[test]
fn a_transcript_that_nobody_shows() {
    let add = |root: &Path| {
        fs::write(
            root.join("listings/ch01-one/transcripts/more.console"),
            "$ x\n",
        )
        .unwrap();
    };
    flaw(
        add,
        "listings/ch01-one/transcripts/more.console: no chapter shows it",
    );
}

#[test]
fn a_figure_that_nobody_shows() {
    let add = |root: &Path| {
        fs::create_dir(root.join("listings/ch01-one/measured")).unwrap();
        fs::write(root.join("listings/ch01-one/measured/speed.txt"), "$ x\n").unwrap();
    };
    flaw(
        add,
        "listings/ch01-one/measured/speed.txt: no chapter shows it",
    );
}

/// mdBook itself lets all of this pass. Ours ends with an error, and writes nothing.
#[test]
fn a_lie_ends_the_build() {
    let book = book();
    let root = book.path();
    let real = scripts::root().unwrap();
    let config = fs::read_to_string(real.join("book.toml")).unwrap();
    // This book has neither the looks nor the pages that moved.
    let (config, _) = config.split_once("[output.html.redirect]").unwrap();
    let config = config
        .lines()
        .filter(|line| !line.starts_with("additional-"))
        .collect::<Vec<_>>()
        .join("\n");
    fs::write(root.join("book.toml"), config).unwrap();
    // The preprocessor is built from the real workspace, whatever book it is to check.
    scripts::copy::use_preprocessor_of(&real, root).unwrap();
    let site = root.join("site");
    scripts::site::build(root, Some(&site), None).unwrap();
    assert!(site.join("ch01-one.html").is_file());
    fs::remove_dir_all(&site).unwrap();

    let chapter = format!("{CHAPTER}\n{{{{#include ../gone.rs}}}}\n");
    fs::write(root.join("src/ch01-one.md"), chapter).unwrap();
    assert!(scripts::site::build(root, Some(&site), None).is_err());
    assert!(!site.exists());
}
