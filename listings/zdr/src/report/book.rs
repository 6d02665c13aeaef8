//! The book's pages, as a report names them: links where it is known where the book is served.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// So many entries of the catalogue are named at once.
const ENTRIES: usize = 4;

/// Where the book is served.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Book(Option<String>);

impl FromStr for Book {
    type Err = String;

    fn from_str(address: &str) -> Result<Self, String> {
        match is_address(address) {
            true => Ok(Self(Some(address.trim_end_matches('/').to_owned()))),
            false => Err("an address begins with http:// or https://, without blanks".into()),
        }
    }
}

/// A file may hold any text. What leads elsewhere than to a page is no link.
fn is_address(text: &str) -> bool {
    let begins = text.starts_with("https://") || text.starts_with("http://");
    begins
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"'<>`".contains(&byte))
}

impl Book {
    fn address(&self) -> Option<&str> {
        self.0.as_deref().filter(|address| is_address(address))
    }

    /// The link to `page.md#heading`, where there is one.
    pub fn link(&self, page: &str) -> Option<String> {
        let (file, heading) = page.split_once('#').unwrap_or((page, ""));
        let file = file.strip_suffix(".md").unwrap_or(file);
        let heading = match heading {
            "" => String::new(),
            heading => format!("#{heading}"),
        };
        Some(format!("{}/{file}.html{heading}", self.address()?))
    }

    /// The link to an entry of the failure catalogue, where there is one.
    pub fn entry(&self, number: u32) -> Option<String> {
        self.link(&format!("failure-catalogue.md#entry-{number}"))
    }

    /// A page for a terminal: its link, or else its name.
    pub fn page(&self, page: &str) -> String {
        self.link(page).unwrap_or_else(|| page.to_owned())
    }

    /// Entries of the failure catalogue for a terminal, the first few of them. `None` where there is none.
    pub fn entries(&self, numbers: &[u32]) -> Option<String> {
        let (first, more) = numbers.split_at(numbers.len().min(ENTRIES));
        let names: Vec<String> = first.iter().map(u32::to_string).collect();
        let more = if more.is_empty() { "" } else { " and others" };
        let link = self.entry(*first.first()?);
        let link = link.map_or_else(String::new, |link| format!(" ({link})"));
        let entries = if names.len() == 1 { "entry" } else { "entries" };
        Some(format!(
            "failure catalogue, {entries} {}{more}{link}",
            names.join(", ")
        ))
    }
}
