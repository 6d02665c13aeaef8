//! Rotation on request: who writes, when, and what goes wrong.
//!
//! A [`Writer`] is a tool that replaces certificates, by its documented behaviour. A [`Site`] is one
//! directory that it writes into. [`Sabotage`] is what goes wrong with a write. Together they put
//! before a server, in a second, what years of operation would.

pub mod ca;
pub mod rotate;
mod sabotage;
pub mod schedule;
mod tools;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lab::agent::{Files, Replacer, Strategy};
use lab::authority::Issued;

pub use sabotage::Sabotage;

// ANCHOR: writer
/// Who writes: real tools by their documented behaviour, and the lab's bare strategies.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Vault's or OpenBao's agent with a template for each file: a rename for each.
    VaultAgent,
    /// consul-template with `backup = true`: the same, and the old file stays as a hard link.
    ConsulTemplate,
    /// A Secret mounted by the kubelet: a new directory, and one link renamed.
    Kubelet,
    /// cert-manager's CSI driver: the kubelet's way, and the key for user and group.
    CertManagerCsi,
    /// certbot: `live/service/*.pem` are links, each removed and made again.
    Certbot,
    /// A script: `cat new > old`, for the certificate and then for the key.
    Careless,
    /// Both files prepared, then renamed, certificate first.
    RenameEach,
    /// Certificate and key in one file, renamed.
    Bundle,
    /// A directory behind the link `..data`.
    Symlink,
    /// Each file truncated and written in two halves.
    InPlace,
    /// Each file removed and created.
    RemoveCreate,
    /// The key renamed, then the certificate.
    KeyFirst,
    /// The certificate renamed, then the key.
    CertificateFirst,
}
// ANCHOR_END: writer

impl Writer {
    /// Every writer: the tools, then the bare strategies.
    pub const ALL: [Self; 13] = [
        Self::VaultAgent,
        Self::ConsulTemplate,
        Self::Kubelet,
        Self::CertManagerCsi,
        Self::Certbot,
        Self::Careless,
        Self::RenameEach,
        Self::Bundle,
        Self::Symlink,
        Self::InPlace,
        Self::RemoveCreate,
        Self::KeyFirst,
        Self::CertificateFirst,
    ];

    /// The writers that are tools of the world.
    pub const TOOLS: [Self; 6] = [
        Self::VaultAgent,
        Self::ConsulTemplate,
        Self::Kubelet,
        Self::CertManagerCsi,
        Self::Certbot,
        Self::Careless,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::VaultAgent => "vault-agent",
            Self::ConsulTemplate => "consul-template",
            Self::Kubelet => "kubelet",
            Self::CertManagerCsi => "cert-manager-csi",
            Self::Certbot => "certbot",
            Self::Careless => "careless",
            Self::RenameEach => "rename-each",
            Self::Bundle => "bundle",
            Self::Symlink => "symlink",
            Self::InPlace => "in-place",
            Self::RemoveCreate => "remove-create",
            Self::KeyFirst => "key-first",
            Self::CertificateFirst => "certificate-first",
        }
    }

    /// The name in logs: that of the command line, with `_` for `-`.
    pub fn log_name(self) -> String {
        self.name().replace('-', "_")
    }

    /// The lab's strategy, where the writer is a bare one.
    fn strategy(self) -> Option<Strategy> {
        Some(match self {
            Self::RenameEach => Strategy::RenameEach,
            Self::Bundle => Strategy::Bundle,
            Self::Symlink => Strategy::Symlink,
            Self::InPlace => Strategy::InPlace,
            Self::RemoveCreate => Strategy::RemoveCreate,
            Self::KeyFirst => Strategy::KeyFirst,
            Self::CertificateFirst => Strategy::CertificateFirst,
            _ => return None,
        })
    }
}

/// One directory, and the writer that replaces the identity in it. It issues nothing.
///
/// The paths never change, and a server is configured with them: [`Site::files`].
#[derive(Debug)]
pub struct Site {
    directory: PathBuf,
    writer: Writer,
    bare: Replacer,
}

impl Site {
    /// For `directory`, which must exist. It may hold what an earlier site of the same writer left.
    pub fn new(directory: &Path, writer: Writer) -> Self {
        // A tool's trust anchors are renamed, too, unless it has another way.
        let strategy = writer.strategy().unwrap_or(Strategy::RenameEach);
        Self {
            directory: directory.to_owned(),
            writer,
            bare: Replacer::new(directory, strategy),
        }
    }

