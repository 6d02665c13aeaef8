//! What can be wrong with the list of symptoms.

/// Why the list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no TOML, or has a field that is unknown or missing.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Words that cannot be looked for, and why.
    #[error("`{0}`: {1}")]
    Words(String, &'static str),
    /// A name that stands twice, where it must tell one thing from another.
    #[error("{0} `{1}` stands twice")]
    Twice(&'static str, String),
    /// A name that nothing in the list has.
    #[error("no {0} is called `{1}`")]
    Unknown(&'static str, String),
    /// Something that no symptom refers to.
    #[error("no symptom is of the {0} `{1}`")]
    Unused(&'static str, String),
    /// A text that is no such thing.
    #[error("`{0}`: {1}")]
    Malformed(String, &'static str),
    /// Neither captured nor cited, or both.
    #[error(
        "it needs a scene in which it was captured, or a source and the day on which it was read"
    )]
    Unproved,
    /// A scene without a test that captures it.
    #[error("it was captured, and its program names no test and no version")]
    NoTest,
    /// Another error, and the entry in which it was found.
    #[error("{0}: {1}")]
    In(String, Box<Error>),
}

impl Error {
    /// The same, with the entry in which it was found.
    pub(crate) fn within(self, entry: &str) -> Self {
        Self::In(entry.to_owned(), Box::new(self))
    }
}
