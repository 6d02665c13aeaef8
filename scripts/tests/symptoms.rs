//! The index of symptoms says what its list says, and leads somewhere.

use std::fs;

use scripts::error::Error;
use scripts::symptoms::render;

const LIST: &str = r#"
[[step]]
id = "look"
says = "Look at it:"
command = "openssl x509 -noout -dates"

[[kind]]
id = "expired"
title = "It has expired"
means = "It is over."
entries = [2]
chapter = "ch07-graceful-degradation.md#which-clock"
step = "look"

[[program]]
id = "server"
name = "Server"
about = "In its log."
tool = "nginx"
test = "tests/servers.rs::server"

[[program.symptom]]
id = "server-expired"
kind = "expired"
words = "<error> ‹time›: the certificate has expired"
also = [{ version = "Server 1.1", words = "the certificate is over!" }]
scene = "expired"
note = "It goes on."

[[program]]
id = "other"
name = "Other"
about = "On its page."

[[program.symptom]]
id = "other-expired"
kind = "expired"
title = "It is late"
words = "certificate is late"
means = "Late it is."
first = "Wait."
find = "LATE"
source = "https://example.org/a"
read = "2026-11-27"
"#;

/// Renders a part of a list, beside what it refers to.
fn rendered(list: &str, which: &str) -> Result<String, Error> {
    let root = tempfile::tempdir().unwrap();
    for folder in ["src", "tests"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    for (name, text) in [
        ("src/recipes.md", "# Recipes\n"),
        ("tests/servers.rs", "async fn server() {}\n"),
        ("tests/catalogue.toml", "[[failure]]\n[[failure]]\n"),
        (
            "tests/versions.toml",
            "date = \"2026-11-27\"\nsystem = \"Linux\"\n[tools]\nnginx = \"1.2.3\"\n",
        ),
        (
            "Cargo.lock",
            "[[package]]\nname = \"rustls\"\nversion = \"0.23.0\"\n",
        ),
    ] {
        fs::write(root.path().join(name), text).unwrap();
    }
    render(root.path(), list, which)
}

#[test]
fn the_index_in_full() {
    let expected = r#"<section class="program" style="--characters: 413">

## Server {#server}

In its log. Captured from Server 1.2.3 by `tests/servers.rs::server`.

### <samp>&#60;error&#62; <var>time</var>&#58; the certificate has expired</samp> {#server-expired}

In Server 1.1: <samp>the certificate is over&#33;</samp>

**It has expired.** It is over. It goes on.

**First.** Look at it: `openssl x509 -noout -dates`

More: [failure 2](failure-catalogue.md#entry-2), [chapter 7](ch07-graceful-degradation.md#which-clock), [recipes](recipes.md).

</section>

<section class="program" style="--characters: 298">

## Other {#other}

On its page.

### <samp>certificate is late</samp> {#other-expired}

**It is late.** Late it is. The search knows it by `LATE`.

**First.** Wait.

More: [failure 2](failure-catalogue.md#entry-2), [chapter 7](ch07-graceful-degradation.md#which-clock), [recipes](recipes.md). Cited from [its source](https://example.org/a), read on 2026-11-27.

</section>

"#;
    assert_eq!(rendered(LIST, "index").unwrap(), expected);
}

#[test]
fn what_cannot_wait_leads_to_the_page_for_the_night() {
    let list = LIST.replace(
        "step = \"look\"",
        "night = \"it-has-expired\"\nstep = \"look\"",
    );
    let page = rendered(&list, "index").unwrap();
    let link = "[the page for the night](recipes-night.md#it-has-expired).";
    assert_eq!(page.matches(link).count(), 2, "{page}");
    assert!(!page.contains("(recipes.md)"), "{page}");
}

#[test]
fn the_programs_with_their_counts() {
    let expected = "2 lines: 1 captured from the programs by tests, 1 cited from their sources.

| program | captured | cited |
|---|---:|---:|
| [Server](#server) | 1 | 0 |
| [Other](#other) | 0 | 1 |
";
    assert_eq!(rendered(LIST, "programs").unwrap(), expected);
}

#[test]
fn the_version_of_a_crate_is_that_of_the_lock() {
    let list = LIST.replace("tool = \"nginx\"", "package = \"rustls\"");
    let page = rendered(&list, "index").unwrap();
    assert!(page.contains("Captured from Server 0.23.0 by"), "{page}");
}

#[track_caller]
fn refused(from: &str, to: &str, error: &str) {
    assert!(LIST.contains(from), "`{from}` is not in the list");
    let said = rendered(&LIST.replacen(from, to, 1), "index");
    let said = said.unwrap_err().to_string();
    assert!(said.contains(error), "{said}");
}

#[test]
fn what_leads_nowhere_is_refused() {
    refused(
        "::server",
        "::gone",
        "server: tests/servers.rs has no test `gone`",
    );
    refused("servers.rs", "gone.rs", "server: tests/gone.rs: ");
    refused(
        "tool = \"nginx\"",
        "tool = \"ngins\"",
        "no version of `ngins` is recorded",
    );
    refused(
        "tool = \"nginx\"",
        "package = \"none\"",
        "no crate `none` in it",
    );
    refused(
        "entries = [2]",
        "entries = [3]",
        "no entry of the catalogue is called `3`",
    );
    refused(
        "scene = \"expired\"",
        "",
        "server-expired: it needs a scene",
    );
    assert!(
        rendered(LIST, "other")
            .unwrap_err()
            .to_string()
            .contains("no part `other`")
    );
}
