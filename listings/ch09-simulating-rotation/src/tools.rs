//! What each tool does with a directory, step by step. The sources are named at each.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use lab::agent::{Files, swapped_out};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::writer::Writer;

// ANCHOR: templates
/// A template for each file. consul-template, and the agents of Vault and OpenBao that embed it or a fork,
/// write a file of no name known beforehand beside the destination, sync, `chmod`, and rename
/// (hashicorp/consul-template, `renderer/renderer.go`, `AtomicWrite`). `perms` is set for the key.
///
/// With `backup` the old file gets a second name, `.bak`.
pub fn templates(
    directory: &Path,
    chain: &str,
    key: &str,
    backup: bool,
    between: &mut dyn FnMut(&str),
) -> io::Result<()> {
    for (name, text, mode) in [("tls.crt", chain, 0o644), ("tls.key", key, 0o600)] {
        let path = directory.join(name);
        let mut new = tempfile::NamedTempFile::new_in(directory)?;
        new.write_all(text.as_bytes())?;
        new.as_file().sync_all()?;
        new.as_file()
            .set_permissions(Permissions::from_mode(mode))?;
        if backup && path.exists() {
            let kept = directory.join(format!("{name}.bak"));
            remove(&kept)?;
            fs::hard_link(&path, kept)?;
            between(&format!("{name} linked as {name}.bak"));
        }
        new.persist(&path)?;
        between(&format!("{name} renamed"));
    }
    Ok(())
}
// ANCHOR_END: templates

/// The file of a pod certificate, by the name that Kubernetes' documentation gives it.
pub const CREDENTIAL_BUNDLE: &str = "credential-bundle.pem";

/// The files of a mounted volume, each with what it is open to. `None` for writers that mount none.
pub fn mounted(writer: Writer) -> Option<&'static [(&'static str, u32)]> {
    Some(match writer {
        // `defaultMode` of a volume, unless told otherwise (Kubernetes, "Distribute
        // Credentials Securely Using Secrets").
        Writer::Kubelet => &[("ca.crt", 0o644), ("tls.crt", 0o644), ("tls.key", 0o644)],
        Writer::PodCertificate => &[("ca.crt", 0o644), (CREDENTIAL_BUNDLE, 0o644)],
        // cert-manager/csi-lib, `storage/filesystem.go`, `readOnlyUserAndGroupFileMode`.
        Writer::CertManagerCsi => &[("ca.crt", 0o440), ("tls.crt", 0o440), ("tls.key", 0o440)],
        _ => return None,
    })
}

// ANCHOR: atomic_writer
/// The kubelet's order (kubernetes, `pkg/volume/util/atomic_writer.go`), which cert-manager's CSI
/// driver follows: a new directory is filled, the link `..data` is renamed over, links for the
/// visible files are made where there are none, and the old directory is removed.
///
/// Chain, key and trust anchors are swapped as one. Those that are not among the `changes` are
/// written again as they are.
pub fn atomic_writer(
    directory: &Path,
    changes: &[(&str, &str)],
    files: &[(&str, u32)],
    between: &mut dyn FnMut(&str),
) -> io::Result<()> {
    let data = directory.join("..data");
    let old = swapped_out(&data)?;
    let format = format_description!("..[year]_[month]_[day]_[hour]_[minute]_[second].");
    let stamp = OffsetDateTime::now_utc().format(format);
    let filled = tempfile::Builder::new()
        .prefix(&stamp.map_err(io::Error::other)?)
        .tempdir_in(directory)?;
    fs::set_permissions(&filled, Permissions::from_mode(0o755))?;
    for &(name, mode) in files {
        let changed = changes.iter().find(|(changed, _)| *changed == name);
        let text = match changed {
            Some((_, text)) => (*text).to_owned(),
            None => match fs::read_to_string(data.join(name)) {
                Ok(text) => text,
                Err(_) => continue,
            },
        };
        create(&filled.path().join(name), &text, mode)?;
    }
    let filled = filled.keep();
    between("directory filled");

    let link = directory.join("..data_tmp");
    remove(&link)?;
    symlink(filled.file_name().unwrap_or_default(), &link)?;
    fs::rename(&link, &data)?;
    between("..data renamed");

    let mut linked = false;
    for (name, _) in files {
        let path = directory.join(name);
        if data.join(name).exists() && fs::symlink_metadata(&path).is_err() {
            symlink(Path::new("..data").join(name), path)?;
            linked = true;
        }
    }
    if linked {
        between("files linked");
    }
    if let Some(old) = old {
        fs::remove_dir_all(old)?;
        between("old directory removed");
    }
    Ok(())
}
// ANCHOR_END: atomic_writer

/// Where certbot's server looks. The lineage is called `service`.
pub fn certbot_files(directory: &Path) -> Files {
    let live = directory.join("live/service");
    Files {
        certificate: live.join("fullchain.pem"),
        key: live.join("privkey.pem"),
        roots: directory.join("ca.crt"),
    }
}

