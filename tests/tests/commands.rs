//! What a reader is told to run: each `cargo` command in the pages and in the files at the root names
//! packages, targets, options and tests that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::Value;
use walkdir::WalkDir;

/// Tell of commands that are no more.
const HISTORY: [&str; 2] = ["src/changelog.md", "src/changelog-older.md"];
/// Subcommands of cargo itself, of which nothing else is to be checked.
const PLAIN: [&str; 4] = ["deny", "doc", "fmt", "metadata"];
const BUILDING: [&str; 7] = [
    "bench", "build", "check", "clippy", "install", "run", "test",
];

/// What there is to name.
struct Workspace {
    root: PathBuf,
    packages: BTreeMap<String, Value>,
    /// What an alias of `.cargo/config.toml` stands for.
    aliases: BTreeMap<String, String>,
}

impl Workspace {
    fn read() -> Self {
        let root = scripts::root().unwrap();
        let metadata = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
            .current_dir(&root)
            .output()
            .unwrap();
        let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter();
        let named = |of: &Value| (of["name"].as_str().unwrap().to_owned(), of.clone());
        let config = fs::read_to_string(root.join(".cargo/config.toml")).unwrap();
        let config: toml::Table = toml::from_str(&config).unwrap();
        let aliases = config["alias"].as_table().unwrap().iter();
        let alias =
            |(name, of): (&String, &toml::Value)| (name.clone(), of.as_str().unwrap().into());
        Self {
            packages: packages.map(named).collect(),
            aliases: aliases.map(alias).collect(),
            root,
        }
    }

    /// What is wrong with a command, from the word behind `cargo` on. `begun` are chapters that the same
    /// page begins.
    fn check(&self, words: &[&str], begun: &BTreeSet<String>) -> Result<(), String> {
        let Some((name, rest)) = words.split_first() else {
            return Ok(());
        };
        if let Some(alias) = self.aliases.get(*name) {
            return self.check_alias(alias, rest);
        }
        if PLAIN.contains(name) {
            return Ok(());
        }
        if !BUILDING.contains(name) {
            return Err(format!("there is no subcommand and no alias `{name}`"));
        }
        let mut options = Vec::new();
        let mut filter = None;
        let mut words = rest.iter().take_while(|word| **word != "--");
        while let Some(word) = words.next() {
            match *word {
                "-p" | "--package" | "--test" | "--bin" | "--bench" | "--features" | "--path"
                | "--root" | "--target" | "--version" => {
                    let value = words.next().ok_or(format!("{word} names nothing"))?;
                    let option = word.trim_start_matches('-').replace("package", "p");
                    options.push((option, *value));
                }
                "-q" | "--quiet" | "--release" | "--locked" | "--workspace" | "--bins"
                | "--all-targets" | "--debug" => {}
                word if word.starts_with('-') => return Err(format!("{word} is not known here")),
                word if *name == "test" => filter = Some(word),
                // A program of somebody else.
                _ if *name == "install" => {}
                word => return Err(format!("`{word}` has no place")),
            }
        }
        let of = |wanted| {
            let mut options = options.iter();
            options.find_map(|(option, value)| (option == wanted).then_some(*value))
        };
        if let Some(path) = of("path") {
            let is_there = self.root.join(path).join("Cargo.toml").is_file();
            return is_there
                .then_some(())
                .ok_or(format!("{path} is no package"));
        }
        match of("p") {
            None => Ok(()),
            Some(package) if placeholder(package) || begun.contains(package) => Ok(()),
            Some(package) => self.check_package(package, name, &options, filter),
        }
    }