    /// The same once more, for a writer in another thread.
    pub fn again(&self) -> Self {
        Self::new(&self.directory, self.writer)
    }

    /// Who writes here.
    pub fn writer(&self) -> Writer {
        self.writer
    }

    /// What a server is configured with.
    pub fn files(&self) -> Files {
        match self.writer {
            Writer::Certbot => tools::certbot_files(&self.directory),
            // The tools use the names of a Secret of the type `kubernetes.io/tls`.
            _ => self.bare.files(),
        }
    }

    /// Logs `rotation_started`, and writes. The event comes first, since a server may have loaded
    /// the files before the writer is back.
    ///
    /// # Errors
    /// What the operating system says, with the directory.
    pub fn write(&mut self, issued: &Issued) -> io::Result<()> {
        self.announce(issued);
        self.write_stepwise(issued, |_| ())
    }

    /// Logs `rotation_started`: for those who then write step by step.
    pub fn announce(&self, issued: &Issued) {
        tracing::info!(
            event = "rotation_started",
            serial = issued.facts.serial,
            strategy = self.writer.log_name(),
        );
    }

    /// Writes, and calls `between` after each step that a reader could see, with the step's name.
    /// Logs nothing.
    ///
    /// Whatever [`Sabotage`] has left is mended: what cannot be read as a file is removed first.
    ///
    /// # Errors
    /// As [`Site::write`].
    pub fn write_stepwise(
        &mut self,
        issued: &Issued,
        mut between: impl FnMut(&str),
    ) -> io::Result<()> {
        let (chain, key) = (issued.chain_pem.as_str(), issued.key.expose());
        self.replace(chain, key, &mut between)
    }

    /// Writes a chain and a key that another authority has issued. Logs nothing, and does not look
    /// at what it writes.
    ///
    /// # Errors
    /// As [`Site::write`].
    pub fn write_pem(&mut self, chain: &str, key: &str) -> io::Result<()> {
        self.replace(chain, key, &mut |_| ())
    }

    /// Replaces the trust anchors, as this writer does it. Logs nothing.
    ///
    /// # Errors
    /// As [`Site::write`].
    pub fn write_roots(&self, pem: &str) -> io::Result<()> {
        match tools::Modes::of(self.writer) {
            // They are part of the Secret, and come by a swap, too.
            Some(modes) => {
                tools::atomic_writer(&self.directory, &[("ca.crt", pem)], modes, &mut |_| ())
            }
            None => self.bare.write_roots(pem),
        }
        .map_err(|why| in_directory(&self.directory, &why))
    }

    // ANCHOR: replace
    fn replace(&mut self, chain: &str, key: &str, between: &mut dyn FnMut(&str)) -> io::Result<()> {
        let directory = &self.directory;
        clear_wreck(&self.files())
            .and_then(|()| match (self.writer, tools::Modes::of(self.writer)) {
                (_, Some(modes)) => {
                    let changes = [("tls.crt", chain), ("tls.key", key)];
                    tools::atomic_writer(directory, &changes, modes, between)
                }
                (Writer::VaultAgent, _) => tools::templates(directory, chain, key, false, between),
                (Writer::ConsulTemplate, _) => {
                    tools::templates(directory, chain, key, true, between)
                }
                (Writer::Certbot, _) => tools::certbot(directory, chain, key, between),
                (Writer::Careless, _) => tools::careless(directory, chain, key, between),
                _ => self.bare.replace(chain, key, between),
            })
            .map_err(|why| in_directory(&self.directory, &why))
    }
    // ANCHOR_END: replace
}

/// Removes what stands at the paths and is no file, or none that can be read. A tool would stop
/// there, and somebody would tidy up by hand. A directory with something in it stays.
fn clear_wreck(files: &Files) -> io::Result<()> {
    for path in [&files.certificate, &files.key] {
        let readable = fs::File::open(path).is_ok_and(|_| path.is_file());
        match fs::symlink_metadata(path) {
            Ok(about) if about.is_dir() => fs::remove_dir(path)?,
            Ok(_) if !readable => fs::remove_file(path)?,
            _ => {}
        }
    }
    Ok(())
}

fn in_directory(directory: &Path, why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("{}: {why}", directory.display()))
}
