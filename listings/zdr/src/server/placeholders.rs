//! The words of a server's description, and what stands for them in one run.

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

use lab::agent::Files;

use crate::server::spec::{Layout, Spec};

/// The words of a [`Spec`], such as `{port}`, and what replaces each of them.
#[derive(Clone, Debug)]
pub struct Placeholders(Vec<(&'static str, String)>);

impl Placeholders {
    /// For one run: its folder, the folder with the files to be served, the files that are rotated,
    /// and the port of the server behind a proxy.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn new(
        spec: &Spec,
        dir: &Path,
        www: &Path,
        files: &Files,
        origin: u16,
    ) -> io::Result<Self> {
        let path = |path: &Path| path.display().to_string();
        let mutual = spec.mutual.clone().filter(|_| spec.client_auth);
        Ok(Self(vec![
            // First: the others may stand in it.
            ("mutual", mutual.unwrap_or_default()),
            ("certificate", path(&files.certificate)),
            ("key", path(&files.key)),
            ("roots", path(&files.roots)),
            ("other_certificate", path(&other_files(spec, dir)[0])),
            ("other_key", path(&other_files(spec, dir)[1])),
            ("client_roots", path(&dir.join("client-roots.pem"))),
            ("port", free_port()?.to_string()),
            ("admin_port", free_port()?.to_string()),
            ("origin", origin.to_string()),
            ("www", path(www)),
            ("folder", path(files.certificate.parent().unwrap_or(dir))),
            ("dir", path(dir)),
            ("here", path(&spec.here)),
        ]))
    }

    /// `text` with its words replaced. Other braces are left alone: a configuration may have them.
    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, by)| {
            text.replace(&format!("{{{word}}}"), by)
        })
    }

    /// What replaces one word; nothing where there is no such word.
    pub(crate) fn get(&self, word: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| *name == word);
        found.map_or("", |(_, by)| by)
    }
}

/// The files of the other name, in a run's folder: certificate and key.
pub(crate) fn other_files(spec: &Spec, dir: &Path) -> [PathBuf; 2] {
    let names = match spec.layout {
        Layout::Pair => ["other.crt", "other.key"],
        Layout::Bundle => ["other.pem"; 2],
    };
    names.map(|name| dir.join(name))
}

/// A port below those that the system gives to clients: a client's own port could otherwise be the
/// one that a server comes back to.
fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 15_000;
    const MANY: u16 = 17_000;
    let start = (std::process::id().wrapping_mul(97) % u32::from(MANY)) as u16;
    for _ in 0..MANY {
        let offset = (start + NEXT.fetch_add(1, Ordering::Relaxed) % MANY) % MANY;
        let port = FIRST + offset;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        "no free port between 15000 and 32000",
    ))
}