    fn check_package(
        &self,
        package: &str,
        command: &str,
        options: &[(String, &str)],
        filter: Option<&str>,
    ) -> Result<(), String> {
        let found = self.packages.get(package);
        let found = found.ok_or(format!("there is no package {package}"))?;
        let targets = found["targets"].as_array().unwrap();
        let has = |kind: &str, name: Option<&str>| {
            let is = |target: &&Value| {
                target["kind"][0] == kind && name.is_none_or(|name| target["name"] == name)
            };
            targets.iter().find(is)
        };
        for (option, name) in options {
            let known = match option.as_str() {
                kind @ ("test" | "bin" | "bench") => has(kind, Some(name)).is_some(),
                "features" => found["features"].get(name).is_some(),
                _ => true,
            };
            let option = option.trim_end_matches('s');
            known
                .then_some(())
                .ok_or(format!("{package} has no {option} {name}"))?;
        }
        if command == "run" {
            has("bin", None).ok_or(format!("{package} has no program"))?;
        }
        let Some(filter) = filter else { return Ok(()) };
        let manifest = Path::new(found["manifest_path"].as_str().unwrap());
        let tests = manifest.parent().unwrap().join("tests");
        let matches = names_a_test(&tests, filter);
        matches
            .then_some(())
            .ok_or(format!("{package} has no test that `{filter}` names"))
    }

    /// An alias runs a program of ours. Its options are fields in the program's source.
    fn check_alias(&self, alias: &str, rest: &[&str]) -> Result<(), String> {
        let words: Vec<_> = alias.split_whitespace().collect();
        self.check(&words, &BTreeSet::new())?;
        let after = |flag: &str| words.iter().skip_while(|word| **word != flag).nth(1);
        let (package, bin) = (after("--package").unwrap(), after("--bin").unwrap());
        let targets = self.packages[*package]["targets"].as_array().unwrap();
        let target = targets
            .iter()
            .find(|target| target["kind"][0] == "bin" && target["name"] == *bin)
            .unwrap();
        let source = Path::new(target["src_path"].as_str().unwrap());
        let folder = source.parent().unwrap();
        let sources = match source.ends_with("main.rs") {
            true => all(folder, "rs"),
            false => vec![source.to_owned()],
        };
        let text: String = sources
            .iter()
            .map(|file| fs::read_to_string(file).unwrap())
            .collect();
        for option in rest.iter().filter_map(|word| word.strip_prefix("--")) {
            let field = option.replace('-', "_");
            if !Regex::new(&format!(r"\b{field}\b"))
                .unwrap()
                .is_match(&text)
            {
                return Err(format!("{bin} has no option --{option}"));
            }
        }
        Ok(())
    }
}

/// Whether a part of the book has to be put in here by the reader.
fn placeholder(word: &str) -> bool {
    ["NN", "…", "...", "NAME", "ARGUMENTS"]
        .iter()
        .any(|part| word.contains(part))
}

/// A filter names a module or a function, or begins with one.
fn names_a_test(tests: &Path, filter: &str) -> bool {
    filter.split("::").all(|part| {
        let function = Regex::new(&format!(r"\bfn {part}|\bmod {part}\b")).unwrap();
        all(tests, "rs").iter().any(|file| {
            file.file_stem().is_some_and(|stem| stem == part)
                || function.is_match(&fs::read_to_string(file).unwrap())
        })
    })
}

fn all(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let files = entries.map(walkdir::DirEntry::into_path);
    files
        .filter(|file| file.extension().is_some_and(|of| of == kind))
        .collect()
}

/// The pages, and what a visitor of the repository reads.
fn pages(root: &Path) -> Vec<(String, String)> {
    let mut files = all(&root.join("src"), "md");
    files.extend(all(&root.join(".github"), "md"));
    files.extend(all(&root.join(".github"), "yml"));
    files.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name)));
    let shown = |file: &PathBuf| file.strip_prefix(root).unwrap().display().to_string();
    let read = |file: PathBuf| (shown(&file), fs::read_to_string(file).unwrap());
    files
        .into_iter()
        .map(read)
        .filter(|(name, _)| !HISTORY.contains(&name.as_str()))
        .collect()
}

/// The commands of a page: in code within a line, and on lines of their own.
fn commands(text: &str) -> Vec<String> {
    let own = Regex::new(r"(?m)^\s*(?:\$ |run: )?(?:[A-Z_]+=\S+ )*cargo (.*)$").unwrap();
    let code = Regex::new(r"`(?:\$ )?(?:[A-Z_]+=\S+ )*cargo ([^`\n]+)`").unwrap();
    let found = own.captures_iter(text).chain(code.captures_iter(text));
    found.map(|found| found[1].trim().to_owned()).collect()
}

