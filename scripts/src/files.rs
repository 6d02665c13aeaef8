//! The table of files: what the reader makes of what the world writes.
//!
//! The list is the one that a test runs (`listings/ch08-trust-rotation/tests/files`), so the page
//! cannot claim an outcome that was not seen.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use crate::error::Error;

/// What the list holds. Fields that only the test needs are passed over.
#[derive(Deserialize)]
struct List {
    file: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    group: String,
    /// What is in the files, in a sentence.
    what: String,
    /// `loaded`, or the reason of the rejection.
    outcome: String,
    /// A part of what the rejection says.
    #[serde(default)]
    says: String,
    /// What is logged beside it.
    #[serde(default)]
    event: String,
    /// What chapter 8's client makes of it, where that is another thing.
    client: Option<String>,
    /// The clients that cannot use it, and a part of what they say.
    #[serde(default)]
    fails: BTreeMap<String, String>,
    /// Where a twin differs.
    #[serde(default)]
    go: Differs,
    #[serde(default)]
    python: Differs,
}

/// What a twin does, or says, that the chapters do not.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Differs {
    outcome: Option<String>,
    says: Option<String>,
}

impl Differs {
    /// What stands in the twin's column.
    fn cell(&self) -> String {
        match (&self.outcome, &self.says) {
            (None, None) => "same".into(),
            (None, Some(says)) => format!("“{says}”"),
            (Some(outcome), None) => format!("`{outcome}`"),
            (Some(outcome), Some(says)) => format!("`{outcome}`: “{says}”"),
        }
    }
}

/// The tables in Markdown, one for each group, from `list`.
///
/// # Errors
/// When the list does not parse, is empty, or has a cell that would break its table.
pub fn render(list: &str) -> Result<String, Error> {
    let list: List = toml::from_str(list).map_err(Error::list)?;
    let loaded = list.file.iter().filter(|entry| entry.outcome == "loaded");
    let (all, loaded) = (list.file.len(), loaded.count());
    if all == 0 {
        return Err(Error::list("no file in it"));
    }
    let mut page = format!(
        "{all} kinds: {loaded} are loaded, and {} are rejected.\n",
        all - loaded
    );
    let mut group = "";
    for entry in &list.file {
        let (go, python) = (entry.go.cell(), entry.python.cell());
        let cells = [
            &entry.what,
            &entry.outcome,
            &entry.says,
            &entry.event,
            &go,
            &python,
        ];
        if let Some(cell) = cells.into_iter().find(|cell| cell.contains(['|', '\n'])) {
            return Err(Error::list(format!("`{cell}` is no cell of a table")));
        }
        // Writing to a string cannot fail.
        if entry.group != group {
            group = &entry.group;
            let head =
                "| in the files | outcome | in the log | Go | Python |\n|---|---|---|---|---|";
            let _ = writeln!(page, "\n## {group}\n\n{head}");
        }
        let mut says = match (entry.says.as_str(), entry.event.as_str()) {
            ("", "") => Vec::new(),
            ("", event) => vec![format!("`{event}`")],
            (says, _) => vec![format!("“{says}”")],
        };
        if let Some(client) = &entry.client {
            says.push(format!("by a client: `{client}`"));
        }
        for (client, why) in &entry.fails {
            let client = match client.as_str() {
                "go" => "Go",
                "python" => "Python",
                "openssl" => "OpenSSL",
                other => other,
            };
            says.push(format!("{client}'s client fails: “{why}”"));
        }
        let says = says.join("; ");
        let (what, outcome) = (&entry.what, &entry.outcome);
        let _ = writeln!(page, "| {what} | `{outcome}` | {says} | {go} | {python} |");
    }
    Ok(page)
}
