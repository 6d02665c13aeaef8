//! What goes wrong with a write, on request.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use lab::agent::Strategy;
use lab::authority::{Authority, Issued, LeafRequest};

use crate::site::Site;
use crate::writer::Writer;

// ANCHOR: sabotage
/// What goes wrong on request.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A new certificate with the key of the generation before: the writer died between the two.
    Torn,
    /// The chain ends in the middle of its second certificate.
    Truncated,
    /// A key that belongs to no certificate.
    Mismatched,
    /// The certificate has expired: its notAfter has passed.
    Expired,
    /// The certificate is not valid yet: its notBefore is still to come.
    NotYetValid,
    /// A certificate for another name.
    WrongName,
    /// A chain to an authority that no client trusts.
    WrongCa,
    /// The certificate's file is missing.
    Missing,
    /// The key cannot be opened, not even by root.
    Unreadable,
    /// The intermediate is left out.
    Shrunk,
    /// A PEM block that says CERTIFICATE, but holds something else.
    Garbage,
}
// ANCHOR_END: sabotage

impl Sabotage {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Torn,
        Self::Truncated,
        Self::Mismatched,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongName,
        Self::WrongCa,
        Self::Missing,
        Self::Unreadable,
        Self::Shrunk,
        Self::Garbage,
    ];

    /// The name on the command line. In logs it has `_` for `-`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Torn => "torn",
            Self::Truncated => "truncated",
            Self::Mismatched => "mismatched",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::WrongName => "wrong-name",
            Self::WrongCa => "wrong-ca",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Shrunk => "shrunk",
            Self::Garbage => "garbage",
        }
    }

    // ANCHOR: apply
    /// Logs `sabotage_started`, and puts it into place, by the site's writer wherever that can
    /// be. `name` is the one that the site's server is known by. A later [`Site::write`] mends it.
    ///
    /// # Errors
    /// What the authority or the operating system says; that nothing was written yet, where
    /// something of it is needed.
    pub fn apply(self, site: &mut Site, authority: &mut Authority, name: &str) -> io::Result<()> {
        tracing::info!(
            event = "sabotage_started",
            sabotage = self.name().replace('-', "_"),
            strategy = site.writer().log_name(),
        );
        let good = LeafRequest::new(name);
        match self {
            Self::Torn => {
                let key = site.current_key()?;
                let new = authority.issue(&good)?;
                site.write_pem(&new.chain_pem, &key)
            }
            Self::Truncated => truncate(site, &authority.issue(&good)?),
            Self::Mismatched => {
                let (new, stray) = (authority.issue(&good)?, authority.issue(&good)?);
                site.write_pem(&new.chain_pem, stray.key.expose())
            }
            Self::Expired => site.place_issued(&expired(authority, &good)?),
            Self::NotYetValid => {
                let request = LeafRequest {
                    starts_after: Duration::from_secs(3600),
                    ..good
                };
                site.place_issued(&authority.issue(&request)?)
            }
            Self::WrongName => {
                let elsewhere = LeafRequest::new("elsewhere.example");
                site.place_issued(&authority.issue(&elsewhere)?)
            }
            Self::WrongCa => {
                let mut stranger = Authority::named("Stranger")?;
                stranger.set_key_kind(authority.key_kind());
                site.place_issued(&stranger.issue(&good)?)
            }
            Self::Missing => remove(&site.files().certificate),
            Self::Unreadable => {
                // Not by its mode, which does not keep root out: a link that leads to itself.
                let path = site.files().key;
                remove(&path)?;
                symlink(path.file_name().unwrap_or_default(), &path)
            }
            Self::Shrunk => {
                let new = authority.issue(&good)?;
                let leaf = &new.chain_pem[..last_block(&new.chain_pem)];
                site.write_pem(leaf, new.key.expose())
            }
            Self::Garbage => {
                let new = authority.issue(&good)?;
                site.write_pem(NOT_DER, new.key.expose())
            }
        }
    }
    // ANCHOR_END: apply
}

/// "this is not DER", in base64, as a certificate.
const NOT_DER: &str =
    "-----BEGIN CERTIFICATE-----\ndGhpcyBpcyBub3QgREVS\n-----END CERTIFICATE-----\n";

fn truncate(site: &mut Site, new: &Issued) -> io::Result<()> {
    let second = last_block(&new.chain_pem);
    let cut = second + (new.chain_pem.len() - second) / 2;
    // In the lab's one file, the key would have come after the cut.
    let is_after = site.writer() == Writer::Bare(Strategy::Bundle);
    let key = if is_after { "" } else { new.key.expose() };
    site.write_pem(&new.chain_pem[..cut], key)
}

/// A leaf from two lifetimes ago.
fn expired(authority: &mut Authority, good: &LeafRequest) -> io::Result<Issued> {
    let now = authority.clock();
    authority.set_clock(now - 2 * good.lifetime);
    let issued = authority.issue(good);
    authority.set_clock(now);
    Ok(issued?)
}

fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path).map_err(|error| in_file(path, &error))
}

fn in_file(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Where the last PEM block begins.
fn last_block(pem: &str) -> usize {
    pem.rfind("-----BEGIN").unwrap_or(0)
}

impl Site {
    fn place_issued(&mut self, issued: &Issued) -> io::Result<()> {
        self.write_stepwise(issued, |_| ())
    }

    /// The key that lies there, which may stand in one file with the chain, before it or after.
    fn current_key(&self) -> io::Result<String> {
        let path = self.files().key;
        let text = fs::read_to_string(&path).map_err(|error| in_file(&path, &error))?;
        let mut blocks = text.split("-----BEGIN ");
        let key = blocks.find(|block| block.contains("PRIVATE KEY-----"));
        Ok(key.map_or_else(String::new, |key| format!("-----BEGIN {key}")))
    }
}