fn wrong_in(workspace: &Workspace, text: &str) -> Vec<String> {
    let commands = commands(text);
    let begins = |command: &String| command.strip_prefix("new-chapter ").map(str::to_owned);
    let begun: BTreeSet<_> = commands.iter().filter_map(begins).collect();
    let wrong = commands.iter().filter_map(|command| {
        let words = command.split_whitespace();
        // Where the shell puts what it writes is no word of the command's.
        let words: Vec<_> = words
            .take_while(|word| !["2>", ">", "|"].contains(word))
            .collect();
        let why = workspace.check(&words, &begun).err()?;
        Some(format!("`cargo {command}`: {why}"))
    });
    wrong.collect()
}

#[test]
fn each_command_of_a_page_names_what_there_is() {
    let workspace = Workspace::read();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (name, text) in pages(&workspace.root) {
        seen += commands(&text).len();
        let found = wrong_in(&workspace, &text);
        wrong.extend(found.into_iter().map(|why| format!("{name}: {why}")));
    }
    assert!(seen > 60, "only {seen} commands were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_there_is_not_is_found_and_what_there_is_passes() {
    let workspace = Workspace::read();
    for (text, why) in [
        ("`cargo tset`", "no subcommand and no alias `tset`"),
        ("`cargo test -p book-test`", "no package book-test"),
        ("`cargo test -p zdr --test peers`", "zdr has no test peers"),
        (
            "`cargo test -p zdr --test it pears`",
            "zdr has no test that `pears` names",
        ),
        ("`cargo run -p lab`", "lab has no program"),
        ("`cargo run -p lab 2> run.jsonl`", "lab has no program"),
        ("`cargo run -p ch00-nothing`", "no package ch00-nothing"),
        ("`cargo record --onli ch01`", "record has no option --onli"),
        (
            "```sh\ncargo bench -p ch06-in-flight-requests --bench drian\n```",
            "no bench drian",
        ),
        (
            "```sh\nX=1 cargo install --path listings/zdrr\n```",
            "listings/zdrr is no package",
        ),
        ("`cargo test -p lab --features x`", "lab has no feature x"),
    ] {
        let wrong = wrong_in(&workspace, text);
        assert!(
            wrong.len() == 1 && wrong[0].contains(why),
            "{text}: {wrong:?}"
        );
    }
    for text in [
        "`cargo new-chapter ch12-fleet`, then `cargo run -q -p ch12-fleet -- --all`",
        "`cargo run -p chNN-...`, and `cargo test`",
        "`cargo run -q -p ch10-log-analysis 2> run.jsonl`",
        "```sh\n$ PROPTEST_CASES=10 cargo test -p ch05-race-conditions --test fuzz\n```",
        "`cargo test -p zdr --test it peers`, `cargo benchmark --to FILE`",
    ] {
        assert_eq!(wrong_in(&workspace, text), [""; 0], "{text}");
    }
}

/// A path that these files show is there, from the root or in a new chapter.
#[test]
fn each_path_at_the_root_is_there() {
    let root = scripts::root().unwrap();
    let path = Regex::new(r"`([\w.-]+/[\w./-]*)`").unwrap();
    let upper = Regex::new(r"\b[A-Z]{3,}\b").unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for name in ["README.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = fs::read_to_string(root.join(name)).unwrap();
        for found in path.captures_iter(&text) {
            let path = &found[1];
            // What is built, and what a reader puts in.
            let made = ["target/", "tls/", "ca/"]
                .iter()
                .any(|begin| path.starts_with(begin));
            if made || path.contains("ch12-fleet") || upper.is_match(path) {
                continue;
            }
            seen += 1;
            let places = [
                root.join(path),
                root.join("scripts/chapter-skeleton").join(path),
            ];
            if !places.iter().any(|place| place.exists()) {
                wrong.push(format!("{name}: {path}"));
            }
        }
    }
    assert!(seen > 15, "only {seen} paths were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
