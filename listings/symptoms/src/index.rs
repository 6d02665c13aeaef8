//! The list: kinds of failures, first steps, and what each program prints.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use crate::error::Error;
use crate::words::Words;

/// The whole list.
#[derive(Debug)]
pub struct Index {
    /// What to do first, by name.
    pub steps: Vec<Step>,
    /// What can be wrong, by name.
    pub kinds: Vec<Kind>,
    /// The programs, in the order of the page.
    pub programs: Vec<Program>,
}

/// What to do first. The command is run by a test, against files and a server of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name in this list.
    pub id: String,
    /// What the command tells, as a sentence that ends with a colon.
    pub says: String,
    /// The command, for a POSIX shell. `HOST:443` is the server, `tls.crt`, `tls.key`, `roots.pem`,
    /// `client.crt`, `client.key` and `crl.pem` are files.
    pub command: String,
}

/// What is wrong, whichever program says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name in this list.
    pub id: String,
    /// The heading of its symptoms.
    pub title: String,
    /// What it means, in one sentence.
    pub means: String,
    /// The entries of the failure catalogue from which it comes. None where it is no failure of a rotation.
    pub entries: Vec<usize>,
    /// The page, and the place on it, that explains it.
    pub chapter: String,
    /// The place on the page for the night that says what to do at once. None where that page has no answer.
    pub night: Option<String>,
    /// The [`Step`] to begin with.
    pub step: String,
}

/// A program, and what it prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name in addresses: small letters, digits and hyphens.
    pub id: String,
    /// Its name, as it writes it.
    pub name: String,
    /// Where its words are found, in a sentence.
    pub about: String,
    /// Its name in `tests/versions.toml`, where the version that was captured stands.
    pub tool: Option<String>,
    /// Its name in `Cargo.lock`, likewise.
    pub package: Option<String>,
    /// `file::function`: the test that captures it.
    pub test: Option<String>,
    /// What it prints.
    pub symptom: Vec<Symptom>,
}

/// Words, and what follows from them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// Its place on the page, which others link to. Begins with the program's id and a hyphen.
    pub id: String,
    /// The [`Kind`] of it.
    pub kind: String,
    /// The heading, where the kind's does not fit.
    pub title: Option<String>,
    #[serde(rename = "words")]
    marked: String,
    /// What to search for, where the search does not find the line itself: it knows no word of more than 80
    /// letters, and no part of a word.
    pub find: Option<String>,
    /// What other versions print in its place.
    #[serde(default)]
    pub also: Vec<Also>,
    /// What it means, where the kind does not say it.
    pub means: Option<String>,
    /// What more this program does, in a sentence.
    pub note: Option<String>,
    /// What to do first, in Markdown, where the kind's step does not fit.
    pub first: Option<String>,
    /// The situation in which the test captured it.
    pub scene: Option<String>,
    /// Where it is written, where it was not captured: `owner/repository@commit:path`, or an address.
    pub source: Option<String>,
    /// The day on which that was read, as 2026-11-27.
    pub read: Option<String>,
}

/// What another version prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Also {
    #[serde(rename = "words")]
    marked: String,
    /// Which version.
    pub version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    step: Vec<Step>,
    kind: Vec<Kind>,
    program: Vec<Program>,
}

impl Index {
    /// Reads the list, and checks that all that it refers to is there. `entries` is how many the failure
    /// catalogue has.
    ///
    /// # Errors
    /// With the entry that is wrong.
    pub fn parse(text: &str, entries: usize) -> Result<Self, Error> {
        let File {
            step: steps,
            kind: kinds,
            program: programs,
        } = toml::from_str(text)?;
        let index = Self {
            steps,
            kinds,
            programs,
        };
        index.check(entries)?;
        Ok(index)
    }

    /// The kind of a symptom.
    ///
    /// # Errors
    /// When the list has no such kind.
    pub fn kind(&self, id: &str) -> Result<&Kind, Error> {
        let found = self.kinds.iter().find(|kind| kind.id == id);
        found.ok_or_else(|| Error::Unknown("kind", id.to_owned()))
    }

    /// The step of a kind.
    ///
    /// # Errors
    /// When the list has no such step.
    pub fn step(&self, id: &str) -> Result<&Step, Error> {
        let found = self.steps.iter().find(|step| step.id == id);
        found.ok_or_else(|| Error::Unknown("step", id.to_owned()))
    }

    /// Every symptom of every program.
    pub fn symptoms(&self) -> impl Iterator<Item = &Symptom> {
        self.programs.iter().flat_map(|program| &program.symptom)
    }

    /// How many were captured, and how many are cited.
    pub fn counts(&self) -> (usize, usize) {
        let captured = self.symptoms().filter(|symptom| symptom.scene.is_some());
        let captured = captured.count();
        (captured, self.symptoms().count() - captured)
    }

