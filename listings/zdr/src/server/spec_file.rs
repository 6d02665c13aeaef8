//! Reading the TOML file that describes a server, and finding what is wrong with it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::server::spec::{Protocol, Spec, is_nothing};

/// Why a TOML file describes no server.
#[derive(Debug)]
pub struct SpecError {
    file: PathBuf,
    what: String,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.what)
    }
}

impl std::error::Error for SpecError {}

impl From<SpecError> for io::Error {
    fn from(error: SpecError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

impl Spec {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// With the file, and what is wrong with it.
    pub fn read(file: &Path) -> Result<Self, SpecError> {
        let invalid = |what: String| SpecError {
            file: file.to_owned(),
            what,
        };
        let text = fs::read_to_string(file).map_err(|error| invalid(error.to_string()))?;
        let mut spec = Self::parse(&text).map_err(invalid)?;
        let folder = file.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        spec.here = folder
            .canonicalize()
            .map_err(|error| invalid(error.to_string()))?;
        if spec.name.is_empty() {
            let stem = file.file_stem().unwrap_or_default();
            spec.name = stem.to_string_lossy().into_owned();
        }
        if let Some(attach) = &mut spec.attach {
            for path in [&mut attach.directory, &mut attach.ca]
                .into_iter()
                .chain(&mut attach.log)
            {
                *path = spec.here.join(&path);
            }
        }
        Ok(spec)
    }

    /// Reads the text of such a file. What it tells of folders is not looked for.
    pub fn parse(text: &str) -> Result<Self, String> {
        let spec: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        spec.validate()?;
        Ok(spec)
    }

    fn validate(&self) -> Result<(), String> {
        match (&self.attach, self.command.is_empty()) {
            (None, true) => return Err("neither `command` nor `attach`".into()),
            (Some(_), false) => return Err("both `command` and `attach`".into()),
            _ => {}
        }
        if self.command.is_empty() {
            if self.client_auth {
                return Err("`client_auth` is for a server that is started".into());
            }
        } else if is_nothing(&self.command) {
            return Err("`command` names no program".into());
        }
        if self.setup.iter().any(|command| is_nothing(command)) {
            return Err("a command of `setup` names no program".into());
        }
        if self.client_auth && self.mutual.is_some() {
            return Err("`mutual` is for a server that does not ask clients by itself".into());
        }
        if self.download.is_some() && self.protocol != Protocol::AnyHttp {
            return Err(
                "`download` is for `protocol = \"any_http\"`: others are asked for `/bytes/N`"
                    .into(),
            );
        }
        if (self.upload.is_some() || self.websocket.is_some()) && !self.protocol.is_http() {
            return Err("`upload` and `websocket` are for a server of HTTP".into());
        }
        if self.other_name.as_deref() == Some(&self.server_name) {
            return Err("`other_name` is `server_name`".into());
        }
        if self.attach.is_some() && (self.user.is_some() || self.other_name.is_some()) {
            return Err("`user` and `other_name` are for a server that is started".into());
        }
        if self.attach.is_some() && self.reload.restart {
            return Err("a server that is attached to cannot be restarted".into());
        }
        if self.attach.is_some() && !(self.setup.is_empty() && self.files.is_empty()) {
            return Err("`setup` and `file` are for a server that is started".into());
        }
        Ok(())
    }
}
