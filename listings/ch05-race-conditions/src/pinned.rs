//! One look at the files: through one handle, at files only, and never waiting.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ch02_hot_reload::file;
use ch02_hot_reload::identity::{Reason, Rejected, reject};
use lab::agent::Files;
use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};

use crate::access::Access;
use crate::pem;

/// What one look saw. No `Debug`: a private key is in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen {
    /// The file of the chain.
    pub certificate: Found,
    /// The file of the key.
    pub key: Found,
    /// The file of the trust anchors, or what is wrong with it: a leaf can do without.
    pub roots: Result<Found, Rejected>,
    /// The same of the anchors by which peers are judged, where those have a file of their own.
    pub peer_roots: Option<Result<Found, Rejected>>,
}

/// One file that was read. No `Debug`: a private key may be in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// What it held, byte for byte.
    pub bytes: Vec<u8>,
    /// Who may do what with it.
    pub access: Access,
}

/// Looks once.
///
/// # Errors
/// When the chain's file or the key's is missing, cannot be read, is no file, or is too large.
pub fn look(
    files: &Files,
    peer_roots: Option<&Path>,
    between: &mut dyn FnMut(&str),
) -> Result<Seen, Rejected> {
    let mut directories = Directories::default();
    let certificate = directories.read(&files.certificate, between)?;
    // One file for both is read once, so that its two halves are of one generation.
    let key = if files.key == files.certificate {
        certificate.clone()
    } else {
        let key = directories.read(&files.key, between);
        key.map_err(|rejected| Rejected {
            leaf: pem::leaf(&certificate.bytes),
            ..rejected
        })?
    };
    let roots = directories.read(&files.roots, between);
    let peer_roots = peer_roots.map(|path| directories.read(path, between));
    Ok(Seen {
        certificate,
        key,
        roots,
        peer_roots,
    })
}

/// How a directory is opened. To list it is more than is needed, and more than may be allowed: a group may
/// pass through Debian's `/etc/ssl/private` (mode 0710), and not list it.
#[cfg(target_os = "linux")]
const THROUGH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const THROUGH: OFlags = OFlags::RDONLY;

// ANCHOR: pinned
/// The directories of this look, each opened once. Whatever is renamed over a path meanwhile, all
/// files are read from the directories that the paths meant when the look began.
#[derive(Default)]
struct Directories(Vec<Pinned>);

struct Pinned {
    path: PathBuf,
    directory: OwnedFd,
    /// What the link `..data` pointed at: the generation, in the kubelet's layout.
    data: Option<OwnedFd>,
}

impl Directories {
    fn pin(&mut self, path: &Path, between: &mut dyn FnMut(&str)) -> io::Result<&Pinned> {
        if let Some(at) = self.0.iter().position(|pinned| pinned.path == path) {
            return Ok(&self.0[at]);
        }
        let flags = THROUGH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, path, flags, Mode::empty())?;
        between("directory opened");
        let data = openat(&directory, "..data", flags, Mode::empty()).ok();
        between("generation pinned");
        self.0.push(Pinned {
            path: path.to_owned(),
            directory,
            data,
        });
        Ok(&self.0[self.0.len() - 1])
    }
}
// ANCHOR_END: pinned

// ANCHOR: open
impl Pinned {
    /// Opens a file of this directory. A link into `..data` is followed by hand, into the pinned
    /// generation; the kernel would follow it into the one that is current at that moment.
    fn open(&self, name: &OsStr) -> io::Result<OwnedFd> {
        // Not blocking: to open a FIFO would wait for its writer, forever.
        let flags = file::FLAGS;
        if let Some(data) = &self.data
            && let Ok(target) = readlinkat(&self.directory, name, Vec::new())
            && let Ok(within) =
                Path::new(OsStr::from_bytes(target.as_bytes())).strip_prefix("..data")
        {
            return Ok(openat(data, within, flags, Mode::empty())?);
        }
        Ok(openat(&self.directory, name, flags, Mode::empty())?)
    }
}
// ANCHOR_END: open

impl Directories {
    /// The bytes of a file, and who may do what with it.
    fn read(&mut self, path: &Path, between: &mut dyn FnMut(&str)) -> Result<Found, Rejected> {
        let no_file = || reject(Reason::NotRegular, path, &"it is not a regular file");
        let failed = |error: io::Error| file::failed(path, &error);
        let name = path.file_name().ok_or_else(no_file)?;
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = parent.unwrap_or(Path::new("."));
        let pinned = self.pin(directory, between).map_err(failed)?;
        let opened = File::from(pinned.open(name).map_err(failed)?);
        between("file opened");

        let (bytes, about) = file::whole(opened, path)?;
        between("file read");
        let access = Access::of(&about);
        Ok(Found { bytes, access })
    }
}