    fn check(&self, entries: usize) -> Result<(), Error> {
        unique("step", self.steps.iter().map(|step| &step.id))?;
        unique("kind", self.kinds.iter().map(|kind| &kind.id))?;
        unique("program", self.programs.iter().map(|program| &program.id))?;
        // A program's heading is a place on the page, too.
        let programs = self.programs.iter().map(|program| &program.id);
        unique("place", programs.chain(self.symptoms().map(|s| &s.id)))?;
        for kind in &self.kinds {
            self.step(&kind.step).map_err(|e| e.within(&kind.id))?;
            if let Some(number) = kind.entries.iter().find(|n| !(1..=entries).contains(*n)) {
                let unknown = Error::Unknown("entry of the catalogue", number.to_string());
                return Err(unknown.within(&kind.id));
            }
            if !self.symptoms().any(|symptom| symptom.kind == kind.id) {
                return Err(Error::Unused("kind", kind.id.clone()));
            }
        }
        for step in &self.steps {
            if !self.kinds.iter().any(|kind| kind.step == step.id) {
                return Err(Error::Unused("step", step.id.clone()));
            }
        }
        for program in &self.programs {
            // Which of the two would be meant?
            let words = program.symptom.iter().map(|symptom| &symptom.marked);
            unique("line", words).map_err(|error| error.within(&program.id))?;
            for symptom in &program.symptom {
                let checked = self.check_symptom(program, symptom);
                checked.map_err(|error| error.within(&symptom.id))?;
            }
        }
        Ok(())
    }

    fn check_symptom(&self, program: &Program, symptom: &Symptom) -> Result<(), Error> {
        is(&PLACE, &symptom.id, "no name of a place")?;
        if !symptom.id.starts_with(&format!("{}-", program.id)) {
            let why = "it begins with the name of its program";
            return Err(Error::Malformed(symptom.id.clone(), why));
        }
        self.kind(&symptom.kind)?;
        symptom.words()?;
        for also in &symptom.also {
            also.words()?;
        }
        let captured_by = program.test.is_some() && program.version_known();
        match (&symptom.scene, &symptom.source, &symptom.read) {
            (Some(_), None, None) if captured_by => Ok(()),
            (Some(_), None, None) => Err(Error::NoTest),
            (None, Some(source), Some(day)) => {
                is(&DAY, day, "no day")?;
                address(source).map(drop)
            }
            _ => Err(Error::Unproved),
        }
    }
}

impl Program {
    fn version_known(&self) -> bool {
        self.tool.is_some() != self.package.is_some()
    }
}

impl Symptom {
    /// The words, with their variable pieces.
    ///
    /// # Errors
    /// As [`Words::parse`].
    pub fn words(&self) -> Result<Words, Error> {
        Words::parse(&self.marked)
    }
}

impl Also {
    /// The words, with their variable pieces.
    ///
    /// # Errors
    /// As [`Words::parse`].
    pub fn words(&self) -> Result<Words, Error> {
        Words::parse(&self.marked)
    }
}

/// The address of a source: of a file of a repository at a commit, or as it stands.
///
/// # Errors
/// When it is neither.
///
/// # Examples
/// ```
/// let commit = "04791b4906602ffda5ccf9bc4c84d3329f1d7080";
/// let address = symptoms::address(&format!("kubernetes/kubernetes@{commit}:pkg/a.go"))?;
/// assert_eq!(address, format!("https://github.com/kubernetes/kubernetes/blob/{commit}/pkg/a.go"));
/// # Ok::<_, symptoms::Error>(())
/// ```
pub fn address(source: &str) -> Result<String, Error> {
    if source.starts_with("https://") && !source.contains(char::is_whitespace) {
        return Ok(source.to_owned());
    }
    is(
        &FILE,
        source,
        "neither an address nor `owner/repository@commit:path`",
    )?;
    let (repository, rest) = source.split_once('@').unwrap_or_default();
    let (commit, path) = rest.split_once(':').unwrap_or_default();
    Ok(format!(
        "https://github.com/{repository}/blob/{commit}/{path}"
    ))
}

static PLACE: LazyLock<Regex> = LazyLock::new(|| whole("[a-z0-9]+(-[a-z0-9]+)*"));
static DAY: LazyLock<Regex> = LazyLock::new(|| whole("20[0-9]{2}-[01][0-9]-[0-3][0-9]"));
static FILE: LazyLock<Regex> =
    LazyLock::new(|| whole("[A-Za-z0-9-]+/[A-Za-z0-9._-]+@[0-9a-f]{40}:[^ ]+"));

fn whole(form: &str) -> Regex {
    Regex::new(&format!("^{form}$")).expect("it is a pattern")
}

/// Whether the text is of this form.
fn is(form: &Regex, text: &str, why: &'static str) -> Result<(), Error> {
    match form.is_match(text) {
        true => Ok(()),
        false => Err(Error::Malformed(text.to_owned(), why)),
    }
}

fn unique<'a>(what: &'static str, names: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::Twice(what, name.clone()));
        }
    }
    Ok(())
}
