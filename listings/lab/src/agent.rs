//! The agent: it writes an identity to disk, in one of the ways that real agents do.
//!
//! None of these writers calls fsync. They are about what a reader on the same machine sees while
//! the writer is at work, not about what survives a power cut.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use time::OffsetDateTime;

use crate::authority::{Authority, Issued, LeafRequest, present};

/// How the files are replaced. The order of the steps is what a reader can stumble over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Both files are prepared beside the old ones, then renamed over them, certificate first.
    RenameEach,
    /// Certificate and key are one file, replaced by one rename.
    Bundle,
    /// A new directory is filled, then the link `..data` is renamed over to point at it. This is
    /// the kubelet's way (kubernetes, `pkg/volume/util/atomic_writer.go`).
    Symlink,
    /// Each file is truncated and written again, in two halves.
    InPlace,
    /// Each file is removed and created anew.
    RemoveCreate,
    /// The key is prepared and renamed, and only then the certificate is prepared and renamed.
    KeyFirst,
    /// The certificate is prepared and renamed, and only then the key is prepared and renamed.
    CertificateFirst,
}

impl Strategy {
    /// Every strategy, for tests that must hold under all.
    pub const ALL: [Self; 7] = [
        Self::RenameEach,
        Self::Bundle,
        Self::Symlink,
        Self::InPlace,
        Self::RemoveCreate,
        Self::KeyFirst,
        Self::CertificateFirst,
    ];

    /// The name that stands in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::RenameEach => "rename_each",
            Self::Bundle => "bundle",
            Self::Symlink => "symlink",
            Self::InPlace => "in_place",
            Self::RemoveCreate => "remove_create",
            Self::KeyFirst => "key_first",
            Self::CertificateFirst => "certificate_first",
        }
    }
}

/// Where a server finds what it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The chain, leaf first, in PEM.
    pub certificate: PathBuf,
    /// The key in PEM. The same path as `certificate` where one file holds both.
    pub key: PathBuf,
    /// The trust anchors by which the server checks its own chain before it serves it.
    pub roots: PathBuf,
}

/// Asks its authority for identities, and writes them into one directory by one strategy.
pub struct Agent {
    authority: Authority,
    replacer: Replacer,
}

/// Replaces the files in one directory by one strategy. Where they come from is not its business.
#[derive(Debug)]
pub struct Replacer {
    directory: PathBuf,
    strategy: Strategy,
    writes: u64,
}

impl Agent {
    /// An agent for `directory`, which must exist, with an authority of its own. Writes the trust
    /// anchor there, as `ca.crt`, and no identity yet.
    pub fn new(directory: &Path, strategy: Strategy) -> io::Result<Self> {
        Self::at(directory, strategy, present())
    }

    /// As [`Agent::new`], with an authority whose clock stands at `now`: for a run in virtual
    /// time.
    pub fn at(directory: &Path, strategy: Strategy, now: OffsetDateTime) -> io::Result<Self> {
        let authority = Authority::at(now)?;
        write_new(&directory.join("ca.crt"), &[authority.root_pem()], 0o644)?;
        Ok(Self {
            authority,
            replacer: Replacer::new(directory, strategy),
        })
    }

    /// An agent that has started: the first identity is on disk.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn started(directory: &Path, strategy: Strategy) -> io::Result<Self> {
        let mut agent = Self::new(directory, strategy)?;
        agent.rotate()?;
        Ok(agent)
    }

    /// The authority behind this agent.
    pub fn authority(&mut self) -> &mut Authority {
        &mut self.authority
    }

    /// The trust anchor of its authority, in PEM: what clients are to trust.
    pub fn root_pem(&self) -> &str {
        self.authority.root_pem()
    }

    /// Issues a leaf that is valid for an hour for `localhost`. Writes nothing.
    pub fn issue(&mut self) -> io::Result<Issued> {
        Ok(self.authority.issue(&LeafRequest::new("localhost"))?)
    }

    /// Issues and writes, and returns what was written.
    pub fn rotate(&mut self) -> io::Result<Issued> {
        let issued = self.issue()?;
        self.write(&issued)?;
        Ok(issued)
    }

    /// The paths that a server is configured with. They never change.
    pub fn files(&self) -> Files {
        self.replacer.files()
    }

    /// Replaces the trust anchors, whole, by a rename. Logs nothing.
    pub fn write_roots(&self, pem: &str) -> io::Result<()> {
        self.replacer.write_roots(pem)
    }

    /// Logs `rotation_started`, and writes `issued`. The event comes first, since a server may
    /// have loaded the files before the writer is back.
    pub fn write(&mut self, issued: &Issued) -> io::Result<()> {
        tracing::info!(
            event = "rotation_started",
            serial = issued.facts.serial,
            strategy = self.replacer.strategy.name()
        );
        self.write_stepwise(issued, |_| ())
    }

    /// Writes `issued`, and calls `between` after every step that a reader could see, with the
    /// step's name. A test stops the writer there. Logs nothing.
    ///
    /// What a writer that died has left behind (`tls.crt.new`, `..data_tmp`) is overwritten.
    pub fn write_stepwise(&mut self, issued: &Issued, between: impl FnMut(&str)) -> io::Result<()> {
        let (chain, key) = (issued.chain_pem.as_str(), issued.key.expose());
        self.replacer.replace(chain, key, between)
    }
}

impl Replacer {
    /// For `directory`, which must exist, and may hold files of an earlier one.
    pub fn new(directory: &Path, strategy: Strategy) -> Self {
        Self {
            directory: directory.to_owned(),
            strategy,
            writes: 0,
        }
    }

