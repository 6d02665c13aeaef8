//! A file with several mistakes is told all of them at once.

use std::fs;

use super::Folder;

/// Each value is of the wrong type, and beside them stands an unknown key.
const WRONG: &str = r#"command = ["srv", "{certificate}", "{key}", 5]
speaks = "http"
http3 = "yes"
name = 7
keys = "dsa"
[reload]
signal = 1
[limits]
reload_within_ms = "5"
[ready]
within_ms = -1
[[file]]
path = "a"
text = 3
[allow.expired]
because = 5
until = 2027-03-01
"#;

#[test]
fn all_mistakes_are_told_in_their_order() {
    let folder = Folder::new();
    fs::write(folder.path("wrong.toml"), WRONG).unwrap();
    let done = folder.run(&["check", "wrong.toml"]);
    done.says(3, &[]);
    let lines: Vec<usize> = done
        .err
        .lines()
        .filter_map(|line| {
            line.split_once("wrong.toml, line ")?
                .1
                .split(',')
                .next()?
                .parse()
                .ok()
        })
        .collect();
    let mut sorted = lines.clone();
    sorted.sort_unstable();
    assert_eq!(lines, sorted, "in the order of the file: {}", done.err);
    for (line, what) in [
        (1, "integer `5`, expected a string"),
        (2, "unknown key `speaks`"),
        (3, "string \"yes\", expected a boolean"),
        (4, "integer `7`, expected a string"),
        (5, "unknown variant `dsa`"),
        (7, "integer `1`, expected a string"),
        (9, "string \"5\", expected an integer"),
        (11, "integer `-1`"),
        (14, "integer `3`, expected a string"),
        (16, "integer `5`, expected a string"),
    ] {
        let told = done.err.contains(what) && lines.contains(&line);
        assert!(told, "line {line}, {what}: {}", done.err);
    }
}

/// What is taken out to find the next mistake is not told as missing.
#[test]
fn a_required_key_of_the_wrong_type_is_told_once() {
    let folder = Folder::new();
    fs::write(
        folder.path("wrong.toml"),
        "keys = 1\n[attach]\naddress = 1\ndirectory = 2\nca = \"c\"\n",
    )
    .unwrap();
    let done = folder.run(&["check", "wrong.toml"]);
    done.says(3, &["line 1", "line 3", "line 4"]);
    assert!(!done.err.contains("missing"), "{}", done.err);
    let told = [
        "`keys` is one of",
        "`address` is of the type",
        "`directory` is of the type",
    ];
    for what in told {
        assert_eq!(done.err.matches(what).count(), 1, "{what}: {}", done.err);
    }
}
