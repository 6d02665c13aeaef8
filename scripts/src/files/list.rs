//! What the list of files holds. It is described here alone: the page is made by this description, and
//! chapter 8's test, which makes the files of each row, includes this file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The list. What it does not describe is an error: a word that is misspelt would be passed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// A row each, in the order of the page within its group.
    pub file: Vec<Entry>,
}

/// A kind of file, and what becomes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The name by which the test makes it.
    pub kind: String,
    /// The table that it stands in.
    pub group: String,
    /// What is in the files, in a sentence.
    pub what: String,
    /// `loaded`, or the reason of the rejection.
    pub outcome: String,
    /// A part of what the rejection says.
    #[serde(default)]
    pub says: String,
    /// The event that is logged beside it.
    #[serde(default)]
    pub event: String,
    /// What chapter 8's client makes of it, where that is another thing.
    pub client: Option<String>,
    /// The clients that cannot use it, and a part of what they say.
    #[serde(default)]
    pub fails: BTreeMap<String, String>,
    /// Where the twin in Go differs.
    #[serde(default)]
    pub go: Differs,
    /// Where the twin in Python differs.
    #[serde(default)]
    pub python: Differs,
}

/// What a twin does, or says, that the chapters do not. Nothing here: it does the same, and says the same.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Differs {
    /// Its outcome, where that is another one.
    pub outcome: Option<String>,
    /// Its words, where they are others.
    pub says: Option<String>,
}
