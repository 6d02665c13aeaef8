//! One directory that a writer writes into.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lab::agent::{Files, Replacer, Strategy};
use lab::authority::Issued;

use crate::tools;
use crate::writer::Writer;

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
            Writer::PodCertificate => {
                let bundle = self.directory.join(tools::CREDENTIAL_BUNDLE);
                Files {
                    certificate: bundle.clone(),
                    key: bundle,
                    roots: self.bare.files().roots,
                }
            }
            // The tools use the names of a Secret of the type `kubernetes.io/tls`.
            _ => self.bare.files(),
        }
    }

    /// Where this writer keeps what it replaces, under names that are always the same.
    pub(crate) fn backups(&self) -> Vec<PathBuf> {
        match self.writer {
            Writer::ConsulTemplate => {
                let kept = ["tls.crt.bak", "tls.key.bak"].into_iter();
                kept.map(|name| self.directory.join(name)).collect()
            }
            _ => Vec::new(),
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
    /// Whatever [`Sabotage`](crate::Sabotage) has left is mended: what cannot be read as a file is removed first.
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
        match tools::mounted(self.writer) {
            // They are part of the volume, and come by a swap, too.
            Some(files) => {
                tools::atomic_writer(&self.directory, &[("ca.crt", pem)], files, &mut |_| ())
            }
            None => self.bare.write_roots(pem),
        }
        .map_err(|error| in_directory(&self.directory, &error))
    }

    // ANCHOR: replace
    fn replace(&mut self, chain: &str, key: &str, between: &mut dyn FnMut(&str)) -> io::Result<()> {
        let directory = &self.directory;
        clear_wreck(&self.files())
            .and_then(|()| match (self.writer, tools::mounted(self.writer)) {
                (Writer::PodCertificate, Some(files)) => {
                    let bundle = format!("{key}{chain}");
                    let changes = [(tools::CREDENTIAL_BUNDLE, bundle.as_str())];
                    tools::atomic_writer(directory, &changes, files, between)
                }
                (_, Some(files)) => {
                    let changes = [("tls.crt", chain), ("tls.key", key)];
                    tools::atomic_writer(directory, &changes, files, between)
                }
                (Writer::VaultAgent, _) => tools::templates(directory, chain, key, false, between),
                (Writer::ConsulTemplate, _) => {
                    tools::templates(directory, chain, key, true, between)
                }
                (Writer::WriteToFile, _) => tools::write_to_file(directory, chain, key, between),
                (Writer::Certbot, _) => tools::certbot(directory, chain, key, between),
                (Writer::Careless, _) => tools::careless(directory, chain, key, between),
                _ => self.bare.replace(chain, key, between),
            })
            .map_err(|error| in_directory(&self.directory, &error))
    }
    // ANCHOR_END: replace
}

/// Removes what stands at the paths and is no file, or none that can be read. A tool would stop
/// there, and a person would tidy up by hand. A directory with something in it stays.
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

fn in_directory(directory: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", directory.display()))
}
