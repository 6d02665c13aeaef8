//! The page of versions: what tools print, what is recorded, and what may differ.

use std::collections::BTreeMap;

use scripts::versions::{Versions, differences, parse, render, version, write};

fn some(tools: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, version): &(&str, &str)| ((*name).to_owned(), (*version).to_owned());
    tools.iter().map(owned).collect()
}

/// As the programs print it, with what surrounds it.
#[test]
fn a_version_is_found_in_what_a_tool_prints() {
    let printed = [
        ("rustc", "rustc 1.95.0 (59807616e 2026-04-14)\n", "1.95.0"),
        ("Go", "go version go1.27.3 linux/amd64\n", "1.27.3"),
        (
            "Envoy",
            "\nenvoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL\n",
            "1.40.0",
        ),
        (
            "HAProxy",
            "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/\nKnown bugs: http://www.haproxy.org/bugs/bugs-2.6.12.html\n",
            "2.6.12",
        ),
        ("nginx", "nginx version: nginx/1.22.1\n", "1.22.1"),
        (
            "Traefik",
            "Version:      3.7.15\nCodename:     langres\nGo version:   go1.26.9\n",
            "3.7.15",
        ),
        (
            "Caddy",
            "v2.11.7 h1:yj0Y4fYZGPkSvibBJ1sTWE33xC0fxztVyXEW5iIdUT4=\n",
            "2.11.7",
        ),
        (
            "Chromium",
            "/usr/bin/chromium: 9: [: 25276493824: unexpected operator\nChromium 156.0.8078.108 built on Debian GNU/Linux 12 (bookworm)\n",
            "156.0.8078.108",
        ),
        ("pebble", "pebble\t2.4.0+ds1-2+b4\n", "2.4.0"),
        ("Linux", "6.18.44-fc\n", "6.18.44"),
    ];
    for (name, said, right) in printed {
        assert_eq!(version(name, said).as_deref(), Some(right), "{name}");
    }
    assert_eq!(
        version("pebble", "dpkg-query: no packages found matching pebble\n"),
        None
    );
    assert_eq!(version("unheard of", "unheard of 1.2\n"), None);
}

#[test]
fn what_a_file_fixes_must_not_differ_and_what_the_system_has_may() {
    let recorded = some(&[("Go", "1.27.3"), ("nginx", "1.22.1"), ("Caddy", "2.11.7")]);
    assert_eq!(differences(&recorded, &recorded), Default::default());

    let installed = some(&[
        ("Go", "1.28.0"),
        ("nginx", "1.26.3"),
        ("Chromium", "157.0.1"),
    ]);
    let found = differences(&recorded, &installed);
    let wrong = [
        "Go: 1.28.0 is installed, 1.27.3 is recorded; .ci/requirements.txt names the version",
        "Caddy: none is installed, 2.11.7 is recorded; .ci/requirements.txt names the version",
    ];
    assert_eq!(found.wrong, wrong);
    let moved = [
        "nginx: 1.26.3 is installed, 1.22.1 is recorded",
        "Chromium: 157.0.1 is installed, none is recorded",
    ];
    assert_eq!(found.moved, moved);
}

#[test]
fn what_is_written_is_read_and_shown() {
    let versions = Versions {
        date: "2026-11-27".into(),
        system: "a system".into(),
        tools: some(&[("Go", "1.27.3"), ("OpenSSL in Python", "3.0.19")]),
    };
    let text = write(&versions).unwrap();
    assert_eq!(parse(&text).unwrap(), versions);
    let page = render(&text, "tools").unwrap();
    assert!(page.contains("Asked on 2026-11-27, on a system."), "{page}");
    assert!(
        page.contains("| Go | 1.27.3 | `.ci/requirements.txt` |"),
        "{page}"
    );
    assert!(
        page.contains("| nginx | not there | Debian's newest suite |"),
        "{page}"
    );
}

#[test]
fn what_cannot_be_shown_is_an_error() {
    let file = "date = \"d\"\nsystem = \"s\"\n[tools]\n";
    let why = parse(&format!("{file}cady = \"2.11\"\n"))
        .unwrap_err()
        .to_string();
    assert!(why.contains("`cady`"), "{why}");
    let why = render(&format!("{file}Go = \"1 | 2\"\n"), "tools")
        .unwrap_err()
        .to_string();
    assert!(why.contains("no cell"), "{why}");
    assert!(render("date = 7", "tools").is_err());
    assert!(
        render(file, "other")
            .unwrap_err()
            .to_string()
            .contains("`other`")
    );
    let why = render(
        "[[package]]\nname = \"rustls\"\nversion = \"1.2.3\"\n",
        "crates",
    )
    .unwrap_err()
    .to_string();
    assert!(why.contains("no crate `rustls-webpki`"), "{why}");
}

/// The crates of the page are those of the workspace, each in every version that is built.
#[test]
fn crates_are_those_of_the_lock_file() {
    let lock = std::fs::read_to_string(scripts::root().unwrap().join("Cargo.lock")).unwrap();
    let page = render(&lock, "crates").unwrap();
    let row = page
        .lines()
        .find(|line| line.starts_with("| `rustls` |"))
        .unwrap();
    assert!(row.contains("0.23."), "{row}");
}
