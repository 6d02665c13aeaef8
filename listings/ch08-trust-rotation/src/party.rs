//! One side of mTLS, on disk: what it shows, and whom it trusts.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use ch02_hot_reload::identity::Source;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, Issued, LeafRequest};
use tempfile::TempDir;

/// A directory with a leaf, its key, and trust anchors, and the agent that writes there. Removed
/// when dropped.
pub struct Party {
    agent: Agent,
    /// Where the roots for peers are, if they have a file of their own.
    peer_roots: Option<PathBuf>,
    directory: TempDir,
}

impl Party {
    /// Shows a leaf with this serial under `issuer`, and trusts that root alone.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn new(issuer: &mut Authority, serial: u64) -> io::Result<Self> {
        let directory = lab::directory()?;
        let mut party = Self {
            agent: Agent::new(directory.path(), Strategy::Bundle)?,
            peer_roots: None,
            directory,
        };
        party.trust(&[issuer])?;
        party.show(&issue(issuer, serial)?)?;
        Ok(party)
    }

    /// Shows a leaf under `issuer`, as [`Party::new`] does, and judges its peers by these roots: its
    /// own authority is no reason to let anybody in.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn apart(issuer: &mut Authority, serial: u64, peers: &[&Authority]) -> io::Result<Self> {
        let mut party = Self::new(issuer, serial)?;
        party.peer_roots = Some(party.directory.path().join("peers.crt"));
        party.trust(peers)?;
        Ok(party)
    }

    /// Writes the roots by which peers are judged, whole. Logs nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn trust(&self, roots: &[&Authority]) -> io::Result<()> {
        let pem: String = roots.iter().map(|root| root.root_pem()).collect();
        let Some(path) = &self.peer_roots else {
            return self.agent.write_roots(&pem);
        };
        let beside = path.with_extension("new");
        fs::write(&beside, pem)?;
        fs::rename(beside, path)
    }

    /// Writes a leaf and its key, whole. Logs nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn show(&mut self, leaf: &Issued) -> io::Result<()> {
        self.agent.write_stepwise(leaf, |_| ())
    }

    /// Where the two are.
    pub fn source(&self) -> Source {
        Source {
            peer_roots: self.peer_roots.clone(),
            ..Source::localhost(self.agent.files())
        }
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Party({})", self.agent.files().roots.display())
    }
}

/// A leaf for `localhost`, for an hour, with this serial.
///
/// # Errors
/// When no key can be made.
pub fn issue(issuer: &mut Authority, serial: u64) -> io::Result<Issued> {
    let mut request = LeafRequest::new("localhost");
    request.serial = Some(serial);
    Ok(issuer.issue(&request)?)
}
