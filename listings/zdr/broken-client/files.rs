//! What the client reads from disk.

use std::fs;
use std::io;

use crate::arguments::Arguments;
use lab::eprint;

/// The text of its files.
#[derive(Clone, PartialEq, Eq)]
pub struct Files {
    /// Its roots.
    pub roots: String,
    /// Its certificate and its key.
    pub own: Option<(String, String)>,
}

impl Files {
    /// Reads them.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn read(arguments: &Arguments) -> io::Result<Self> {
        let own = arguments.certificate.as_ref().zip(arguments.key.as_ref());
        let own = own.map(|(certificate, key)| {
            Ok::<_, io::Error>((fs::read_to_string(certificate)?, fs::read_to_string(key)?))
        });
        Ok(Self {
            roots: fs::read_to_string(&arguments.roots)?,
            own: own.transpose()?,
        })
    }

    /// What they hold now, if that is something else.
    pub fn changed(&self, arguments: &Arguments) -> Option<Self> {
        Self::read(arguments).ok().filter(|now| now != self)
    }

    /// Whether these are the same but for the key.
    pub fn differs_in_key_alone(&self, other: &Self) -> bool {
        let certificate = |files: &Self| {
            files
                .own
                .as_ref()
                .map(|(certificate, _)| certificate.clone())
        };
        self.roots == other.roots && certificate(self) == certificate(other)
    }

    /// Prints what nobody should see.
    pub fn print_key(&self) {
        if let Some((_, key)) = &self.own {
            eprint!("loaded {key}");
        }
    }
}
