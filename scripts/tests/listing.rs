//! A listing stands below its title, and a page says how long it takes.

use std::fs;

use scripts::expand::expand_all;
use scripts::listing::titled;
use scripts::minutes::Minutes;

const PAGE: &str = "# One

{{#listing The idea, in `one` line.}}

```rust
{{#include ../listings/ch01-one/src/lib.rs:idea}}
```

{{#fold The rest.}}

```rust
{{#include ../listings/ch01-one/src/lib.rs}}
```

The end.
";

#[test]
fn a_title_has_the_file_and_what_it_does() {
    let page = titled(PAGE).unwrap();
    let open = "<div class=\"listing\" data-language=\"rust\">\n\n\
                `listings/ch01-one/src/lib.rs`: The idea, in `one` line.\n\n\
                ```rust\n{{#include ../listings/ch01-one/src/lib.rs:idea}}\n```\n\n</div>\n";
    assert!(page.contains(open), "{page}");
    let folded = "<details class=\"listing\" data-language=\"rust\"><summary>\n\n\
                  `listings/ch01-one/src/lib.rs`: The rest.\n\n</summary>\n\n\
                  ```rust\n{{#include ../listings/ch01-one/src/lib.rs}}\n```\n\n</details>\n";
    assert!(page.contains(folded), "{page}");
    assert!(
        page.starts_with("# One\n\n<div") && page.ends_with("\n\nThe end.\n"),
        "{page}"
    );
}

/// What stands in the text only is no title, and nothing else is touched.
#[test]
fn a_page_without_listings_stays_as_it_is() {
    let page = "# One\n\n\\{{#listing no title}}\n\n```text\n{{#include x}}\n```\n";
    assert_eq!(titled(page).unwrap(), page);
}

/// 200 words or twelve lines are a minute; what is folded is counted apart.
#[test]
fn words_and_lines_become_minutes() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let idea =
        "// ANCHOR: idea\n".to_owned() + &"fn x() {}\n\n".repeat(11) + "// ANCHOR_END: idea\n";
    write(
        "listings/ch01-one/src/lib.rs",
        &(idea + &"fn y() {}\n".repeat(30)),
    );
    write("src/ch01-one.md", "");
    let source = root.path().join("src");
    let of = |page: &str| Minutes::of(&source, &titled(page).unwrap()).unwrap();
    // 11 of 12 lines open, 41 folded: empty lines are not read.
    let minutes = of(PAGE);
    assert_eq!((minutes.open(), minutes.folded()), (1, 4));
    // As many words as fill what is left of a minute, and then one more. The page has 14 of its own.
    let words = |many: usize| format!("{PAGE}\n{}\n", "word ".repeat(many));
    let own = of(PAGE);
    let fills = (0..200)
        .take_while(|many| of(&words(*many)).open() == own.open())
        .count();
    assert_eq!(of(&words(fills)).open(), 2, "{fills} words more");
    assert_eq!(of(&words(fills + 199)).open(), 2);
    assert_eq!(of(&words(fills + 200)).open(), 3);

    let page = format!("{{{{#minutes}}}}.\n\n{PAGE}");
    let page = expand_all(&source, &page).unwrap();
    assert!(
        page.starts_with("one minute to read, and 4 for the folded code.\n"),
        "{page}"
    );
}

/// Output is read by its words: four short lines are no third of a minute.
#[test]
fn output_is_counted_as_words() {
    let source = std::env::temp_dir();
    let console = format!("```text\n{}```\n", "ok\n".repeat(200));
    let of = |page: &str| Minutes::of(&source, page).unwrap().open();
    assert_eq!(of(&console), 1);
    assert_eq!(of(&format!("{console}\nmore\n")), 2);
}
