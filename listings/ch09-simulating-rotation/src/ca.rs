//! `ca` and `issue`: an authority on disk, and one leaf from it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use lab::agent::Files;
use lab::authority::{Authority, KeyKind, LeafRequest, holds_lab_root, present};
use lab::name::NotAName;
use lab::println;

use crate::error::Error;
use crate::site::Site;
use crate::writer::Writer;

/// Create a certificate authority in a directory.
///
/// The directory gets mode 0700, and the key in it mode 0600. Nothing is overwritten.
#[derive(Args, Clone, Debug)]
pub struct Ca {
    /// The directory of the authority. It is created; if it exists, it must be empty.
    pub directory: PathBuf,
    /// The common name of the root.
    #[arg(long, default_value = "Lab Root", value_parser = common_name)]
    pub name: String,
}

impl Ca {
    /// Makes it, and says where it is.
    ///
    /// # Errors
    /// As [`Authority::save`].
    pub fn run(&self) -> Result<(), Error> {
        let authority = Authority::named(&self.name)?;
        authority.save(&self.directory)?;
        let root = self.directory.join("root.crt");
        println!("{}: give it to clients", root.display());
        Ok(())
    }
}

/// A leaf, as it is asked for on the command line, and where it goes.
#[derive(Args, Clone, Debug)]
pub struct Leaf {
    /// The authority's directory, made by `ca`.
    #[arg(long)]
    pub ca: PathBuf,
    /// The directory to write into. It is created if it is missing.
    #[arg(long)]
    pub to: PathBuf,
    /// How the files are written: as a real tool writes them, or by one strategy alone.
    #[arg(long, value_enum, default_value = "rename-each")]
    pub writer: Writer,
    /// A DNS name or IP address of the leaf. Can be given several times.
    #[arg(long = "name", default_value = "localhost", value_parser = name)]
    pub names: Vec<String>,
    /// How long the leaf is valid: `90s`, `24h`, `47days`.
    #[arg(long, default_value = "24h", value_parser = lifetime)]
    pub lifetime: Duration,
    /// The kind of the leaf's key.
    #[arg(long, value_enum, default_value = "ecdsa-p256")]
    pub key: Key,
}

/// The kind of a leaf's key.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// ECDSA on P-256.
    EcdsaP256,
    /// Ed25519.
    Ed25519,
    /// RSA, 2048 bits.
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// ML-DSA-44, a post-quantum signature. It needs TLS 1.3, and few clients support it.
    #[value(name = "ml-dsa-44")]
    MlDsa44,
}

impl From<Key> for KeyKind {
    fn from(key: Key) -> Self {
        match key {
            Key::EcdsaP256 => Self::EcdsaP256,
            Key::Ed25519 => Self::Ed25519,
            Key::Rsa2048 => Self::Rsa2048,
            Key::MlDsa44 => Self::MlDsa44,
        }
    }
}

fn name(text: &str) -> Result<String, NotAName> {
    lab::name::check(text).map(|()| text.to_owned())
}

/// The names without those that say the same: a DNS name in other letters (RFC 4343), an address in
/// another notation.
fn once(names: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let is_new = |name: &&String| {
        let address = name.parse::<IpAddr>().map(|address| address.to_string());
        seen.insert(address.unwrap_or_else(|_| name.to_ascii_lowercase()))
    };
    names.iter().filter(is_new).cloned().collect()
}

/// RFC 5280, appendix A.1, `ub-common-name`.
fn common_name(text: &str) -> Result<String, String> {
    match text.trim().chars().count() {
        0 => Err("a name with a letter in it is wanted".into()),
        1..=64 => Ok(text.to_owned()),
        long => Err(format!("{long} characters, and 64 are allowed")),
    }
}

