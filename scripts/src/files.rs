//! The table of files: what the reader makes of what the world writes.
//!
//! The list is the one that a test runs (`listings/ch08-trust-rotation/tests/files`), so the page
//! cannot claim an outcome that was not seen.

pub mod list;

use std::fmt::Write;

use crate::error::Error;
use list::{Differs, Entry, List};

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
    for entry in by_group(&list.file) {
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

/// As the list grows, what belongs to a group is added at its end. On the page it stands with its own, and groups in the
/// order in which they come first.
fn by_group(list: &[Entry]) -> Vec<&Entry> {
    let mut groups: Vec<&str> = Vec::new();
    for entry in list {
        if !groups.contains(&entry.group.as_str()) {
            groups.push(&entry.group);
        }
    }
    let mut entries: Vec<_> = list.iter().collect();
    entries.sort_by_key(|entry| groups.iter().position(|group| *group == entry.group));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_has_one_table_with_its_kinds_in_their_order() {
        let list = include_str!("../../listings/ch08-trust-rotation/files.toml");
        let parsed: List = toml::from_str(list).unwrap();
        let page = render(list).unwrap();
        let heads: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        let mut once = heads.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(heads.len(), once.len(), "{heads:?}");
        for group in heads {
            let (_, behind) = page.split_once(&format!("{group}\n")).unwrap();
            let table = behind.split("\n## ").next().unwrap();
            let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
            let rows: Vec<_> = rows
                .skip(1)
                .filter_map(|row| row.split(" |").next())
                .collect();
            let of_group = parsed.file.iter().filter(|of| group[3..] == of.group);
            let of_group: Vec<_> = of_group.map(|of| of.what.as_str()).collect();
            assert_eq!(rows, of_group, "{group}");
        }
    }
}