    /// The paths that a server is configured with. They never change.
    pub fn files(&self) -> Files {
        let (certificate, key) = match self.strategy {
            Strategy::Bundle => ("tls.pem", "tls.pem"),
            _ => ("tls.crt", "tls.key"),
        };
        Files {
            certificate: self.directory.join(certificate),
            key: self.directory.join(key),
            roots: self.directory.join("ca.crt"),
        }
    }

    /// Replaces the trust anchors, whole, by a rename. Logs nothing.
    pub fn write_roots(&self, pem: &str) -> io::Result<()> {
        let roots = self.files().roots;
        fs::rename(prepare(&roots, &[pem], 0o644)?, &roots)
    }

    /// Replaces the chain and the key, and calls `between` after every step that a reader could
    /// see. Logs nothing, and does not look at what it writes.
    pub fn replace(
        &mut self,
        chain: &str,
        key: &str,
        mut between: impl FnMut(&str),
    ) -> io::Result<()> {
        // A directory of a writer that died is not used again.
        self.writes += 1;
        let files = self.files();
        match self.strategy {
            Strategy::RenameEach => {
                let new_chain = prepare(&files.certificate, &[chain], 0o644)?;
                let new_key = prepare(&files.key, &[key], 0o600)?;
                fs::rename(new_chain, &files.certificate)?;
                between("certificate renamed");
                fs::rename(new_key, &files.key)?;
                between("key renamed");
            }
            Strategy::Bundle => {
                let new = prepare(&files.certificate, &[chain, key], 0o600)?;
                fs::rename(new, &files.certificate)?;
                between("bundle renamed");
            }
            Strategy::Symlink => self.swap_directory(chain, key, &mut between)?,
            Strategy::InPlace => {
                rewrite(&files.certificate, chain, 0o644, &mut between)?;
                rewrite(&files.key, key, 0o600, &mut between)?;
            }
            Strategy::RemoveCreate => {
                for (path, text, mode) in
                    [(&files.certificate, chain, 0o644), (&files.key, key, 0o600)]
                {
                    remove(path)?;
                    between("removed");
                    write_new(path, &[text], mode)?;
                    between("created");
                }
            }
            Strategy::KeyFirst => {
                fs::rename(prepare(&files.key, &[key], 0o600)?, &files.key)?;
                between("key renamed");
                let new_chain = prepare(&files.certificate, &[chain], 0o644)?;
                fs::rename(new_chain, &files.certificate)?;
                between("certificate renamed");
            }
            Strategy::CertificateFirst => {
                let new_chain = prepare(&files.certificate, &[chain], 0o644)?;
                fs::rename(new_chain, &files.certificate)?;
                between("certificate renamed");
                fs::rename(prepare(&files.key, &[key], 0o600)?, &files.key)?;
                between("key renamed");
            }
        }
        Ok(())
    }

    /// The kubelet's order: fill a new directory, link it as `..data_tmp`, rename that over
    /// `..data`, link the files once, remove the old directory.
    fn swap_directory(
        &mut self,
        chain: &str,
        key: &str,
        between: &mut impl FnMut(&str),
    ) -> io::Result<()> {
        let data = self.directory.join("..data");
        let old = swapped_out(&data)?;
        let (name, filled) = self.new_directory()?;
        write_new(&filled.join("tls.crt"), &[chain], 0o644)?;
        write_new(&filled.join("tls.key"), &[key], 0o600)?;
        between("directory filled");

        let link = self.directory.join("..data_tmp");
        remove(&link)?;
        symlink(&name, &link)?;
        fs::rename(&link, &data)?;
        between("link swapped");

        for file in ["tls.crt", "tls.key"] {
            let path = self.directory.join(file);
            if fs::symlink_metadata(&path).is_err() {
                symlink(Path::new("..data").join(file), path)?;
            }
        }
        if let Some(old) = old {
            fs::remove_dir_all(old)?;
            between("old directory removed");
        }
        Ok(())
    }

    /// One that no earlier writer in this directory has left.
    fn new_directory(&mut self) -> io::Result<(String, PathBuf)> {
        loop {
            let name = format!("..generation_{}", self.writes);
            let path = self.directory.join(&name);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.writes += 1,
                other => return other.map(|()| (name, path)),
            }
        }
    }
}

/// The directory behind the link `..data`, which the next swap removes. `None` where there is no
/// link.
///
/// # Errors
/// When the link leads to anything but a directory beside it whose name begins with two dots. No
/// swap has made that, so it is not ours to remove.
pub fn swapped_out(data: &Path) -> io::Result<Option<PathBuf>> {
    let Ok(old) = fs::read_link(data) else {
        return Ok(None);
    };
    let mut parts = old.components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(name)), None) if name.as_bytes().starts_with(b"..") => {
            Ok(Some(data.with_file_name(name)))
        }
        _ => Err(io::Error::other(format!(
            "{} leads to {}, which no swap has made, and a swap removes the old directory",
            data.display(),
            old.display()
        ))),
    }
}

/// Writes `parts` to a new file beside `path`, and returns its path.
fn prepare(path: &Path, parts: &[&str], mode: u32) -> io::Result<PathBuf> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    remove(&new)?;
    write_new(&new, parts, mode)?;
    Ok(new)
}

fn write_new(path: &Path, parts: &[&str], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    parts
        .iter()
        .try_for_each(|part| file.write_all(part.as_bytes()))
}

/// Truncates `path` and writes `text` in two halves.
fn rewrite(path: &Path, text: &str, mode: u32, between: &mut impl FnMut(&str)) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    let mut file = options.open(path)?;
    between("truncated");
    let (first, second) = text.split_at(text.len() / 2);
    file.write_all(first.as_bytes())?;
    between("half written");
    file.write_all(second.as_bytes())?;
    between("written");
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
