//! The command line of a server that reloads, the same from this chapter on and in each language.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use lab::agent::Files;
use rustls::pki_types::ServerName;

use crate::identity::Source;

/// Where a server finds its files, its name among peers, and its port.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// The chain, leaf first, in PEM.
    #[arg(long)]
    pub certificate: PathBuf,
    /// The key, in PEM. May be the same file.
    #[arg(long)]
    pub key: PathBuf,
    /// The trust anchors by which peers verify the chain, in PEM.
    #[arg(long)]
    pub roots: PathBuf,
    /// A name that the certificate must be valid for. Can be given several times.
    #[arg(long = "name", default_value = "localhost")]
    pub names: Vec<String>,
    /// The port to listen on; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}

impl Serve {
    /// The loopback address to listen on.
    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Where the identity is read from.
    ///
    /// # Errors
    /// When a name is not a DNS name or an IP address.
    pub fn source(&self) -> io::Result<Source> {
        let named = |name: &String| {
            let parsed = ServerName::try_from(name.clone());
            parsed.map_err(|error| io::Error::other(format!("{name}: {error}")))
        };
        Ok(Source {
            files: Files {
                certificate: self.certificate.clone(),
                key: self.key.clone(),
                roots: self.roots.clone(),
            },
            names: self.names.iter().map(named).collect::<Result<_, _>>()?,
            peer_roots: None,
        })
    }

    /// The arguments by which a test or a demo tells a child process to serve `files`.
    pub fn command_line(files: &Files) -> [OsString; 7] {
        [
            "serve".into(),
            "--certificate".into(),
            files.certificate.clone().into(),
            "--key".into(),
            files.key.clone().into(),
            "--roots".into(),
            files.roots.clone().into(),
        ]
    }

    /// The same, and more behind it.
    pub fn command_line_with(files: &Files, more: &[&str]) -> Vec<OsString> {
        let more = more.iter().map(OsString::from);
        Self::command_line(files).into_iter().chain(more).collect()
    }
}
