//! The falsification table: what each defect of the broken server is caught by.
//!
//! The list is the one that a test runs (`listings/zdr/tests/falsification.rs`), so the
//! page cannot claim a catch that is not made.

use serde::Deserialize;

use crate::error::Error;
use crate::markup::breakable;

/// What the file holds. Fields that only the test needs are passed over.
#[derive(Deserialize)]
struct Table {
    defect: Vec<Defect>,
    #[serde(default)]
    sound: Vec<Sound>,
}

/// A server that is sound in an unusual way.
#[derive(Deserialize)]
struct Sound {
    /// The name that the server is told.
    flag: String,
    /// What is done to it beside rotations.
    scenarios: Vec<String>,
    /// A warning that it may get. None otherwise.
    note: Option<String>,
    /// What is unusual, in a sentence.
    words: String,
}

#[derive(Deserialize)]
struct Defect {
    /// The name that the server is told.
    flag: String,
    /// Entries of the failure catalogue. Empty where it has none.
    catalogue: Vec<u32>,
    /// What `zdr check` does to show it.
    scenario: String,
    /// What it finds: a word of its closed set.
    finding: String,
    /// What is wrong with the server, in a sentence.
    words: String,
}

/// The table in Markdown, from `list`.
///
/// # Errors
/// When the list does not parse, is empty, or has a cell that would break the table.
pub fn render(list: &str) -> Result<String, Error> {
    let table: Table = toml::from_str(list).map_err(Error::list)?;
    if table.defect.is_empty() {
        return Err(Error::list("no defect in it"));
    }
    let mut page = String::from(
        "| defect | what is wrong | catalogue | shown by | finding |\n|---|---|---|---|---|\n",
    );
    for defect in &table.defect {
        page += &defect.row()?;
    }
    for sound in &table.sound {
        page += &sound.row()?;
    }
    Ok(page)
}

impl Defect {
    fn row(&self) -> Result<String, Error> {
        let (flag, words) = (&self.flag, &self.words);
        let (scenario, finding) = (&self.scenario, &self.finding);
        are_cells("defect", flag, &[flag, scenario, finding, words])?;
        let numbers: Vec<_> = self.catalogue.iter().map(|n| format!("#{n}")).collect();
        let numbers = if numbers.is_empty() {
            "–".to_owned()
        } else {
            format!("[{}](failure-catalogue.md)", numbers.join(", "))
        };
        Ok(format!(
            "| `{flag}` | <span class=\"sentence\">{words}</span> | {numbers} | `{scenario}` | {} |\n",
            breakable(finding)
        ))
    }
}

impl Sound {
    fn row(&self) -> Result<String, Error> {
        let (flag, words) = (&self.flag, &self.words);
        are_cells("sound", flag, &[flag, words])?;
        let scenarios: Vec<_> = self.scenarios.iter().map(|s| format!("`{s}`")).collect();
        let scenarios = scenarios.join(", ");
        let found = match &self.note {
            Some(note) => format!("passes, with the warning `{note}`"),
            None => "passes".to_owned(),
        };
        Ok(format!(
            "| `{flag}` | <span class=\"sentence\">Nothing. {words}</span> | – | `rotation`, {scenarios} | {found} |\n"
        ))
    }
}

/// Whether each of these can stand in a table.
fn are_cells(kind: &str, flag: &str, cells: &[&String]) -> Result<(), Error> {
    let wrong = |cell: &&&String| cell.is_empty() || cell.contains(['|', '\n']);
    match cells.iter().find(wrong) {
        Some(cell) => Err(Error::list(format!(
            "{kind} `{flag}`: `{cell}` is no cell of a table"
        ))),
        None => Ok(()),
    }
}
