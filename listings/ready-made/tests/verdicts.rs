//! `verdicts.toml`: what is known of each program. The page's table is made from it, and the tests hold it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use zdr::gate::scenario::Scenario;
use zdr::report::{Code, Outcome};

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    pub program: Vec<Known>,
}

/// What is known of a program.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The file in `servers/`, without its end.
    pub name: String,
    /// How the page calls it.
    pub title: String,
    /// What is judged, as its registry calls it, and which release of it.
    pub package: String,
    pub version: String,
    /// How it is told of new files.
    pub told: String,
    /// What is found while valid files rotate, every time.
    #[serde(default)]
    pub fails: Vec<Code>,
    /// Of these at least one.
    #[serde(default)]
    pub one_of: Vec<Code>,
    /// What may be found: where a race decides, now and then.
    #[serde(default)]
    pub may: Vec<Code>,
    /// What comes of scenarios. There are those that tell it from others.
    #[serde(default)]
    pub scenarios: BTreeMap<String, Outcome>,
    /// For the page: what is lost, and what to do.
    pub lost: String,
    pub instead: String,
}

impl Known {
    /// Whether it rotates without a loss while all is well, every time.
    pub fn passes(&self) -> bool {
        self.fails.is_empty() && self.one_of.is_empty()
    }

    pub fn scenarios(&self) -> Vec<Scenario> {
        let named = |name: &String| {
            let found = Scenario::all().iter().find(|one| one.name() == *name);
            *found.unwrap_or_else(|| panic!("{}: no scenario {name}", self.name))
        };
        self.scenarios.keys().map(named).collect()
    }
}

/// The folder of this crate.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(name: &str) -> String {
    let path = here().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn verdicts() -> Vec<Known> {
    let verdicts: Verdicts = toml::from_str(&read("verdicts.toml")).unwrap();
    verdicts.program
}