/// No more than a century, where dates have an end.
fn offset(text: &str) -> Result<Duration, Error> {
    let offset = humantime::parse_duration(text)?;
    if offset > CENTURY {
        return Err(Error::Lifetime("more than a hundred years"));
    }
    Ok(offset)
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Certificates have whole seconds (RFC 5280, section 4.1.2.5).
fn lifetime(text: &str) -> Result<Duration, Error> {
    match offset(text)? {
        short if short < Duration::from_secs(1) => Err(Error::Lifetime("less than a second")),
        lifetime => Ok(lifetime),
    }
}

impl Leaf {
    /// What the authority is asked for.
    pub fn request(&self) -> LeafRequest {
        LeafRequest {
            names: once(&self.names),
            lifetime: self.lifetime,
            key: Some(self.key.into()),
            // There is a default, so there is a first name.
            ..LeafRequest::new(&self.names[0])
        }
    }

    /// Where no authority is, with the command that makes one.
    fn without_authority(&self, error: io::Error) -> io::Error {
        match error.kind() == io::ErrorKind::NotFound {
            true => io::Error::new(
                error.kind(),
                format!(
                    "{error}: `ca {}` makes an authority there",
                    self.ca.display()
                ),
            ),
            false => error,
        }
    }

    /// The authority, and the site with its trust anchors in place.
    ///
    /// # Errors
    /// As [`Authority::load`]; when the directory cannot be made or written, or holds what no
    /// authority of ours issued. The file is named.
    pub fn open(&self) -> Result<(Authority, Site), Error> {
        let authority = Authority::load(&self.ca).map_err(|error| self.without_authority(error))?;
        fs::create_dir_all(&self.to).map_err(|error| Error::file(&self.to, error))?;
        let site = Site::new(&self.to, self.writer);
        spare(&site)?;
        // A server that follows would look at each write of what is there already.
        let same =
            fs::read_to_string(site.files().roots).is_ok_and(|there| there == authority.root_pem());
        if !same {
            site.write_roots(authority.root_pem())?;
        }
        Ok((authority, site))
    }
}

/// Refuses to overwrite files that no authority of `ca` has issued: a service would lose its key, and its
/// peers their trust anchors. An authority of `ca` that has written here before left its root here.
///
/// # Errors
/// When a file would be overwritten, and no root of `ca` lies beside it.
fn spare(site: &Site) -> Result<(), Error> {
    let files = site.files();
    let roots = fs::read_to_string(&files.roots).unwrap_or_default();
    let backups = site.backups();
    let written = [&files.key, &files.certificate, &files.roots];
    let mut there = written.into_iter().chain(&backups);
    match there.find(|file| fs::symlink_metadata(file).is_ok()) {
        Some(file) if !holds_lab_root(&roots) => {
            let theirs = io::Error::other(
                "it exists, and no authority of `ca` has issued it: nothing was written. \
                 Name another folder with --to, or move the file away",
            );
            Err(Error::file(file, theirs))
        }
        _ => Ok(()),
    }
}

/// Says where the files of a site are. A reader that has read enough is no failure.
pub(crate) fn say(files: &Files) {
    let mut out = io::stdout().lock();
    for (what, file) in [
        ("certificate", &files.certificate),
        ("key        ", &files.key),
        ("roots      ", &files.roots),
    ] {
        let _ = writeln!(out, "{what} {}", file.display());
    }
}

/// Issue one leaf certificate, and write it to a directory.
#[derive(Args, Clone, Debug)]
pub struct Issue {
    /// What is issued.
    #[command(flatten)]
    pub leaf: Leaf,
    /// The leaf becomes valid this long from now: `1h`.
    #[arg(long, value_parser = offset, conflicts_with = "started")]
    pub starts_in: Option<Duration>,
    /// The leaf became valid this long ago: `1h`.
    #[arg(long = "started-ago", value_parser = offset)]
    pub started: Option<Duration>,
}

impl Issue {
    /// Issues, logs `rotation_started`, writes, and says what and where.
    ///
    /// # Errors
    /// As [`Leaf::open`], and what the authority says: a name that is none, say.
    pub fn run(&self) -> Result<(), Error> {
        let (mut authority, mut site) = self.leaf.open()?;
        let now = present();
        authority.set_clock(now - self.started.unwrap_or_default());
        let request = LeafRequest {
            starts_after: self.starts_in.unwrap_or_default(),
            ..self.leaf.request()
        };
        let issued = authority
            .issue(&request)
            .map_err(|error| Error::Names(request.names.clone(), error))?;
        site.write(&issued)?;
        let facts = &issued.facts;
        say(&site.files());
        println!("serial      {}", facts.serial);
        println!("valid       {} to {}", facts.not_before, facts.not_after);
        Ok(())
    }
}