// ANCHOR: certbot
/// certbot writes each item under a new number into `archive`, and then makes the links in `live`
/// anew, one after the other: the old one is removed, and the new one is made (certbot,
/// `certbot/src/certbot/_internal/storage.py`, `save_successor` and `update_all_links_to`).
pub fn certbot(
    directory: &Path,
    chain: &str,
    key: &str,
    between: &mut dyn FnMut(&str),
) -> io::Result<()> {
    let (live, archive) = (
        directory.join("live/service"),
        directory.join("archive/service"),
    );
    for place in ["live", "archive", "live/service", "archive/service"] {
        make(&directory.join(place))?;
    }
    let (leaf, others) = leaf_and_others(chain);
    let items = [
        ("cert", leaf),
        ("privkey", key),
        ("chain", others),
        ("fullchain", chain),
    ];

    let version = next_version(&archive)?;
    for (kind, text) in items {
        let mode = if kind == "privkey" { 0o600 } else { 0o644 };
        create(&archive.join(format!("{kind}{version}.pem")), text, mode)?;
    }
    between("archive written");
    for (kind, _) in items {
        let link = live.join(format!("{kind}.pem"));
        if fs::symlink_metadata(&link).is_ok() {
            fs::remove_file(&link)?;
            between(&format!("{kind}.pem removed"));
        }
        symlink(format!("../../archive/service/{kind}{version}.pem"), &link)?;
        between(&format!("{kind}.pem linked"));
    }
    Ok(())
}
// ANCHOR_END: certbot

/// One more than the highest number of any item.
fn next_version(archive: &Path) -> io::Result<u32> {
    let mut highest = 0;
    for entry in fs::read_dir(archive)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let digits = name
            .trim_end_matches(".pem")
            .trim_start_matches(char::is_alphabetic);
        highest = highest.max(digits.parse().unwrap_or(0));
    }
    Ok(highest + 1)
}

// ANCHOR: write_to_file
/// `writeToFile` in a template truncates and writes, or appends (hashicorp/consul-template,
/// `template/funcs.go`). The documented example for `pkiCert` writes the key, then the authority's certificate,
/// and appends the leaf. No server takes such a chain, so here the leaf comes first, as whoever has tried it
/// does it; and the key has the mode 0600, since with the example's 0400 only root can write it a second time.
pub fn write_to_file(
    directory: &Path,
    chain: &str,
    key: &str,
    between: &mut dyn FnMut(&str),
) -> io::Result<()> {
    let (leaf, others) = leaf_and_others(chain);
    let parts = [
        ("tls.key", key, 0o600, false),
        ("tls.crt", leaf, 0o644, false),
        ("tls.crt", others, 0o644, true),
    ];
    for (name, text, mode, append) in parts {
        let path = directory.join(name);
        let mut options = OpenOptions::new();
        options.create(true);
        let mut file = match append {
            true => options.append(true).mode(mode).open(&path)?,
            // Go's `os.Create`: a new file has what the umask leaves, until its mode is set below. So it is in
            // OpenBao's agent, and in consul-template before 0.42.1, which makes it with its mode.
            false => options.write(true).truncate(true).mode(0o666).open(&path)?,
        };
        if !append {
            between(&format!("{name} truncated"));
        }
        file.write_all(text.as_bytes())?;
        file.set_permissions(Permissions::from_mode(mode))?;
        let how = if append { "completed" } else { "written" };
        between(&format!("{name} {how}"));
    }
    Ok(())
}
// ANCHOR_END: write_to_file

/// The leaf ends where the second block begins.
fn leaf_and_others(chain: &str) -> (&str, &str) {
    let second = chain.match_indices("-----BEGIN").nth(1);
    chain.split_at(second.map_or(chain.len(), |(at, _)| at))
}

// ANCHOR: careless
/// `cat new.crt > tls.crt; cat new.key > tls.key`. The shell truncates, then `cat` writes: so small
/// a file at once. A new file gets the mode that the usual umask, 022, leaves.
pub fn careless(
    directory: &Path,
    chain: &str,
    key: &str,
    between: &mut dyn FnMut(&str),
) -> io::Result<()> {
    for (name, text) in [("tls.crt", chain), ("tls.key", key)] {
        let path = directory.join(name);
        let new = !path.exists();
        let mut file = fs::File::create(&path)?;
        if new {
            file.set_permissions(Permissions::from_mode(0o644))?;
        }
        between(&format!("{name} truncated"));
        file.write_all(text.as_bytes())?;
        between(&format!("{name} written"));
    }
    Ok(())
}
// ANCHOR_END: careless

/// Creates a file with this mode, whatever the umask says.
fn create(path: &PathBuf, text: &str, mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(Permissions::from_mode(mode))
}

/// Makes a directory in one that is there. A site that is gone is not made anew beside itself.
fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
