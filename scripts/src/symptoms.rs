//! The index of symptoms: what programs print when a rotation goes wrong, made from the list whose lines a test
//! has seen the real programs print.
//!
//! The page cannot be built when a line leads nowhere, or when the test that captured it is gone.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use ::symptoms::{Index, Kind, Program, Symptom, address};

use crate::error::Error;
use crate::{catalogue, versions};

/// A part of the page, in Markdown, from `list`. `which` is `programs`, the table of those that are in it, or
/// `index`, the list itself. `root` is where the other files are that it refers to.
///
/// # Errors
/// When the list does not hold, a test that it names is not there, or there is no such part.
pub fn render(root: &Path, list: &str, which: &str) -> Result<String, Error> {
    let read = |name: &str| {
        let path = root.join(name);
        fs::read_to_string(&path).map_err(|error| Error::file(&path, &error))
    };
    let entries = read("tests/catalogue.toml")?.matches("[[failure]]").count();
    let index = Index::parse(list, entries).map_err(Error::list)?;
    let versions = Versions {
        tools: versions::parse(&read("tests/versions.toml")?)?.tools,
        lock: read("Cargo.lock")?,
    };
    for program in &index.programs {
        if let Some(test) = &program.test {
            catalogue::exists(root, test).map_err(|error| error.within(&program.id))?;
        }
    }
    // The pages of recipes need not be there.
    let recipes = root.join("src/recipes.md").is_file();
    match which {
        "programs" => Ok(programs(&index)),
        "index" => {
            let mut page = String::new();
            for program in &index.programs {
                page += &section(&index, program, &versions, recipes)
                    .map_err(|error| error.within(&program.id))?;
            }
            Ok(page)
        }
        other => Err(Error::list(format!("no part `{other}`"))),
    }
}

/// What was installed when the lines were captured.
struct Versions {
    tools: BTreeMap<String, String>,
    lock: String,
}

impl Versions {
    fn of(&self, program: &Program) -> Result<Option<String>, Error> {
        match (&program.tool, &program.package) {
            (Some(tool), _) => match self.tools.get(tool) {
                Some(version) => Ok(Some(version.clone())),
                None => Err(Error::list(format!("no version of `{tool}` is recorded"))),
            },
            (None, Some(package)) => versions::of_crate(&self.lock, package).map(Some),
            (None, None) => Ok(None),
        }
    }
}

fn programs(index: &Index) -> String {
    let (captured, cited) = index.counts();
    // Writing to a string cannot fail.
    let mut page = format!(
        "{} lines: {captured} captured from the programs by tests, {cited} cited from their sources.\n\n",
        captured + cited
    );
    page.push_str("| program | captured | cited |\n|---|---:|---:|\n");
    for program in &index.programs {
        let captured = program.symptom.iter().filter(|s| s.scene.is_some()).count();
        let cited = program.symptom.len() - captured;
        let Program { id, name, .. } = program;
        let _ = writeln!(page, "| [{name}](#{id}) | {captured} | {cited} |");
    }
    page
}

fn section(
    index: &Index,
    program: &Program,
    versions: &Versions,
    recipes: bool,
) -> Result<String, Error> {
    let Program {
        id, name, about, ..
    } = program;
    let mut page = format!("## {name} {{#{id}}}\n\n{about}");
    // Writing to a string cannot fail.
    if let (Some(version), Some(test)) = (versions.of(program)?, &program.test) {
        let _ = write!(page, " Captured from {name} {version} by `{test}`.");
    }
    page.push_str("\n\n");
    for symptom in &program.symptom {
        let entry = entry(index, symptom, recipes);
        page += &entry.map_err(|error| Error::list(error).within(&symptom.id))?;
    }
    Ok(part(&page, program.symptom.len()))
}

/// A program's lines as a part of their own: a browser lays out those that are near its window, and takes the
/// others for as high as the style sheet makes of their characters. A heading takes as much as sixty of them.
fn part(page: &str, lines: usize) -> String {
    static UNSEEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"<[^>]*>|\]\([^)]*\)").expect("the expression is valid"));
    let seen = UNSEEN.replace_all(page, "").chars().count() + 60 * lines;
    format!("<section class=\"program\" style=\"--characters: {seen}\">\n\n{page}</section>\n\n")
}

fn entry(index: &Index, symptom: &Symptom, recipes: bool) -> Result<String, ::symptoms::Error> {
    let kind = index.kind(&symptom.kind)?;
    let step = index.step(&kind.step)?;
    let title = symptom.title.as_deref().unwrap_or(&kind.title);
    let means = symptom.means.as_deref().unwrap_or(&kind.means);
    // The search weighs a heading most: a line that is pasted is to find it.
    let words = symptom.words()?.html();
    let mut page = format!("### <samp>{words}</samp> {{#{}}}\n\n", symptom.id);
    for also in &symptom.also {
        // Writing to a string cannot fail.
        let (version, html) = (&also.version, also.words()?.html());
        let _ = writeln!(page, "In {version}: <samp>{html}</samp>\n");
    }
    let _ = write!(page, "**{title}.** {means}");
    if let Some(find) = &symptom.find {
        let _ = write!(page, " The search knows it by `{find}`.");
    }
    if let Some(note) = &symptom.note {
        let _ = write!(page, " {note}");
    }
    match &symptom.first {
        Some(first) => {
            let _ = write!(page, "\n\n**First.** {first}\n\n");
        }
        None => {
            let _ = write!(page, "\n\n**First.** {} `{}`\n\n", step.says, step.command);
        }
    }
    page += &links(kind, recipes);
    if let (Some(source), Some(day)) = (&symptom.source, &symptom.read) {
        let _ = write!(
            page,
            " Cited from [its source]({}), read on {day}.",
            address(source)?
        );
    }
    page.push_str("\n\n");
    Ok(page)
}

/// Where a symptom leads.
fn links(kind: &Kind, recipes: bool) -> String {
    let mut links: Vec<_> = kind
        .entries
        .iter()
        .map(|number| format!("[failure {number}](failure-catalogue.md#entry-{number})"))
        .collect();
    let chapter = &kind.chapter;
    let number: String = chapter.chars().skip(2).take(2).collect();
    let number = number.trim_start_matches('0');
    links.push(format!("[chapter {number}]({chapter})"));
    if recipes {
        links.push(match &kind.night {
            Some(place) => format!("[the page for the night](recipes-night.md#{place})"),
            None => "[recipes](recipes.md)".to_owned(),
        });
    }
    format!("More: {}.", links.join(", "))
}
